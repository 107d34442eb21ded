"""The search among edges finds what KLayout's checks of polygons find, at the same places."""

from __future__ import annotations

from random import Random

import klayout.db as kdb
import pytest

from macros.technology.rules import rule
from macros.verify.drc.deck import PROJECTION, Deck, violations_among_edges

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


def test_an_enclosure_is_searched_only_where_a_grown_shape_looks_out() -> None:
    """What `Deck.encloses` reports is what the check says of all shapes, and what lies outside."""
    random, name = Random(7), "via_4a"
    dirty = 0
    for _ in range(300):
        inner = rectangles(random, 4)
        outer = (rectangles(random, 5) + inner.sized(random.choice((50, 55, 60)))).merged()
        outer -= kdb.Region(kdb.Box(0, 0, 20, 20).moved(random.randrange(300), 150))
        layout = kdb.Layout()
        deck = Deck(layout, layout.create_cell("none"))
        deck.encloses(name, outer, inner)
        found = sorted(marker.box for marker in deck.markers)
        pairs = inner.enclosed_check(outer, rule(name))
        boxes = [item.bbox() for item in (*pairs.each(), *(inner - outer).each())]
        assert found == sorted((b.left, b.bottom, b.right, b.top) for b in boxes)
        dirty += bool(found)
    assert 50 < dirty < 300
