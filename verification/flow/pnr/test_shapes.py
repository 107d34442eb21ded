"""Notches of one net are closed by metal that is itself as wide as a wire."""

from __future__ import annotations

import klayout.db as kdb
import numpy as np
import pytest

from flow.pnr.route.shapes import _clear, _gaps, _mended
from flow.pnr.rules import MET1, WIDTH
from macros.technology.rules import GRID

LOWER = [0, MET1, 0, 0, 495, 230]
UPPER = [0, MET1, 370, 325, 690, 585]
"""Pads of one net that overlap by 125 nm in x and are 95 nm apart in y."""
RIGHT = [1, MET1, 495 + 140, 0, 1500, 185]
"""Another net, at the least distance from both pads."""


def turned(rect):
    net, layer, x0, y0, x1, y1 = rect
    return [net, layer, y0, x0, y1, x1]


def closed(*rects):
    """What closes the gaps of net 0: what lies in them, and what widens that."""
    metal = np.array(rects, np.int32)
    own = metal[metal[:, 0] == 0]
    patches = _gaps(own, own[:0])
    _, wider = _mended(metal, patches)
    return patches.tolist(), wider[_clear(wider, metal.astype(np.int64))].tolist()


def too_narrow(*rects) -> int:
    region = kdb.Region()
    for rect in rects:
        region.insert(kdb.Box(*rect[2:]))
    return region.merged().width_check(WIDTH[MET1]).count()


@pytest.mark.parametrize("turn", [list, turned])
def test_a_neck_between_pads_becomes_as_wide_as_a_wire(turn):
    pads = turn(LOWER), turn(UPPER)
    patches, wider = closed(*pads)
    assert patches == [turn([0, MET1, 370, 230, 495, 325])]
    assert too_narrow(*pads, *patches)
    assert not too_narrow(*pads, *patches, *wider)
    assert not (np.array(wider)[:, 2:] % GRID).any()


def test_it_does_not_come_too_close_to_another_net():
    patches, wider = closed(LOWER, UPPER, RIGHT)
    assert len(patches) == 1
    assert wider == []


@pytest.mark.parametrize("turn", [list, turned])
def test_a_wide_patch_is_left_alone(turn):
    patches, wider = closed(turn(LOWER), turn([0, MET1, 100, 325, 690, 585]))
    assert patches == [turn([0, MET1, 100, 230, 495, 325])]
    assert wider == []
