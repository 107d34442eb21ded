"""Block and rim of a chip with a large block: what the deck finds on all of it, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import klayout.db as kdb
import pytest

from flow.signoff import drc_blocks
from flow.signoff.drc_blocks import INSIDE, check_with_blocks
from macros.technology import layers as L
from macros.technology.layers import Layer
from macros.verify.drc.check import run_deck, summary
from macros.verify.drc.emptied import TAPS_REACH

SIDE = 200_000
PLACE = kdb.Trans(1, False, 400_000, 30_000)  # turned by 90 degrees
Change = Callable[[kdb.Layout, kdb.Cell, kdb.Cell], None]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKEOUT_CACHE", str(tmp_path))


def draw(layout: kdb.Layout, cell: kdb.Cell, layer: Layer, *boxes: kdb.Box) -> None:
    for box in boxes:
        cell.shapes(layout.layer(*layer)).insert(box)


def combs() -> Iterator[kdb.Box]:
    return (kdb.Box(0, y, SIDE, y + 400) for y in range(0, SIDE, 1000))


def design() -> tuple[kdb.Layout, kdb.Cell, kdb.Cell]:
    """A block of wires in met1, met3 and met4, and a strap of the chip in met5 over it."""
    layout = kdb.Layout()
    top, block = layout.create_cell("top"), layout.create_cell("block")
    draw(layout, block, L.BOUNDARY, kdb.Box(0, 0, SIDE, SIDE))
    for layer in (L.MET1, L.MET3, L.MET4):
        draw(layout, block, layer, *combs())
    top.insert(kdb.CellInstArray(block.cell_index(), PLACE))
    draw(layout, top, L.MET5, kdb.Box(150_000, 100_000, 500_000, 103_000))
    return layout, top, block


def sliver_inside(layout: kdb.Layout, top: kdb.Cell, block: kdb.Cell) -> None:
    draw(layout, block, L.MET1, kdb.Box(90_000, 90_500, 90_100, 92_300))


def chip_wire_inside(layout: kdb.Layout, top: kdb.Cell, block: kdb.Cell) -> None:
    draw(layout, top, L.MET4, PLACE * kdb.Box(90_000, 90_500, 95_000, 90_900))


def chip_wire_deep_in_met1(layout: kdb.Layout, top: kdb.Cell, block: kdb.Cell) -> None:
    draw(layout, top, L.MET1, PLACE * kdb.Box(90_000, 90_500, 95_000, 90_900))


def chip_wire_at_the_rim(layout: kdb.Layout, top: kdb.Cell, block: kdb.Cell) -> None:
    draw(layout, top, L.MET1, PLACE * kdb.Box(SIDE + 60, 5_000, SIDE + 500, 9_000))


def naked_diffusion_at_the_rim(layout: kdb.Layout, top: kdb.Cell, block: kdb.Cell) -> None:
    draw(layout, block, L.DIFF, kdb.Box(2_000, 2_000, 3_000, 3_000))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (sliver_inside, "m1_1"),
        (chip_wire_inside, "m4_2"),
        (chip_wire_deep_in_met1, "m1_2"),
        (chip_wire_at_the_rim, "m1_2"),
        (naked_diffusion_at_the_rim, "lu_2"),
    ],
)
def test_a_fault_is_found_as_in_the_whole(change: Change, rule: str) -> None:
    layout, top, block = design()
    change(layout, top, block)
    whole = run_deck(layout, top).markers
    assert rule in summary(whole)
    found = check_with_blocks(layout, top)
    assert sorted(marker[:2] for marker in found.markers) == sorted({m[:2] for m in whole})
    assert found.blocks == ["block"]


def test_a_clean_block_is_clean_and_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_with_blocks(*design()[:2]).markers == []
    cells = []

    def spy(layout: kdb.Layout, cell: kdb.Cell, checked: Sequence[kdb.Cell] = ()) -> object:
        cells.append(cell.name)
        return run_deck(layout, cell, checked)

    monkeypatch.setattr(drc_blocks, "run_deck", spy)
    assert check_with_blocks(*design()[:2]).markers == []
    assert cells == ["top"]


def test_what_emptying_leaves_is_no_fault() -> None:
    """A wide wire drawn in three pieces; the one that is emptied leaves a sliver, under a strap."""
    layout, top, block = design()
    pieces = ((0, 90_000, 30_000, 90_100), (0, 90_100, 24_000, 91_000))
    pieces += ((24_000, 90_100, 60_000, 91_000),)
    draw(layout, block, L.MET2, *(kdb.Box(*piece) for piece in pieces))
    draw(layout, top, L.MET5, PLACE * kdb.Box(23_000, 0, 27_000, SIDE))
    assert run_deck(layout, top).markers == []
    assert check_with_blocks(layout, top).markers == []
    assert "m2_1" in summary(run_deck(layout, top).markers)  # the layout has lost the piece


def test_a_tap_in_the_rim_serves_the_chip_outside() -> None:
    layout, top, block = design()
    edge = SIDE - 14_200
    assert SIDE - INSIDE - TAPS_REACH < edge < SIDE - INSIDE
    draw(layout, block, L.TAP, kdb.Box(edge, 90_000, edge + 400, 90_400))
    draw(layout, top, L.DIFF, PLACE * kdb.Box(SIDE + 100, 90_000, SIDE + 600, 90_400))
    whole = summary(run_deck(layout, top).markers)
    assert "lu_2" not in whole
    assert "lu_2" not in summary(check_with_blocks(layout, top).markers)
