"""Planted violations are found by OpenSTA, repaired, and gone for OpenSTA; the logic stays."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flow.pnr.cell_library import Library
from flow.pnr.design import FIXED, Design
from flow.pnr.floorplan import Floorplan, make_floorplan
from flow.pnr.netlist import read_netlist
from flow.pnr.placement import check_placement, place
from flow.pnr.power import PowerPlan, make_power_grid
from flow.pnr.route.router import route
from flow.pnr.timing.constraints import chip_constraints
from flow.pnr.timing.estimate import write_estimate
from flow.pnr.timing.repair import TimingPlan, after_clock, after_route, before_clock
from flow.pnr.timing.sta import Slacks, analyse
from flow.pnr.verilog import write_verilog
from verification.flow.pnr.designs import CELL, Netlist, random_logic, write_netlist

SLOW = "ss_100C_1v60"
FAST = "ff_n40C_1v95"


@pytest.fixture(scope="module")
def plan(timed_tree: Path) -> TimingPlan:
    return TimingPlan(chip_constraints(timed_tree, "clk", 20), "clk")


@pytest.fixture
def placed(library: Library, tmp_path: Path) -> Callable[[Netlist], Design]:
    """Places a netlist in a die that is 700 um long: wires can be long, too."""

    def run(net: Netlist) -> Design:
        design = read_netlist(write_netlist(net, tmp_path), library)
        floorplan = Floorplan(die=(700_000, 60_000))
        return place(make_floorplan(design, floorplan)[0], effort=1)[0]

    return run


@pytest.fixture
def measure(plan: TimingPlan, tmp_path: Path) -> Callable[[Design], Slacks]:
    """OpenSTA on the likely wires."""

    def run(design: Design) -> Slacks:
        write_estimate(design, tmp_path / "estimate.spef")
        return analyse(design, plan.constraints, tmp_path / "estimate.spef", ideal_clock=False)

    return run


def _between_registers(sinks: int, drive: str) -> Netlist:
    """Register, a gate that drives `sinks` registers."""
    net = Netlist("weak")
    (clock,) = net.input("clk")
    (data,) = net.input("d")
    first = net.flop(clock, data)
    driven = net.cell(CELL + drive, "X" if "and" in drive else "Y", **_inputs(drive, first))
    net.output("q", [net.flop(clock, driven) for _ in range(sinks)])
    return net


def _inputs(drive: str, bit: int) -> dict[str, int]:
    names = {"and2_0": "AB", "inv_1": "A"}.get(drive)
    return dict.fromkeys(names or ("A1", "A2", "B1", "C1"), bit)


def _far_apart(design: Design, sinks: int) -> Design:
    """The last `sinks` registers at one end, all other cells at the other: a long net."""
    x = np.where(design.status == FIXED, design.x, 20_000).astype(np.int32)
    cells = np.flatnonzero(["dfxtp" in design.master(k).name for k in range(design.instances)])
    x[cells[-sinks:]] = 660_000
    return replace(design, x=x)


@pytest.mark.parametrize(
    ("drive", "sinks", "far"),
    [("and2_0", 9, False), ("a211oi_1", 9, False), ("inv_1", 2, True), ("a211oi_1", 60, False)],
    ids=["overloaded", "no larger size", "long wire", "many sinks"],
)
def test_slow_transitions_are_repaired(placed, measure, plan, drive, sinks, far) -> None:
    design = placed(_between_registers(sinks, drive))
    if far:
        design = _far_apart(design, sinks)
    assert measure(design).slow[SLOW], "the violation was not planted"
    repaired, metrics = before_clock(design, plan, fanout=10)
    slow = {name for name in measure(repaired).slow[SLOW] if "CLK" not in name and name != "clk"}
    assert not slow  # there is no clock tree yet
    added = metrics["design__fanout__buffers"] + metrics["timing__repair__buffers"]
    assert repaired.instances == design.instances + added
    assert added or metrics["timing__repair__resized"]


def _race(stages: int) -> Netlist:
    """Two pairs of registers; the second of the first pair has a later clock."""
    net = Netlist("race")
    (clock,) = net.input("clk")
    a, b = net.input("d", 2)
    late = clock
    for _ in range(stages):
        late = net.cell(CELL + "clkbuf_1", "X", A=late)
    net.output("q", [net.flop(late, net.flop(clock, a)), net.flop(clock, net.flop(clock, b))])
    return net


def test_a_race_is_repaired_at_every_corner(placed, measure, plan) -> None:
    design = placed(_race(6))
    before = measure(design)
    assert before.hold[FAST]["u7/D"] < -0.2
    assert before.hold[FAST]["u9/D"] > before.hold[FAST]["u7/D"]
    repaired, metrics = after_clock(design, plan)
    found = measure(repaired)
    assert found.violations() == {"setup": 0, "hold": 0, "transition": 0}
    assert all(min(ends.values()) > 0.05 for ends in found.hold.values())
    assert metrics["timing__repair__hold_cells"] == repaired.instances - design.instances > 0
    assert not check_placement(repaired)
    kept = repaired.master_of[: design.instances] == design.master_of
    assert np.array_equal(repaired.x[: design.instances][kept], design.x[kept]), "a cell was moved"


def test_what_routing_leaves_is_repaired_and_routed_again(placed, plan, tmp_path) -> None:
    """A race and an overloaded gate that no stage before has touched."""
    net = _between_registers(9, "a211oi_1")
    (clock,) = net.ports["clk"]["bits"]
    late = clock
    for _ in range(6):
        late = net.cell(CELL + "clkbuf_1", "X", A=late)
    (bit,) = net.input("e")
    net.output("r", [net.flop(late, net.flop(clock, bit))])
    design = make_power_grid(placed(net), PowerPlan())[0]
    rounds = []

    def reroute(changed: Design) -> tuple[Design, dict[str, float]]:
        rounds.append(changed)
        assert not check_placement(changed)
        return route(changed)

    table = tmp_path / "timing.rpt"
    repaired, metrics = after_route(route(design)[0], plan, reroute, table)
    assert metrics["timing__repair__hold_vio__routed"] > 0
    assert metrics["timing__repair__transition_vio__routed"] > 0
    assert metrics["timing__repair__hold_vio__final"] == 0
    assert metrics["timing__repair__transition_vio__final"] == 0
    assert metrics["timing__eco__rounds"] == len(rounds) > 0
    assert "early" not in table.read_text().partition("\n")[2]
    assert len(repaired.routes.wires) > 0
    assert repaired.instances > design.instances


def test_a_race_without_setup_slack_is_left(placed, plan) -> None:
    """A delay that breaks setup is no repair."""
    constraints = replace(
        plan.constraints, environment=dict(plan.constraints.environment, CLOCK_PERIOD="1.2")
    )
    design = placed(_race(6))
    _, metrics = after_clock(design, replace(plan, constraints=constraints))
    assert metrics["timing__repair__hold_vio__estimated"] > 0
    assert metrics["timing__repair__hold_left"] > 0
    before = metrics["timing__repair__setup__ws__before"]
    assert metrics["timing__repair__setup__ws__estimated"] >= min(before, 0.0)


def test_late_paths_get_larger_cells(placed, plan) -> None:
    net = Netlist("late")
    (clock,) = net.input("clk")
    (data,) = net.input("d")
    bit = net.flop(clock, data)
    for _ in range(10):
        for _ in range(7):  # what else the gate drives
            net.gate("inv_1", bit)
        bit = net.gate("nand2_1", bit, bit)
    net.output("q", [net.flop(clock, bit)])
    design = placed(net)

    def run(period: float) -> dict[str, float]:
        more = {"CLOCK_PERIOD": str(period), "IO_DELAY_CONSTRAINT": "0"}
        values = plan.constraints.environment | more
        constraints = replace(plan.constraints, environment=values)
        return before_clock(design, replace(plan, constraints=constraints), fanout=10)[1]

    too_fast = 20 - run(20)["timing__repair__setup_before__ws"] - 0.2
    metrics = run(too_fast)
    assert metrics["timing__repair__setup_before__ws"] == pytest.approx(-0.2, abs=0.02)
    assert metrics["timing__repair__setup__ws"] > 0
    assert metrics["timing__repair__setup_resized"] > 0


def test_the_logic_stays(library, plan, timed_tree, tmp_path) -> None:
    """Formal proof on 80 cells, before against after both repairs."""
    netlist = read_netlist(write_netlist(_logic(), tmp_path), library)
    design = place(make_floorplan(netlist, Floorplan(utilisation=0.4))[0], effort=1)[0]
    repaired, _ = before_clock(design, plan, fanout=4)
    repaired, _ = place(repaired, effort=1)
    repaired, _ = after_clock(repaired, plan)
    assert repaired.instances > design.instances
    before, after = tmp_path / "before.v", tmp_path / "after.v"
    write_verilog(design, before)
    write_verilog(repaired, after)
    assert _same(before, after, plan, tmp_path)
    text = after.read_text()
    after.write_text(text.replace("sky130_fd_sc_hd__nand2_1", "sky130_fd_sc_hd__nor2_1", 1))
    assert not _same(before, after, plan, tmp_path)


def _logic() -> Netlist:
    """Random logic of characterised cells."""
    net = random_logic(80)
    for cell in net.cells.values():
        swap = {CELL + "a2bb2o_2": CELL + "a22o_1", CELL + "or4_4": CELL + "or4_1"}
        if cell["type"] == CELL + "a2bb2o_2":
            pins = cell["connections"]
            pins["A1"], pins["A2"] = pins.pop("A1_N"), pins.pop("A2_N")
        cell["type"] = swap.get(cell["type"], cell["type"])
    return net


PROOF = """
read_liberty -ignore_miss_func {liberty}
read_verilog {before}
rename random_logic gold
read_verilog {after}
rename random_logic gate
flatten
opt_clean
equiv_make gold gate proof
hierarchy -top proof
equiv_simple
equiv_induct
equiv_status -assert
"""


def _same(before: Path, after: Path, plan: TimingPlan, folder: Path) -> bool:
    """Whether Yosys proves two netlists equal."""
    (liberty,) = plan.constraints.liberties[SLOW]
    script = folder / "proof.ys"
    script.write_text(PROOF.format(liberty=liberty, before=before, after=after))
    program = f"from pyosys import libyosys as y; y.run_pass('script {script}', y.Design())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    proved = "Equivalence successfully proven!" in done.stdout
    assert proved or "Unproven $equiv" in done.stdout + done.stderr, done.stdout[-2000:]
    return proved
