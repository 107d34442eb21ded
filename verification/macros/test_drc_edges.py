"""The search among edges finds what KLayout's checks of polygons find, at the same places."""

from __future__ import annotations

from random import Random

import klayout.db as kdb
import pytest

from macros.technology.rules import rule
from macros.verify.drc.deck import PROJECTION, Deck, Marker, meeting, violations_among_edges

VALUE, FIELD = 40, 300
CHECKS = {
    "width": ("width_check", 1, {}),
    "space": ("space_check", 1, {}),
    "apart": ("separation_check", 2, {}),
    "projected": ("separation_check", 2, {"metrics": PROJECTION}),
    "encloses": ("enclosed_check", 2, {}),
}


def rectangles(random: Random, count: int) -> kdb.Region:
    """Polygons of up to `count` overlapping rectangles, on a grid of a quarter of the value."""
    region = kdb.Region()
    for _ in range(count):
        x, y = (random.randrange(0, FIELD, 10) for _ in "xy")
        width, height = (random.choice((20, 30, 40, 50, 100, 150)) for _ in "xy")
        region.insert(kdb.Box(x, y, x + width, y + height))
    return region.merged()


@pytest.mark.parametrize("name", CHECKS)
def test_edges_and_polygons_give_the_same_violations(name: str) -> None:
    check, layers, how = CHECKS[name]
    random, clean, dirty = Random(name), 0, 0
    for number in range(1000):
        one, *other = (rectangles(random, random.randint(2, 6)) for _ in range(layers))
        if name == "encloses" and number % 2:
            other = [(other[0] + one.sized(random.choice((30, 40, 50)))).merged()]
        wanted = sorted(map(str, getattr(one, check)(*other, VALUE, **how).each()))
        found = sorted(map(str, violations_among_edges(check, VALUE, one, *other, **how).each()))
        assert found == wanted, f"{one}; {other}"
        clean, dirty = clean + (not found), dirty + bool(found)
    assert min(clean, dirty) > 50


def _markers(found: list[kdb.EdgePairs | kdb.Region | kdb.Edges]) -> set[Marker]:
    deck = _deck()
    for part in found:
        deck.report("any", part)
    return {marker._replace(rule="") for marker in deck.markers}


def _deck() -> Deck:
    layout = kdb.Layout()
    return Deck(layout, layout.create_cell("top"))


@pytest.mark.parametrize("name", ["encloses", "outside", "two sides"])
def test_polygons_that_are_passed_over_have_no_violation(name: str) -> None:
    """What each does without looking first for those that may be at fault."""
    random, clean, dirty = Random(name), 0, 0
    for _ in range(600):
        one, other = (rectangles(random, random.randint(2, 6)) for _ in range(2))
        if random.random() < 0.5:
            other = (other + one.sized(random.choice((20, 30, 60)))).merged()
        deck = _deck()
        if name == "encloses":
            deck.encloses("m1_4", other, one)
            wanted = [one.enclosed_check(other, rule("m1_4")), one - other]
        elif name == "outside":
            other = other.moved(random.choice((0, FIELD)), 0)
            deck.outside("poly_5", one, other)
            wanted = [one.separation_check(other, rule("poly_5")), one & other]
        else:
            deck.encloses_two_sides("m1_5", other, one)
            sides = one.edges().enclosed_check(other.edges(), rule("m1_5"), metrics=PROJECTION)
            wanted = [one.interacting(meeting(sides.first_edges()).polygons(1))]
        found = {marker._replace(rule="") for marker in deck.markers}
        assert found == _markers(wanted), f"{one}; {other}"
        clean, dirty = clean + (not found), dirty + bool(found)
    assert min(clean, dirty) > 50
