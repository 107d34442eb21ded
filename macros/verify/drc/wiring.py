"""Rules of mcon, the vias and met1 to met5."""

from __future__ import annotations

from typing import NamedTuple

import klayout.db as kdb

from macros.technology import layers
from macros.technology.layers import Layer
from macros.technology.rules import GRID, rule
from macros.verify.drc.deck import Deck

__all__ = ["check_cuts", "check_enclosed_cuts", "check_metals"]


class Cut(NamedTuple):
    """A via layer: its rules of size and spacing, then for the metal below and above their layer
    and rules of enclosure, on all sides and on one of two adjacent sides."""

    cut: Layer
    size: str
    spacing: str
    below: Layer
    below_all: str | None
    below_two: str | None
    above: Layer
    above_all: str
    above_two: str | None


CUTS = (
    Cut(layers.MCON, "ct_1", "ct_2", layers.LI1, None, None, layers.MET1, "m1_4", "m1_5"),
    Cut(
        *(layers.VIA, "via_1a", "via_2"),
        *(layers.MET1, "via_4a", "via_5a"),
        *(layers.MET2, "m2_4", "m2_5"),
    ),
    Cut(
        *(layers.VIA2, "via2_1a", "via2_2"),
        *(layers.MET2, "via2_4", "via2_5"),
        *(layers.MET3, "m3_4", None),
    ),
    Cut(
        *(layers.VIA3, "via3_1", "via3_2"),
        *(layers.MET3, "via3_4", "via3_5"),
        *(layers.MET4, "m4_3", None),
    ),
    Cut(
        *(layers.VIA4, "via4_1", "via4_2"),
        *(layers.MET4, "via4_4", None),
        *(layers.MET5, "m5_3", None),
    ),
)

METALS = (
    # metal; rules of width, spacing, area, area of holes, spacing to wide metal
    (layers.MET1, "m1_1", "m1_2", "m1_6", "m1_7", "m1_3"),
    (layers.MET2, "m2_1", "m2_2", "m2_6", "m2_7", "m2_3"),
    (layers.MET3, "m3_1", "m3_2", "m3_6", "m3_7", "m3_3"),
    (layers.MET4, "m4_1", "m4_2", "m4_4a", "m4_7", "m4_5"),
    (layers.MET5, "m5_1", "m5_2", "m5_4", "m5_7", None),
)


def check_cuts(deck: Deck) -> None:
    """Cuts are squares of one size, apart."""
    for rules in CUTS:
        cuts = deck.read(rules.cut)
        deck.exact_square(rules.size, cuts)
        deck.space(rules.spacing, cuts)


def check_enclosed_cuts(deck: Deck) -> None:
    """The metal below and above encloses the cuts."""
    for rules in CUTS:
        cuts = deck.open_cuts(rules.cut)
        below, above = deck.read(rules.below), deck.read(rules.above)
        if rules.below_all:
            deck.encloses(rules.below_all, below, cuts)
        else:
            deck.report("ct_4", cuts - below)
        deck.encloses(rules.above_all, above, cuts)
        for name, metal in ((rules.below_two, below), (rules.above_two, above)):
            if name:
                deck.encloses_two_sides(name, metal, cuts)


def check_metals(deck: Deck) -> None:
    """Width, spacing with notches, area, holes, and the wider spacing of wide metal."""
    for layer, width, spacing, area, hole, wide in METALS:
        metal = deck.read(layer)
        deck.width(width, metal)
        deck.space(spacing, metal)
        deck.area(area, metal)
        deck.holes(hole, metal)
        if wide:
            _check_wide(deck, wide, metal)


def _check_wide(deck: Deck, name: str, metal: kdb.Region) -> None:
    """Metal wider than 3 um keeps more distance; a narrow branch of it does so where it leaves."""
    half = rule("wide_metal") // 2
    huge = metal.sized(-half).sized(half).snapped(GRID, GRID) & metal
    if huge.is_empty():
        deck.checked.add(name)
        return
    narrow = metal.edges() - huge
    border = huge.edges().outside_part(metal)
    deck.report(name, border.separation_check(narrow, rule(name)))
    deck.report(name, border.space_check(rule(name)))
