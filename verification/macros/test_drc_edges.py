"""Measuring between edges finds a violation where measuring between polygons does; elsewhere only
where another rule is broken as well."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import klayout.db as kdb
import pytest

from macros.technology.rules import rule

VALUE, FIELD = 40, 300
Check = Callable[[kdb.Region, kdb.Region], bool]

CHECKS: dict[str, tuple[Check, Check, Check]] = {
    # holds between polygons; holds between edges; another rule is broken
    "width": (
        lambda a, _: a.width_check(VALUE).is_empty(),
        lambda a, _: a.edges().width_check(VALUE).is_empty(),
        lambda a, _: not a.space_check(VALUE).is_empty(),
    ),
    "space": (
        lambda a, _: a.space_check(VALUE).is_empty(),
        lambda a, _: a.edges().space_check(VALUE).is_empty(),
        lambda *_: False,
    ),
    "apart": (
        lambda a, b: a.separation_check(b, VALUE).is_empty(),
        lambda a, b: a.edges().separation_check(b.edges(), VALUE).is_empty(),
        lambda a, b: not a.interacting(b).is_empty(),
    ),
    "encloses": (
        lambda a, b: a.enclosed_check(b, VALUE).is_empty(),
        lambda a, b: a.edges().enclosed_check(b.edges(), VALUE).is_empty(),
        lambda a, b: not (a - b).is_empty(),
    ),
}


def rectangles(random: Random, count: int) -> kdb.Region:
    """Up to `count` polygons of overlapping rectangles, on a grid of a quarter of the value."""
    region = kdb.Region()
    for _ in range(count):
        x, y = (random.randrange(0, FIELD, 10) for _ in "xy")
        width, height = (random.randrange(20, 160, 10) for _ in "xy")
        region.insert(kdb.Box(x, y, x + width, y + height))
    return region.merged()


@pytest.mark.parametrize("name", CHECKS)
def test_edges_and_polygons_give_the_same_verdict(name: str) -> None:
    between_polygons, between_edges, otherwise_broken = CHECKS[name]
    random, clean = Random(name), 0
    for number in range(2000):
        one = rectangles(random, random.randint(1, 4))
        other = rectangles(random, random.randint(1, 4))
        if name == "encloses" and number % 2:
            other = (other + one.sized(random.choice((30, 40, 50)))).merged()
        wanted, found = between_polygons(one, other), between_edges(one, other)
        assert found == wanted or (wanted and otherwise_broken(one, other)), f"{one}; {other}"
        clean += found
    assert 100 < clean < 1900


@pytest.mark.parametrize(
    ("width", "space"),
    [
        *(("nwell_1", "nwell_2a"), ("hvtp_1", "hvtp_2"), ("difftap_1", "difftap_3")),
        *(("poly_1a", "poly_2"), ("sd_1", "sd_2"), ("npc_1", "npc_2"), ("li_1", "li_3")),
        *((f"m{k}_1", f"m{k}_2") for k in range(1, 6)),
    ],
)
def test_what_is_too_near_for_a_width_is_too_near_for_a_space(width: str, space: str) -> None:
    assert rule(width) <= rule(space)
