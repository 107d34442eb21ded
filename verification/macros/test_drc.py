"""Every rule of the deck on two tiny layouts: one at the rule's value, one 5 nm short of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import klayout.db as kdb
import klayout.rdb as rdb
import pytest

from macros.technology import layers as L
from macros.technology.layers import Layer
from macros.technology.rules import GRID, RULES, rule
from macros.verify.drc import check_gds, summary
from macros.verify.drc.check import run_deck
from macros.verify.drc.deck import Deck
from macros.verify.drc.findings import write_json, write_lyrdb

Box = tuple[int, int, int, int]
Shape = tuple[Layer, Box]
Case = Callable[[int], list[Shape]]


def bar(layer: Layer) -> Case:
    """A long bar `v` wide."""
    return lambda v: [(layer, (0, 0, v, 40_000))]


def pair(one: Layer, other: Layer | None = None, size: int = 4000) -> Case:
    """Two squares `v` apart."""
    return lambda v: [
        (one, (0, 0, size, size)),
        (other or one, (size + v, 0, 2 * size + v, size)),
    ]


def within(outer: Layer, inner: Layer, side: int, *more: Shape) -> Case:
    """A square enclosed by `v` on its left and generously elsewhere."""
    return lambda v: [
        (inner, (0, 0, side, side)),
        (outer, (-v, -1000, side + 1000, side + 1000)),
        *more,
    ]


def corner(outer: Layer, inner: Layer, side: int, tight: int, *more: Shape) -> Case:
    """A cut `tight` from the lower edge of its surrounding and `v` from the left one."""
    return lambda v: [
        (inner, (0, 0, side, side)),
        (outer, (-v, -tight, side + 1000, side + 1000)),
        *more,
    ]


def cut(layer: Layer) -> Case:
    return lambda v: [(layer, (0, 0, v, v))]


def plate(layer: Layer, width: int) -> Case:
    """A bar of area about `v` nm2, on the grid."""
    return lambda v: [(layer, (0, 0, width, -(-v // width)))]


def frame(layer: Layer, width: int, rim: int) -> Case:
    """A frame around a hole of area about `v` nm2."""

    def draw(v: int) -> list[Shape]:
        x, y = width, v // width
        return [
            (layer, (-rim, -rim, 0, y + rim)),
            (layer, (x, -rim, x + rim, y + rim)),
            (layer, (-rim, -rim, x + rim, 0)),
            (layer, (-rim, y, x + rim, y + rim)),
        ]

    return draw


def wide(layer: Layer) -> Case:
    """Metal wider than 3 um next to a thin wire."""
    return lambda v: [(layer, (0, 0, 4000, 4000)), (layer, (4000 + v, 0, 4800 + v, 4000))]


def transistor(ends: int = 300, beyond: int = 200, channel: int = 500) -> list[Shape]:
    """Poly over diffusion: `ends` of diffusion beyond it, poly `beyond`, channel width."""
    return [
        (L.DIFF, (-ends, 0, 150 + ends, channel)),
        (L.POLY, (0, -beyond, 150, channel + beyond)),
    ]


WELL: Shape = (L.NWELL, (-5000, -5000, 9000, 9000))
IN_CELL: Shape = (L.AREAID_STANDARD_CELL, (-5000, -5000, 9000, 9000))
LICON: Shape = (L.LICON, (0, 0, 170, 170))

CASES: dict[str, Case] = {
    "nwell_1": bar(L.NWELL),
    "nwell_2a": pair(L.NWELL),
    "difftap_1": bar(L.DIFF),
    "difftap_2": lambda v: transistor(channel=v),
    "difftap_2_sc": lambda v: [*transistor(channel=v), IN_CELL],
    "difftap_3": pair(L.DIFF, L.TAP),
    "difftap_4": lambda v: [(L.DIFF, (0, 0, 1000, 1000)), (L.TAP, (1000, 0, 2000, v))],
    "difftap_8": within(L.NWELL, L.DIFF, 500),
    "difftap_9": pair(L.DIFF, L.NWELL),
    "difftap_10": within(L.NWELL, L.TAP, 500),
    "difftap_11": pair(L.TAP, L.NWELL),
    "hvtp_1": bar(L.HVTP),
    "hvtp_2": pair(L.HVTP),
    "hvtp_3": lambda v: [*transistor(), WELL, (L.HVTP, (-v, -1000, 2000, 2000))],
    "hvtp_4": lambda v: [*transistor(), WELL, (L.HVTP, (150 + v, -1000, 2000, 2000))],
    "hvtp_5": plate(L.HVTP, 500),
    "hvtp_6": frame(L.HVTP, 500, 400),
    "poly_1a": bar(L.POLY),
    "poly_2": pair(L.POLY),
    "poly_4": pair(L.POLY, L.DIFF),
    "poly_5": pair(L.POLY, L.TAP),
    "poly_6": lambda v: [*transistor(ends=v), (L.TAP, (150 + v, 0, 1150 + v, 500))],
    "poly_7": lambda v: transistor(ends=v),
    "poly_8": lambda v: transistor(beyond=v),
    "sd_1": bar(L.NSDM),
    "sd_2": pair(L.PSDM),
    "sd_5": within(L.NSDM, L.DIFF, 500),
    "sd_7": pair(L.PSDM, L.DIFF),
    "nsd_10a": plate(L.NSDM, 500),
    "psd_10b": plate(L.PSDM, 500),
    "sd_11": frame(L.NSDM, 500, 400),
    "npc_1": bar(L.NPC),
    "npc_2": pair(L.NPC),
    "npc_4": lambda v: [*transistor(), (L.NPC, (150 + v, 0, 1000, 500))],
    "licon_1": cut(L.LICON),
    "licon_2": pair(L.LICON, size=170),
    "licon_5a": within(L.DIFF, L.LICON, 170),
    "licon_5c": corner(L.DIFF, L.LICON, 170, 40),
    "licon_7": corner(L.TAP, L.LICON, 170, 40),
    "licon_8": within(L.POLY, L.LICON, 170),
    "licon_8a": corner(L.POLY, L.LICON, 170, 50),
    "licon_9": lambda v: [
        LICON,
        (L.POLY, (-100, -100, 270, 270)),
        (L.PSDM, (170 + v, 0, 2000, 900)),
    ],
    "licon_11": lambda v: [*transistor(600), (L.LICON, (150 + v, 100, 320 + v, 270))],
    "licon_11a": lambda v: [*transistor(600), (L.LICON, (150 + v, 100, 320 + v, 270)), IN_CELL],
    "licon_13": lambda v: [
        LICON,
        (L.DIFF, (-100, -100, 270, 270)),
        (L.NPC, (170 + v, 0, 900, 500)),
    ],
    "licon_14": lambda v: [LICON, (L.POLY, (-50, -80, 220, 250)), (L.DIFF, (170 + v, 0, 999, 500))],
    "licon_15": within(L.NPC, L.LICON, 170, (L.POLY, (-500, -500, 500, 500))),
    "li_1": bar(L.LI1),
    "li_3": pair(L.LI1),
    "li_5": corner(L.LI1, L.LICON, 170, 0),
    "li_6": plate(L.LI1, 170),
    "ct_1": cut(L.MCON),
    "ct_2": pair(L.MCON, size=170),
    "via_1a": cut(L.VIA),
    "via_2": pair(L.VIA, size=150),
    "via2_1a": cut(L.VIA2),
    "via2_2": pair(L.VIA2, size=200),
    "via3_1": cut(L.VIA3),
    "via3_2": pair(L.VIA3, size=200),
    "via4_1": cut(L.VIA4),
    "via4_2": pair(L.VIA4, size=800),
    "m1_4": within(L.MET1, L.MCON, 170),
    "m1_5": corner(L.MET1, L.MCON, 170, 30),
    "via_4a": within(L.MET1, L.VIA, 150),
    "via_5a": corner(L.MET1, L.VIA, 150, 55),
    "m2_4": within(L.MET2, L.VIA, 150),
    "m2_5": corner(L.MET2, L.VIA, 150, 55),
    "via2_4": within(L.MET2, L.VIA2, 200),
    "via2_5": corner(L.MET2, L.VIA2, 200, 40),
    "m3_4": within(L.MET3, L.VIA2, 200),
    "via3_4": within(L.MET3, L.VIA3, 200),
    "via3_5": corner(L.MET3, L.VIA3, 200, 60),
    "m4_3": within(L.MET4, L.VIA3, 200),
    "via4_4": within(L.MET4, L.VIA4, 800),
    "m5_3": within(L.MET5, L.VIA4, 800),
    "lu_2": lambda v: [
        (L.TAP, (0, 0, 500, 500)),
        (L.DIFF, (500 + v - 400, 0, 500 + v, 500)),
    ],
    "lu_3": lambda v: [
        (L.TAP, (0, 0, 500, 500)),
        (L.DIFF, (500 + v - 400, 0, 500 + v, 500)),
        (L.NWELL, (-1000, -1000, 30_000, 2000)),
    ],
} | {
    name: case
    for prefix, layer, area in (
        ("m1", L.MET1, "m1_6"),
        ("m2", L.MET2, "m2_6"),
        ("m3", L.MET3, "m3_6"),
        ("m4", L.MET4, "m4_4a"),
        ("m5", L.MET5, "m5_4"),
    )
    for name, case in {
        f"{prefix}_1": bar(layer),
        f"{prefix}_2": pair(layer, size=2000),
        area: plate(layer, 2000 if prefix == "m5" else 400),
        f"{prefix}_7": frame(layer, 400, 2000),
    }.items()
}
CASES |= {
    "m1_3": wide(L.MET1),
    "m2_3": wide(L.MET2),
    "m3_3": wide(L.MET3),
    "m4_5": wide(L.MET4),
}

UNMEASURED: dict[str, tuple[list[Shape], list[Shape]]] = {
    # rules without a value: a layout that keeps them, one that breaks them
    "nwell_4": ([WELL, (L.TAP, (0, 0, 500, 500)), LICON], [WELL, (L.TAP, (0, 0, 500, 500))]),
    "difftap_6": (
        [(L.DIFF, (0, 0, 500, 500)), (L.TAP, (500, 0, 900, 500))],
        [(L.DIFF, (0, 0, 500, 500)), (L.TAP, (495, 0, 900, 500))],
    ),
    "poly_11": (
        transistor(),
        [*transistor(), (L.POLY, (0, 100, 400, 250))],
    ),
    "sd_8": (
        [(L.DIFF, (0, 0, 500, 500)), (L.NSDM, (-125, -125, 625, 625))],
        [
            (L.DIFF, (0, 0, 500, 500)),
            (L.NSDM, (-125, -125, 625, 625)),
            (L.PSDM, (-125, -125, 625, 625)),
        ],
    ),
    "licon_4": (
        [LICON, (L.LI1, (0, -80, 170, 250)), (L.DIFF, (-60, -60, 230, 230))],
        [LICON, (L.LI1, (5, -80, 170, 250)), (L.DIFF, (-60, -60, 230, 230))],
    ),
    "licon_16": ([(L.TAP, (0, 0, 500, 500)), LICON], [(L.TAP, (0, 0, 500, 500))]),
    "licon_17": (
        [LICON, (L.POLY, (-60, -60, 170, 300)), (L.DIFF, (170, 0, 900, 500))],
        [LICON, (L.POLY, (-60, -60, 170, 300)), (L.DIFF, (165, 0, 900, 500))],
    ),
    "ct_4": (
        [(L.MCON, (0, 0, 170, 170)), (L.LI1, (0, 0, 170, 500))],
        [(L.MCON, (0, 0, 170, 170)), (L.LI1, (5, 0, 170, 500))],
    ),
    "x_1b": ([(L.MET1, (0, 0, 505, 500))], [(L.MET1, (0, 0, 503, 500))]),
    "x_pin": (
        [(L.MET1, (0, 0, 500, 500)), (L.MET1_PIN, (0, 0, 500, 500))],
        [(L.MET1, (0, 0, 500, 500)), (L.MET1_PIN, (0, 0, 505, 500))],
    ),
}


def deck_of(shapes: list[Shape]) -> Deck:
    layout = kdb.Layout()
    cell = layout.create_cell("case")
    for layer, box in shapes:
        cell.shapes(layout.layer(*layer)).insert(kdb.Box(*box))
    return run_deck(layout, cell)


def broken(shapes: list[Shape]) -> dict[str, int]:
    return summary(deck_of(shapes).markers)


def short_of(name: str) -> int:
    """A value just on the wrong side of the rule."""
    if name.startswith("lu_"):
        return rule(name) + GRID
    return rule(name) - (2000 * GRID if RULES[name].unit == "um2" else GRID)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_holds_at_its_value_and_breaks_below(name: str) -> None:
    assert name not in broken(CASES[name](rule(name)))
    assert name in broken(CASES[name](short_of(name)))


@pytest.mark.parametrize("name", UNMEASURED)
def test_a_rule_without_value_holds_and_breaks(name: str) -> None:
    good, bad = UNMEASURED[name]
    assert name not in broken(good)
    assert name in broken(bad)


@pytest.mark.parametrize(
    ("name", "layer", "good", "bad"),
    [
        ("x_2", L.POLY, [(0, 0), (0, 900), (900, 900), (900, 0)], [(0, 0), (0, 900), (900, 0)]),
        ("x_3a", L.MET1, [(0, 0), (0, 900), (900, 0)], [(0, 0), (0, 900), (500, 0)]),
    ],
)
def test_angles(
    name: str, layer: Layer, good: list[tuple[int, int]], bad: list[tuple[int, int]]
) -> None:
    for points, wrong in ((good, False), (bad, True)):
        layout = kdb.Layout()
        cell = layout.create_cell("case")
        cell.shapes(layout.layer(*layer)).insert(kdb.Polygon([kdb.Point(*p) for p in points]))
        assert (name in summary(run_deck(layout, cell).markers)) is wrong


def test_every_rule_that_the_deck_checks_has_its_case() -> None:
    checked = deck_of([(L.MET1, (0, 0, 5000, 5000))]).checked
    assert checked == CASES.keys() | UNMEASURED.keys() | {"x_2", "x_3a"}
    assert checked <= RULES.keys()


def test_a_narrow_branch_of_wide_metal_keeps_the_narrow_distance() -> None:
    branch = [(L.MET1, (0, 0, 4000, 4000)), (L.MET1, (4000, 2000, 9000, 2140))]
    assert "m1_3" not in broken([*branch, (L.MET1, (6000, 2280, 6500, 3000))])
    assert "m1_3" in broken([*branch, (L.MET1, (4200, 2280, 4300, 3000))])


def test_a_notch_of_one_polygon_is_a_spacing() -> None:
    comb = [(L.MET1, (0, 0, 1000, 200)), (L.MET1, (0, 0, 200, 800)), (L.MET1, (335, 0, 600, 800))]
    assert "m1_2" in broken(comb)


@pytest.mark.parametrize(
    ("rule_name", "shape"),
    [
        ("poly_8", (L.POLY, (0, -200, 150, 300))),  # ends over diffusion: source and drain join
        ("poly_8", (L.POLY, (0, -200, 150, 500))),  # ends at its edge
        ("poly_7", (L.POLY, (0, -200, 2000, 700))),  # diffusion ends under poly: there is no drain
        ("poly_7", (L.POLY, (0, -200, 450, 700))),  # ends at its edge
    ],
)
def test_a_gate_crosses_its_diffusion(rule_name: str, shape: Shape) -> None:
    diff = (L.DIFF, (-300, 0, 450, 500))
    assert not {"poly_7", "poly_8"} & broken([diff, (L.POLY, (0, -200, 150, 700))]).keys()
    assert rule_name in broken([diff, shape])


def test_gates_share_a_diffusion_narrower_than_its_end() -> None:
    gates = [(L.POLY, (x, -200, x + 150, 700)) for x in (0, 360)]
    assert not {"poly_7", "poly_8"} & broken([(L.DIFF, (-300, 0, 810, 500)), *gates]).keys()


def test_a_gate_over_an_inner_corner_of_diffusion_is_no_rectangle() -> None:
    step = [(L.DIFF, (-300, 0, 450, 500)), (L.DIFF, (70, 0, 450, 1000))]
    assert "poly_11" in broken([*step, (L.POLY, (0, -200, 150, 1200))])


def test_findings_are_written_for_browser_and_report(tmp_path: Path) -> None:
    layout = kdb.Layout()
    inner, top = layout.create_cell("inner"), layout.create_cell("top")
    inner.shapes(layout.layer(*L.MET1)).insert(kdb.Box(0, 0, 135, 2000))
    top.insert(kdb.CellInstArray(inner.cell_index(), kdb.Trans(10_000, 0)))
    markers = run_deck(layout, top).markers
    assert [m.rule for m in markers] == ["m1_1"]
    write_json(tmp_path / "drc.json", top, markers)
    (finding,) = json.loads((tmp_path / "drc.json").read_text())["markers"]
    assert (finding["rule"], finding["value"], finding["unit"]) == ("m1.1", 0.14, "um")
    assert finding["cells"] == ["top", "inner"]
    assert finding["box"][0] == 10_000
    write_lyrdb(tmp_path / "drc.lyrdb", top, markers)
    base = rdb.ReportDatabase("again")
    base.load(str(tmp_path / "drc.lyrdb"))
    assert [c.name() for c in base.each_category()] == ["m1.1"]
    assert base.num_items() == 1


def test_a_file_is_checked_through_its_hierarchy(tmp_path: Path) -> None:
    layout = kdb.Layout()
    inner, top = layout.create_cell("inner"), layout.create_cell("top")
    inner.shapes(layout.layer(*L.MET2)).insert(kdb.Box(0, 0, 400, 2000))
    for x in (0, 535, 1100):
        top.insert(kdb.CellInstArray(inner.cell_index(), kdb.Trans(x, 0)))
    layout.write(str(tmp_path / "wires.gds"))
    (marker,) = check_gds(tmp_path / "wires.gds")
    assert marker[:2] == ("m2_2", (400, 0, 535, 2000))
    assert check_gds(tmp_path / "wires.gds", "inner") == []


def test_two_notches_on_both_sides_of_a_bar_are_no_spacing() -> None:
    """The bar hides one from the other, though their edges are nearer than the rule."""
    bar, left, right = (0, 0, 150, 2000), (-150, 0, 150, 900), (0, 1015, 300, 2000)
    assert broken([(L.POLY, box) for box in (bar, left, right)]) == {}
    assert "poly_2" in broken([(L.POLY, box) for box in (left, right)])
