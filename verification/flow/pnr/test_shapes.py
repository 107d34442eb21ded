"""Notches of one net are closed by metal that is itself as wide as a wire."""

from __future__ import annotations

import klayout.db as kdb
import numpy as np
import pytest

from flow.pnr.route.shapes import _gaps
from flow.pnr.rules import MET1, WIDTH

LOWER = [0, MET1, 0, 0, 495, 230]
UPPER = [0, MET1, 370, 325, 690, 585]
"""Pads of one net that overlap by 125 nm in x and are 95 nm apart in y."""
RIGHT = [1, MET1, 495 + 140, 0, 1500, 185]
"""Another net, at the least distance from both pads."""


def gaps(*rects):
    metal = np.array(rects, np.int32)
    return _gaps(metal[metal[:, 0] == 0], metal).tolist()


def metal(*rects) -> kdb.Region:
    region = kdb.Region()
    for rect in rects:
        region.insert(kdb.Box(*rect[2:]))
    return region.merged()


def test_a_narrow_patch_meets_both_pads_on_the_width_of_a_wire():
    (patch,) = gaps(LOWER, UPPER)
    assert patch == [0, MET1, 495 - WIDTH[MET1], 230, 370 + WIDTH[MET1], 325]
    region = metal(LOWER, UPPER, patch)
    assert region.width_check(WIDTH[MET1]).is_empty()
    one_side = metal(LOWER, UPPER, [0, MET1, 370, 230, 510, 325])
    assert not one_side.width_check(WIDTH[MET1]).is_empty()


def test_it_does_not_come_too_close_to_another_net():
    (patch,) = gaps(LOWER, UPPER, RIGHT)
    assert patch[2:] == [370, 230, 495, 325]


@pytest.mark.parametrize("turned", [False, True])
def test_a_wide_patch_is_left_alone(turned):
    boxes = [[0, MET1, 0, 0, 495, 230], [0, MET1, 100, 325, 690, 585]]
    wanted = [100, 230, 495, 325]
    if turned:
        boxes = [[*b[:2], b[3], b[2], b[5], b[4]] for b in boxes]
        wanted = [230, 100, 325, 495]
    assert [patch[2:] for patch in gaps(*boxes)] == [wanted]
