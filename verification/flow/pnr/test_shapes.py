"""Notches of one net are closed by metal that is itself as wide as a wire."""

from __future__ import annotations

import numpy as np
import pytest

from flow.pnr.route.shapes import _gaps
from flow.pnr.rules import MET1, SPACING, WIDTH

LOWER = [0, MET1, 0, 0, 495, 230]
UPPER = [0, MET1, 370, 325, 690, 585]
"""Pads of one net that overlap by 125 nm in x and are 95 nm apart in y."""
RIGHT = [1, MET1, 495 + 140, 0, 1500, 185]
"""Another net, at the least distance from the lower pad and from the upper one."""


def gaps(*rects):
    metal = np.array(rects, np.int32)
    return _gaps(metal[metal[:, 0] == 0], metal).tolist()


def distance(a, b) -> float:
    gap = [max(a[k + 2] - b[k + 4], b[k + 2] - a[k + 4], 0) for k in (0, 1)]
    return float(np.hypot(*gap))


def test_a_narrow_patch_becomes_as_wide_as_a_wire():
    assert gaps(LOWER, UPPER) == [[0, MET1, 370, 230, 370 + WIDTH[MET1], 325]]


def test_it_grows_away_from_another_net():
    (patch,) = gaps(LOWER, UPPER, RIGHT)
    assert patch[4] - patch[2] == WIDTH[MET1]
    assert patch[4] == 495
    assert distance(patch, RIGHT) >= SPACING[MET1]


def test_between_two_nets_it_stays_as_it_is():
    left = [2, MET1, -1000, 250, 370 - 140, 300]
    (patch,) = gaps(LOWER, UPPER, RIGHT, left)
    assert patch[2:] == [370, 230, 495, 325]


@pytest.mark.parametrize("turned", [False, True])
def test_a_wide_patch_is_left_alone(turned):
    boxes = [[0, MET1, 0, 0, 495, 230], [0, MET1, 100, 325, 690, 585]]
    wanted = [100, 230, 495, 325]
    if turned:
        boxes = [[*b[:2], b[3], b[2], b[5], b[4]] for b in boxes]
        wanted = [230, 100, 325, 495]
    assert [patch[2:] for patch in gaps(*boxes)] == [wanted]
