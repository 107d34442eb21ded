"""The stages of place and route in order, each leaving a DEF from which the next can start."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flow.pnr.antenna import Violation, add_diodes, antenna_violations
from flow.pnr.cell_library import Library
from flow.pnr.check import check_layout
from flow.pnr.congestion import wider
from flow.pnr.def_reader import read_def
from flow.pnr.def_writer import write_def
from flow.pnr.design import EMPTY_ROUTES, Design
from flow.pnr.fill import fill_rows
from flow.pnr.floorplan import Floorplan, make_floorplan, ports_near_cells
from flow.pnr.gds import write_gds
from flow.pnr.macro_access import check_macro_access
from flow.pnr.parasitics import write_spef
from flow.pnr.picture import draw_congestion, draw_placement
from flow.pnr.placement import legalise, place
from flow.pnr.power import PowerPlan, make_power_grid
from flow.pnr.route.router import Memory, Pass, RouteError, RoutePlan, route
from flow.pnr.route.shapes import same_nets
from flow.pnr.timing.fit import fit
from flow.pnr.timing.repair import TimingPlan, after_clock, after_route, before_clock
from flow.pnr.trees import ClockPlan, buffer_fanout, build_clock_tree
from flow.pnr.verilog import write_verilog
from macros.store import atomic_write

__all__ = ["STAGES", "CheckError", "Plan", "describe", "run_pnr", "verify"]

Metrics = dict[str, float]


class CheckError(RuntimeError):
    """The finished layout does not hold what the netlist says."""


@dataclass(frozen=True)
class Plan:
    """What to build: `clock` is the clock port (None: no clock tree), `fanout` the most sinks a net
    may have before it gets buffers. Without `timing` only that is repaired."""

    floorplan: Floorplan = field(default_factory=Floorplan)
    power: PowerPlan = field(default_factory=PowerPlan)
    clock: str | None = None
    clock_plan: ClockPlan = field(default_factory=ClockPlan)
    fanout: int = 20
    effort: int = 3
    route: RoutePlan = field(default_factory=RoutePlan)
    decap_share: float = 0.2
    timing: TimingPlan | None = None


def _power(design: Design, plan: Plan) -> tuple[Design, Metrics]:
    """The power grid; then every obstacle stands, and the pins of macros can be checked."""
    design, metrics = make_power_grid(design, plan.power)
    check_macro_access(design)
    return design, metrics


def _place(design: Design, plan: Plan) -> tuple[Design, Metrics]:
    """Place, with room where a quick placement finds that wires crowd; ports without a side go
    where that wants them."""
    design, _ = place(design, effort=1)
    if not plan.floorplan.sides:
        design = ports_near_cells(design)
    return place(design, effort=plan.effort, wider=wider(design))


def _repair(design: Design, plan: Plan) -> tuple[Design, Metrics]:
    if plan.timing:
        return before_clock(design, plan.timing, plan.fanout)
    clocks = [port.net for port in design.ports if port.name == plan.clock]
    return buffer_fanout(design, plan.fanout, keep=clocks)


def _clock(design: Design, plan: Plan) -> tuple[Design, Metrics]:
    metrics: Metrics = {}
    if plan.clock is not None:
        design, metrics = build_clock_tree(design, plan.clock, plan.clock_plan)
    design, found = legalise(design, effort=plan.effort)
    return design, metrics | found


def _hold(design: Design, plan: Plan) -> tuple[Design, Metrics]:
    return after_clock(design, plan.timing, plan.effort) if plan.timing else (design, {})


def _route(design: Design, plan: Plan, report: Callable[[Pass], None]) -> tuple[Design, Metrics]:
    """Route, and route again with diodes until no antenna is left."""
    diodes = 0
    memory = Memory()
    violations: list[Violation] = []
    routes = EMPTY_ROUTES
    for attempt in range(ANTENNA_ROUNDS):
        if attempt and attempt % FRESH == 0:
            memory = Memory()
        design, metrics = _route_or_nudge(design, plan, report, memory)
        # every pin has a contact: a net that is drawn as before also has the pins it had
        same = same_nets(routes, design.routes, design.nets)
        routes = design.routes
        violations = [violation for violation in violations if same[violation.net]]
        violations += antenna_violations(design, among=~same)
        metrics["antenna__violating__nets"] = float(len({v.net for v in violations}))
        metrics["antenna__diodes"] = float(diodes)
        if not violations or attempt == ANTENNA_ROUNDS - 1:
            break
        before = design.instances
        design, fits = add_diodes(design, violations)
        if not fits:
            design, _ = legalise(design, effort=plan.effort)
        diodes += design.instances - before
    return design, metrics


ANTENNA_ROUNDS = 12
FRESH = 8
"""Rounds after which routing starts from nothing: a net may keep the way that makes its antenna."""


def _route_or_nudge(
    design: Design, plan: Plan, report: Callable[[Pass], None], memory: Memory | None = None
) -> tuple[Design, Metrics]:
    """Route; when only a few conflicts are left for good, mirror the cells there, give them room,
    and route again. Raises RouteError when that does not help either."""
    for attempt in range(NUDGES + 1):
        try:
            design, metrics = route(design, plan.route, report, memory)
        except RouteError as error:
            if not error.cells or attempt == NUDGES:
                raise
            turned = design.orient.copy()
            turned[list(error.cells)] ^= 2
            design, _ = fit(replace(design, orient=turned), error.cells, plan.effort, beside=2)
        else:
            return design, metrics | {"route__nudges": float(attempt)}
    raise AssertionError("the last attempt returns or raises")


NUDGES = 4


def _eco(design: Design, plan: Plan, report: Callable[[Pass], None]) -> tuple[Design, Metrics]:
    """What is in violation with the wires as they are is repaired, and all is routed again."""
    if not plan.timing:
        return design, {}
    table = plan.route.folder / "timing.rpt" if plan.route.folder else None
    return after_route(design, plan.timing, lambda changed: _route(changed, plan, report), table)


Stage = Callable[[Design, Plan, Callable[[Pass], None]], tuple[Design, Metrics]]

STAGES: dict[str, Stage] = {
    "floorplan": lambda design, plan, _: make_floorplan(design, plan.floorplan),
    "power": lambda design, plan, _: _power(design, plan),
    "place": lambda design, plan, _: _place(design, plan),
    "repair": lambda design, plan, _: _repair(design, plan),
    "clock": lambda design, plan, _: _clock(design, plan),
    "hold": lambda design, plan, _: _hold(design, plan),
    "route": _route,
    "eco": _eco,
    "fill": lambda design, plan, _: fill_rows(design, plan.decap_share),
}
"""Stage by name, in order: (design, plan, report of routing passes) -> (design, metrics). `repair`
leaves its buffers where they are wanted; `clock` makes the placement legal again, and `hold` and
`eco` (timing after routing) keep it legal."""


def run_pnr(
    design: Design | None,
    plan: Plan,
    folder: Path,
    *,
    library: Library,
    first: str = "floorplan",
    report: Callable[[str], None] = lambda _: None,
) -> tuple[Design, dict[str, Any]]:
    """Run all stages from `first` on and write DEF, GDS, Verilog and metrics into `folder`.

    From the second stage on the DEF that the stage before `first` left is read. Raises CheckError
    when the extraction of the final GDS does not equal the netlist.
    """
    names = list(STAGES)
    if first not in names:
        raise ValueError(f"stage must be one of {', '.join(names)}, not {first!r}")
    start = names.index(first)
    if start:
        design = read_def(_def_of(folder, names[start - 1]), library)
    if design is None:
        raise ValueError("the first stage needs a netlist")
    metrics: dict[str, Any] = {}
    plan = replace(plan, route=replace(plan.route, folder=folder))
    for name in names[start:]:
        began = _cpu()
        design, found = STAGES[name](design, plan, lambda done: report(describe(done)))
        seconds = _cpu() - began
        write_def(design, _def_of(folder, name))
        metrics |= found | {f"pnr__cpu__{name}": round(seconds, 2)}
        report(f"{name}: {seconds:.1f} CPU s")
    began = _cpu()
    metrics |= _export(design, folder)
    metrics["pnr__cpu__export"] = round(_cpu() - began, 2)
    atomic_write(folder / "metrics.json", json.dumps(metrics, indent=1) + "\n")
    return design, metrics


def _cpu() -> float:
    """CPU seconds of this process and of the tools it has run."""
    return sum(os.times()[:4])


def _export(design: Design, folder: Path) -> Metrics:
    """Final files, and the verdict of the extraction."""
    name = design.name
    write_gds(design, folder / f"{name}.gds")
    write_def(design, folder / f"{name}.def")
    write_verilog(design, folder / f"{name}.nl.v")
    write_verilog(design, folder / f"{name}.pnl.v", powered=True)
    draw_placement(design, folder / "placement.png")
    draw_congestion(design, folder / "congestion.png")
    return write_spef(design, folder / f"{name}.spef") | verify(folder / f"{name}.gds", design)


def verify(gds: Path, design: Design) -> Metrics:
    """Compare what KLayout extracts from the GDS with the netlist. Raises CheckError when they
    differ."""
    found = check_layout(gds, design)
    if not found.clean:
        first = (*found.lost, *found.shorts, *found.opens)[0]
        raise CheckError(
            f"layout differs from netlist: {len(found.opens)} opens, {len(found.shorts)} shorts,"
            f" {len(found.lost)} lost pins, first: {first}"
        )
    return {
        "layout__pins__compared": float(found.pins),
        "layout__opens": 0.0,
        "layout__shorts": 0.0,
    }


def _def_of(folder: Path, stage: str) -> Path:
    return folder / f"{list(STAGES).index(stage):02d}-{stage}.def"


def describe(done: Pass) -> str:
    """One routing pass in a line."""
    return (
        f"  pass {done.number}: {done.rerouted} nets routed, {done.overflow} conflicts left,"
        f" {done.seconds:.1f} CPU s"
    )
