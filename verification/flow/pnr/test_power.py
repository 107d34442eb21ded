"""The power grid: a ring joins all straps, legal and connected, and carries the supply."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flow.pnr.check import check_layout
from flow.pnr.design import GROUND, POWER
from flow.pnr.floorplan import Floorplan
from flow.pnr.ir_drop import solve_ir_drop
from flow.pnr.netlist import read_netlist
from flow.pnr.pipeline import Plan, run_pnr
from flow.pnr.power import PowerPlan, make_power_grid
from flow.pnr.rules import MET4, MET5
from macros.verify.drc.check import check_gds
from verification.flow.pnr.conftest import Finished
from verification.flow.pnr.designs import random_logic, write_netlist


@pytest.fixture(scope="module")
def ringed(library, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("ring")
    netlist = read_netlist(write_netlist(random_logic(120), folder), library)
    plan = Plan(floorplan=Floorplan(utilisation=0.5), power=PowerPlan(ring=True), clock="clk")
    design, metrics = run_pnr(netlist, plan, folder, library=library)
    return Finished(design, netlist, folder, metrics)


def test_ring_goes_around_the_core(ringed: Finished) -> None:
    """Each net has straps beyond all four edges of the core, and vias of met5 at their corners."""
    design = ringed.design
    x0, y0, x1, y1 = design.core
    for net in (POWER, GROUND):
        straps = [s for s in design.supplies if s.net == net and s.kind == "strap"]
        west = [s.rect for s in straps if s.layer == MET4 and s.rect[2] <= x0]
        east = [s.rect for s in straps if s.layer == MET4 and s.rect[0] >= x1]
        south = [s.rect for s in straps if s.layer == MET5 and s.rect[3] <= y0]
        north = [s.rect for s in straps if s.layer == MET5 and s.rect[1] >= y1]
        assert [len(side) for side in (west, east, south, north)] == [1, 1, 1, 1]
        vias = {s.rect for s in design.supplies if s.net == net and s.layer == MET5}
        for v in (west[0], east[0]):
            for h in (south[0], north[0]):
                assert (v[0], h[1], v[2], h[3]) in vias
        for strap in straps:
            crossed = [r for r in vias if _inside(r, strap.rect)]
            assert len(crossed) >= 2


def _inside(a, b) -> bool:
    return b[0] <= a[0] and a[2] <= b[2] and b[1] <= a[1] and a[3] <= b[3]


def test_ring_is_connected_and_legal(ringed: Finished) -> None:
    gds = ringed.folder / f"{ringed.design.name}.gds"
    assert check_layout(gds, ringed.design).clean
    assert check_gds(gds) == []


def test_supply_comes_in_at_the_corners_of_a_ring(ringed: Finished) -> None:
    """Fed at its corners only, the grid drops more than with both ends of every strap fed (as it is
    for a core of no size, outside of which they all lie), and less than without the ring."""
    design = ringed.design
    current = dict.fromkeys(design.instance_names, 1e-5)
    corners = solve_ir_drop(design, current).total
    everywhere = solve_ir_drop(replace(design, core=(0, 0, 0, 0)), current).total
    without = solve_ir_drop(make_power_grid(design, PowerPlan())[0], current).total
    assert without.max() > corners.max() > everywhere.max() > 0


def test_no_room_for_a_ring(ringed: Finished) -> None:
    with pytest.raises(ValueError, match="no room for two straps"):
        make_power_grid(ringed.design, PowerPlan(width=3_000, ring=True))
