"""The inside of a regular array: the markers are those of the whole layout, whatever is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import klayout.db as kdb
import pytest

from macros.technology import layers as L
from macros.technology.layers import Layer
from macros.verify.drc import check
from macros.verify.drc.arrays import Hole, find_hole
from macros.verify.drc.check import CHAPTERS, run_deck
from macros.verify.drc.deck import Deck

COUNT, PITCH = 36, 3_000
MIDDLE = COUNT * PITCH // 2
Change = Callable[[kdb.Layout, kdb.Cell, kdb.Cell], None]


def draw(layout: kdb.Layout, cell: kdb.Cell, layer: Layer, *box: int) -> None:
    cell.shapes(layout.layer(*layer)).insert(kdb.Box(*box))


def array() -> tuple[kdb.Layout, kdb.Cell, kdb.Cell]:
    """Cells of a contacted wire, each second one mirrored, under straps of met4."""
    layout = kdb.Layout()
    top, cell = layout.create_cell("top"), layout.create_cell("cell")
    for layer, rim in ((L.MCON, 0), (L.LI1, 100), (L.MET1, 300)):
        draw(layout, cell, layer, 500 - rim, 500 - rim, 670 + rim, 670 + rim)
    for i in range(COUNT):
        for j in range(COUNT):
            place = kdb.Trans(0, j % 2 == 1, i * PITCH, j * PITCH + (j % 2) * 1_170)
            top.insert(kdb.CellInstArray(cell.cell_index(), place))
    for x in range(0, COUNT * PITCH, 7_777):
        draw(layout, top, L.MET4, x // 5 * 5, 0, x // 5 * 5 + 1_000, COUNT * PITCH)
    return layout, top, cell


def nothing(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> None:
    pass


def strap_too_thin(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> None:
    draw(layout, top, L.MET4, 3_000, MIDDLE, 3_100, MIDDLE + 20_000)


def one_wire_too_thin(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> None:
    draw(layout, top, L.MET1, MIDDLE + 1_500, MIDDLE, MIDDLE + 1_600, MIDDLE + 2_000)


def wire_at_the_rim(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> None:
    draw(layout, top, L.MET1, 1_500, 0, 1_600, 2_000)


def off_grid(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> None:
    draw(layout, top, L.MET1, MIDDLE + 1_501, MIDDLE, MIDDLE + 1_900, MIDDLE + 2_000)


def cell_too_thin(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> None:
    draw(layout, cell, L.LI1, 1_500, 0, 1_600, 500)


def cut_not_enclosed(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> None:
    draw(layout, cell, L.MCON, 1_500, 0, 1_670, 170)


def bare_pin(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> None:
    draw(layout, top, L.MET1_PIN, MIDDLE + 1_500, MIDDLE, MIDDLE + 1_700, MIDDLE + 200)


def one_cell_away(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> None:
    found = next(i for i in top.each_inst() if i.trans.disp.x == i.trans.disp.y == MIDDLE)
    found.trans = kdb.Trans(MIDDLE + 400, MIDDLE)


def diffusion_without_a_tap(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> None:
    draw(layout, cell, L.DIFF, 1_500, 600, 2_000, 900)
    draw(layout, cell, L.NSDM, 1_300, 400, 2_200, 1_100)


def one_diffusion_without_a_tap(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> None:
    draw(layout, top, L.DIFF, MIDDLE + 1_500, MIDDLE + 600, MIDDLE + 2_000, MIDDLE + 900)
    draw(layout, top, L.NSDM, MIDDLE + 1_300, MIDDLE + 400, MIDDLE + 2_200, MIDDLE + 1_100)


def looser_rules_in_one_half(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> None:
    draw(layout, top, L.AREAID_STANDARD_CELL, 0, 0, MIDDLE, COUNT * PITCH)


def once_more_in_another_cell(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> None:
    other = layout.create_cell("other")
    other.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans()))
    draw(layout, other, L.MET4, 0, 0, 1_000, 1_000)
    top.insert(kdb.CellInstArray(other.cell_index(), kdb.Trans(MIDDLE + 500, MIDDLE)))


HARMLESS = (nothing, one_cell_away, looser_rules_in_one_half)


@pytest.mark.parametrize(
    ("change", "whole"),
    [
        (nothing, False),
        (strap_too_thin, False),
        (wire_at_the_rim, False),
        (one_wire_too_thin, False),
        (off_grid, False),
        (cell_too_thin, True),
        (cut_not_enclosed, True),
        (bare_pin, True),
        (one_cell_away, True),
        (looser_rules_in_one_half, True),
        (once_more_in_another_cell, True),
        (diffusion_without_a_tap, True),
        (one_diffusion_without_a_tap, True),
    ],
)
def test_the_markers_are_those_of_the_whole(
    change: Change, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, top, cell = array()
    change(layout, top, cell)
    holes: list[Hole | None] = []

    def spy(*arguments: Any) -> Hole | None:
        holes.append(find_hole(*arguments))
        return holes[-1]

    monkeypatch.setattr(check, "find_hole", spy)
    found = run_deck(layout, top).markers
    plain = Deck(layout, top)
    for chapter in CHAPTERS:
        chapter(plain)
    assert set(found) == set(plain.markers)
    assert bool(found) == (change not in HARMLESS)
    assert [hole is None for hole in holes] == [whole]


def test_a_checked_layer_is_read_at_the_rim_only() -> None:
    layout, top, _ = array()
    hole = find_hole(layout, top, {0: []}, lambda *_: [])
    assert hole is None  # no array
    deck = run_deck(layout, top)
    assert deck.read(L.MCON).count() < COUNT * COUNT
    assert deck.read(L.MET4).count() == len(range(0, COUNT * PITCH, 7_777))
