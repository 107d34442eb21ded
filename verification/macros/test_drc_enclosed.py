"""Cuts that their own cell encloses are passed over, and nothing else is."""

from __future__ import annotations

import random

import klayout.db as kdb
import pytest

from macros.technology import layers
from macros.technology.layers import Layer
from macros.verify.drc.check import ENCLOSURE, run_deck
from macros.verify.drc.deck import Deck

CUT = 170  # mcon
PLACES = 6


def _random_layout(seed: int) -> tuple[kdb.Layout, kdb.Cell]:
    """Small cells of cuts with metal around some, placed at random, with more metal over them."""
    layout, chance = kdb.Layout(), random.Random(seed)
    top = layout.create_cell("top")

    def draw(cell: kdb.Cell, layer: Layer, left: int, low: int, right: int, high: int) -> None:
        cell.shapes(layout.layer(*layer)).insert(kdb.Box(left, low, right, high))

    for number in range(3):
        cell = layout.create_cell(f"small{number}")
        for _ in range(4):
            x, y = (chance.randrange(0, 4000, 5) for _ in "xy")
            draw(cell, layers.MCON, x, y, x + CUT, y + CUT)
            for metal in (layers.LI1, layers.MET1):
                left, low, right, high = (chance.choice([-5, 0, 25, 30, 60, 300]) for _ in range(4))
                draw(cell, metal, x - left, y - low, x + CUT + right, y + CUT + high)
        for _ in range(PLACES):
            turn = kdb.Trans(chance.randrange(4), chance.random() < 0.5)
            where = kdb.Vector(*(chance.randrange(0, 30_000, 5) for _ in "xy"))
            top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(where) * turn))
    for _ in range(20):
        x, y = (chance.randrange(0, 30_000, 5) for _ in "xy")
        draw(top, chance.choice([layers.LI1, layers.MET1]), x, y, x + 2000, y + 2000)
        draw(top, layers.MCON, x, y + 40, x + CUT, y + 40 + CUT)
    return layout, top


@pytest.mark.parametrize("seed", range(25))
def test_the_markers_are_those_of_all_cuts(seed: int) -> None:
    layout, top = _random_layout(seed)
    whole = Deck(layout, top)
    for chapter in ENCLOSURE:
        chapter(whole)
    found = {marker for marker in run_deck(layout, top).markers if marker.rule in whole.checked}
    assert found == set(whole.markers)
    assert len(found) > 10


def test_an_enclosed_cut_is_passed_over_and_one_at_a_fault_is_not() -> None:
    layout = kdb.Layout()
    top, good, bad = (layout.create_cell(name) for name in ("top", "good", "bad"))
    for cell, rim in ((good, 60), (bad, 25)):
        for layer, margin in ((layers.MCON, 0), (layers.LI1, 0), (layers.MET1, rim)):
            box = kdb.Box(0, 0, CUT, CUT).enlarged(margin)
            cell.shapes(layout.layer(*layer)).insert(box)
    for k in range(PLACES):
        top.insert(kdb.CellInstArray(good.cell_index(), kdb.Trans(5000 * k, 0)))
        top.insert(kdb.CellInstArray(bad.cell_index(), kdb.Trans(5000 * k, 5000)))
    deck = run_deck(layout, top)
    assert deck.open_cuts(layers.MCON).count() == PLACES
    assert sum(marker.rule == "m1_4" for marker in deck.markers) >= PLACES
