"""Packed macros: inside the core, apart from each other, pins towards the cells."""

from __future__ import annotations

import itertools

import pytest

from flow.pnr.geometry import ORIENTATIONS, placed
from flow.pnr.lef import Master, Pin
from flow.pnr.macro_placement import arrange, on_grid, pins_by_side

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


def _memory(pins: list[tuple[str, int, int]]) -> Master:
    """A macro of 634.80 x 285.60 um with pins of 330 nm centred at the places (layer, x, y)."""
    shapes = {
        f"p{k}": Pin(f"p{k}", shapes=[(layer, (x - 165, y - 165, x + 165, y + 165))])
        for k, (layer, x, y) in enumerate(pins)
    }
    return Master("memory", "BLOCK", 634_800, 285_600, pins=shapes)


@pytest.mark.parametrize("orient", range(4))
def test_pins_made_for_the_grid_meet_it_however_the_macro_is_turned(orient):
    pins = [("met4", 71_990 + 920 * k, 600) for k in range(9)]
    pins += [("met3", 600, 25_670 + 680 * k) for k in range(5)]
    macro = _memory(pins)
    x, y = on_grid(macro, orient, 5_520, 5_440)
    assert 0 <= x - 5_520 < 920
    assert 0 <= y - 5_440 < 680
    for pin in macro.signal_pins:
        (layer, rect) = pin.shapes[0]
        x0, y0, x1, y1 = placed(rect, orient, macro.width, macro.height, x, y)
        if layer == "met4":
            assert ((x0 + x1) // 2 - 230) % 920 == 0
        else:
            assert ((y0 + y1) // 2 - 510) % 680 == 0


def test_the_many_pins_win_where_not_all_can_be_on_the_grid():
    macro = _memory([("met4", 10_000, 600), *(("met4", 20_010 + 920 * k, 600) for k in range(3))])
    x, _ = on_grid(macro, 0, 0, 0)
    assert (20_010 + x - 230) % 920 == 0


def test_a_macro_without_pins_on_a_layer_stays():
    assert on_grid(_memory([]), 0, 460, 2_720) == (460, 2_720)
