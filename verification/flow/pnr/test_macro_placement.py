"""Packed macros: inside the core, apart from each other, pins towards the cells."""

from __future__ import annotations

import itertools

import pytest

from flow.pnr.geometry import ORIENTATIONS
from flow.pnr.lef import Master, Pin
from flow.pnr.macro_placement import arrange, pins_by_side

HALO = 10_000


def _macro(width: int, height: int, south: int = 0, west: int = 0) -> Master:
    pins = {}
    for k in range(south):
        rect = (5_000 + 1_000 * k, 0, 5_380 + 1_000 * k, 900)
        pins[f"s{k}"] = Pin(f"s{k}", shapes=[("met2", rect)])
    for k in range(west):
        rect = (0, 5_000 + 1_000 * k, 900, 5_380 + 1_000 * k)
        pins[f"w{k}"] = Pin(f"w{k}", shapes=[("met3", rect)])
    return Master(f"m{width}", "BLOCK", width, height, pins=pins)


CASES = [
    ([_macro(400_000, 300_000, 30, 10)], 8e10),
    ([_macro(100_000, 300_000, 8)] * 5, 8e10),
    ([_macro(200_000, 100_000, 16, 12), _macro(80_000, 150_000, 4)], 2e11),
    ([_macro(150_000, 150_000, 20)] * 16, 3e11),
]


@pytest.mark.parametrize(("macros", "cells"), CASES)
def test_macros_keep_apart_and_rows_have_room(macros, cells):
    found = arrange(macros, cells, 1.0, HALO)
    boxes = [
        (x, y, x + m.width, y + m.height) for m, (x, y, _) in zip(macros, found.places, strict=True)
    ]
    for x0, y0, x1, y1 in boxes:
        assert (x0 % 460, y0 % 2720) == (0, 0)
        assert x0 >= HALO
        assert y0 >= HALO - 2720
        assert x1 <= found.width - HALO + 460
        assert y1 <= found.height - HALO + 2720
    for a, b in itertools.combinations(boxes, 2):
        assert max(b[0] - a[2], a[0] - b[2], b[1] - a[3], a[1] - b[3]) >= 2 * HALO - 2720
    blocked = sum((x1 - x0 + 2 * HALO) * (y1 - y0 + 2 * HALO) for x0, y0, x1, y1 in boxes)
    assert found.width * found.height >= blocked + cells


def test_pins_face_the_cells():
    macros = [_macro(300_000, 200_000, 20)] * 2
    found = arrange(macros, 4e10, 2.0, HALO)
    for (_, y, orient), macro in zip(found.places, macros, strict=True):
        _, north, _, south = pins_by_side(macro, ORIENTATIONS.index(orient))
        at_bottom = y < found.height / 2
        assert (north, south) == ((20, 0) if at_bottom else (0, 20))


def test_a_channel_holds_a_track_for_every_pin():
    (place,) = arrange([_macro(300_000, 200_000, 10, 30)], 4e10, 1.0, HALO).places
    assert place[2] in ("FS", "S")
    (mirrored,) = arrange([_macro(300_000, 200_000, 0, 30)], 4e10, 1.0, HALO).places
    assert mirrored[2] in ("FN", "S")
    assert mirrored[0] >= HALO
