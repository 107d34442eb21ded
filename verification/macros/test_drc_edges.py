"""The search among edges finds what KLayout's checks of polygons find, at the same places."""

from __future__ import annotations

from random import Random

import klayout.db as kdb
import pytest

from macros.verify.drc.deck import PROJECTION, violations_among_edges

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
