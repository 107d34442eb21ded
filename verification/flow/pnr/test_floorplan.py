"""Rows, taps, ports and macros of a floorplan; bad requests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flow.pnr.cell_library import Library, read_library
from flow.pnr.design import Design
from flow.pnr.floorplan import Floorplan, MacroPlace, make_floorplan
from flow.pnr.netlist import read_netlist
from verification.flow.pnr.designs import (
    macro_system,
    random_logic,
    write_macro,
    write_netlist,
)


@pytest.fixture(scope="module")
def netlist(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Design:
    return read_netlist(write_netlist(random_logic(200), tmp_path_factory.mktemp("n")), library)


@pytest.fixture(scope="module")
def with_macro(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Design:
    folder = tmp_path_factory.mktemp("m")
    lef, gds = write_macro(folder)
    assert library.pdk is not None
    own = read_library(library.pdk, (lef,), (gds,))
    return read_netlist(write_netlist(macro_system(), folder), own)


def test_rows_fill_the_core_in_turn(netlist: Design) -> None:
    design, metrics = make_floorplan(netlist, Floorplan(utilisation=0.5))
    assert [row.orient for row in design.rows] == [k % 2 for k in range(len(design.rows))]
    assert metrics["design__instance__utilization"] == pytest.approx(0.5, abs=0.06)
    assert all(row.x % 460 == 0 and row.y % 2720 == 0 for row in design.rows)


def test_no_point_of_a_row_is_far_from_a_tap(netlist: Design) -> None:
    """Within 13 um of a tap in the row itself or in the one above or below."""
    design, _ = make_floorplan(netlist, Floorplan(die=(150_000, 60_000)))
    taps = [
        (int(design.x[k]) + 230, int(design.y[k]))
        for k in range(design.instances)
        if "tap" in design.master(k).name
    ]
    for row in design.rows[1:-1]:
        near = [x for x, y in taps if abs(y - row.y) <= 2720]
        for x in range(row.x, row.x + row.sites * 460, 460):
            assert min(abs(x - tap) for tap in near) <= 13_000


def test_ports_stand_on_the_grid_at_their_side(netlist: Design) -> None:
    design, _ = make_floorplan(netlist, Floorplan(sides={"east": ("a[3]",)}))
    for port in design.ports:
        assert port.rect is not None
        assert (
            port.rect[0] == 0
            or port.rect[1] == 0
            or port.rect[2] == design.die[2]
            or (port.rect[3] == design.die[3])
        )
    (port,) = (p for p in design.ports if p.name == "a[3]")
    assert port.rect is not None
    assert port.rect[2] == design.die[2]


def test_rows_keep_clear_of_a_macro(with_macro: Design) -> None:
    plan = Floorplan(die=(210_220, 160_480), macros={"memory": MacroPlace(60_260, 45_300)})
    design, _ = make_floorplan(with_macro, plan)
    for row in design.rows:
        beside = row.y + 2720 <= 45_300 - plan.halo or row.y >= 115_300 + plan.halo
        end = row.x + row.sites * 460
        assert beside or end <= 60_260 - plan.halo or row.x >= 150_260 + plan.halo


def test_bad_requests_are_named(netlist: Design, with_macro: Design) -> None:
    place = MacroPlace(60_260, 45_300)
    die = (210_220, 160_480)
    cases = [
        (netlist, Floorplan(utilisation=1.2), "utilisation must be in"),
        (netlist, Floorplan(die=(40_000, 40_000)), "die too small: cells need"),
        (netlist, Floorplan(sides={"up": ()}), "side must be one of"),
        (netlist, Floorplan(sides={"east": ("nix",)}), "has no port nix"),
        (netlist, Floorplan(macros={"u1x": place}), "no macro instance u1x"),
        (with_macro, Floorplan(die=(80_000, 80_000)), "macro memory at .* leaves the core"),
        (with_macro, Floorplan(die=die, macros={"memory": MacroPlace(0, 0)}), "leaves the core"),
        (
            with_macro,
            Floorplan(die=die, macros={"memory": place._replace(orient="W")}),
            "orientation must be",
        ),
    ]
    for design, plan, message in cases:
        with pytest.raises(ValueError, match=message):
            make_floorplan(replace(design), plan)
