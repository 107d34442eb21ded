"""Timing repair at its three places in the flow: before the clock tree, after it, after routing.

| when | wires | what |
|---|---|---|
| `before_clock` | estimated | fanout, loads, long wires; setup at the slowest corner |
| `after_clock` | estimated | hold at all corners with the real clock tree, loads that moved |
| `after_route` | extracted | what is still in violation; the caller routes again |
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from flow.pnr.design import Design
from flow.pnr.parasitics import write_spef
from flow.pnr.route.failure import RouteError
from flow.pnr.timing.cells import Cells, read_cells
from flow.pnr.timing.constraints import Constraints
from flow.pnr.timing.estimate import write_estimate
from flow.pnr.timing.fit import fit
from flow.pnr.timing.hold import Margins, repair_hold
from flow.pnr.timing.loads import Boundary, clock_nets, repair_loads
from flow.pnr.timing.report import timing_report
from flow.pnr.timing.setup import repair_setup
from flow.pnr.timing.sta import Slacks, analyse
from flow.pnr.trees import buffer_fanout
from macros.store import atomic_write

__all__ = ["TimingPlan", "after_clock", "after_route", "before_clock"]

Metrics = dict[str, float]

SETUP_MARGIN_NS = 0.3
ESTIMATED = Margins(least=0.05, aim=0.1, setup=SETUP_MARGIN_NS)
"""On estimated wires: routing may change a path by some tens of ps at ff."""
ROUTED = Margins(least=0.0, aim=0.04, setup=SETUP_MARGIN_NS)
"""After routing: the nets of a repair are routed anew, and those around them."""
WORST_PATHS = 200
SETUP_ROUNDS = 4
HOLD_ROUNDS = 3
ROUTED_ROUNDS = 2


@dataclass(frozen=True)
class TimingPlan:
    """Constraints of a design, and its clock port."""

    constraints: Constraints
    clock: str | None = None

    @property
    def cells(self) -> Cells:
        return read_cells(self.constraints.liberties)

    @property
    def boundary(self) -> Boundary:
        """What the constraints put around the chip."""
        environment = self.constraints.environment
        cell, _, pin = environment.get("SYNTH_DRIVING_CELL", "").partition("/")
        load = float(environment.get("OUTPUT_CAP_LOAD", 0))
        return Boundary(load, (cell, pin) if pin else None)


def before_clock(design: Design, plan: TimingPlan, fanout: int) -> tuple[Design, Metrics]:
    """Repair loads and setup of a placed design with an ideal clock. New and larger cells stand
    where they are wanted: legalise afterwards."""
    keep = clock_nets(design, plan.clock)
    design, metrics = buffer_fanout(design, fanout, longest=sum(design.die), keep=sorted(keep))
    design, _, found = repair_loads(design, plan.cells, plan.boundary, keep)
    metrics |= found
    slowest = replace(
        plan.constraints,
        liberties={plan.constraints.slowest: plan.constraints.liberties[plan.constraints.slowest]},
    )

    def measure(changed: Design) -> Slacks:
        return _estimated(changed, slowest, ideal_clock=True, worst=WORST_PATHS)

    slacks = measure(design)
    metrics["timing__repair__setup_before__ws"] = _worst(slacks.setup)
    design, slacks, sized = _faster(design, slacks, plan, measure)
    metrics["timing__repair__setup_resized"] = float(sized)
    metrics["timing__repair__setup__ws"] = _worst(slacks.setup)
    return design, metrics


def _faster(
    design: Design, slacks: Slacks, plan: TimingPlan, measure: Callable[[Design], Slacks]
) -> tuple[Design, Slacks, int]:
    """Rounds of larger cells while setup slack lacks margin and all that is lacking gets less."""
    sized = 0
    for _ in range(SETUP_ROUNDS):
        if _worst(slacks.setup) >= SETUP_MARGIN_NS:
            break
        candidate, changed = repair_setup(design, slacks, plan.cells, SETUP_MARGIN_NS)
        if not changed:
            break
        found = measure(candidate)
        if _lateness(found) >= _lateness(slacks):
            break
        design, slacks, sized = candidate, found, sized + len(changed)
    return design, slacks, sized


def _lateness(slacks: Slacks) -> float:
    """ns that all endpoints together lack of the setup margin."""
    ends = (slack for table in slacks.setup.values() for slack in table.values())
    return sum(max(SETUP_MARGIN_NS - slack, 0.0) for slack in ends)


def after_clock(design: Design, plan: TimingPlan, effort: int = 3) -> tuple[Design, Metrics]:
    """Repair hold of a legal placement with its clock tree; it stays legal."""
    metrics: Metrics = {}
    cells = plan.cells
    added = 0
    for attempt in range(HOLD_ROUNDS + 1):
        slacks = _estimated(design, plan.constraints, ideal_clock=False)
        if not attempt:
            metrics = _figures("before", slacks)
        if attempt == HOLD_ROUNDS:
            break
        early = repair_hold(design, slacks, cells, plan.constraints.slowest, ESTIMATED)
        keep = clock_nets(early.design, plan.clock)
        candidate, moved, _ = repair_loads(early.design, cells, plan.boundary, keep)
        changed = sorted({*early.changed, *moved})
        if not changed:
            break
        added += candidate.instances - design.instances
        design, _ = fit(candidate, changed, effort)
    metrics["timing__repair__hold_cells"] = float(added)
    metrics["timing__repair__hold_left"] = float(len(early.left))
    return design, metrics | _figures("estimated", slacks)


def after_route(
    design: Design,
    plan: TimingPlan,
    reroute: Callable[[Design], tuple[Design, Metrics]],
    report: Path | None = None,
) -> tuple[Design, Metrics]:
    """Repair what extraction finds in violation; `reroute` takes the changed design, legal and
    without routes, and gives it back routed. The outcome, with the names of what is still in
    violation, goes to the file `report`."""
    metrics: Metrics = {}
    cells = plan.cells
    shares: dict[str, float] = {}
    added = resized = rounds = 0
    for attempt in range(ROUTED_ROUNDS + 1):
        slacks = _extracted(design, plan.constraints)
        if not attempt:
            metrics |= _figures("routed", slacks)
        if attempt == ROUTED_ROUNDS or not any(slacks.violations().values()):
            break
        candidate, changed = _mended(design, plan, cells, slacks, shares)
        if not changed:
            break
        before = design.instances
        try:
            design, found = reroute(fit(candidate, changed)[0])
        except RouteError:  # better a routed design with a violation that is named
            metrics["timing__eco__unroutable"] = 1.0
            break
        rounds += 1
        added += candidate.instances - before
        resized += sum(instance < before for instance in changed)
        metrics |= found
    metrics |= {
        "timing__eco__rounds": float(rounds),
        "timing__eco__cells": float(added),
        "timing__eco__resized": float(resized),
    }
    if report:
        atomic_write(report, timing_report(slacks))
    return design, metrics | _figures("final", slacks)


def _mended(
    design: Design, plan: TimingPlan, cells: Cells, slacks: Slacks, shares: dict[str, float]
) -> tuple[Design, list[int]]:
    """Changes for every violation: hold cells, smaller loads where a transition is slow, larger
    cells on late paths. `shares` [net name -> share of the drive allowed] is kept over rounds."""
    late, faster = repair_setup(design, slacks, cells, margin=0.0)
    early = repair_hold(late, slacks, cells, plan.constraints.slowest, ROUTED)
    design = early.design
    for net in _nets_of_pins(design, {pin for pins in slacks.slow.values() for pin in pins}):
        name = design.net_names[net]
        shares[name] = shares.get(name, 1.0) * TIGHTER
    keep = clock_nets(design, plan.clock)
    number = {name: net for net, name in enumerate(design.net_names)}
    wanted = {number[name]: share for name, share in shares.items() if number[name] not in keep}
    design, moved, _ = repair_loads(design, cells, plan.boundary, keep, wanted)
    return design, sorted({*faster, *early.changed, *moved})


TIGHTER = 0.6
"""Share of the drive left to a net whose transition is too slow after routing."""


def _nets_of_pins(design: Design, names: set[str]) -> list[int]:
    return [
        net
        for net in range(design.nets)
        if any(
            design.pin_name(instance, index) in names for instance, index in design.net_pins(net)
        )
    ]


def _estimated(
    design: Design, constraints: Constraints, *, ideal_clock: bool, worst: int = 0
) -> Slacks:
    with tempfile.TemporaryDirectory() as folder:
        spef = Path(folder, "estimate.spef")
        write_estimate(design, spef)
        return analyse(design, constraints, spef, ideal_clock=ideal_clock, worst=worst)


def _extracted(design: Design, constraints: Constraints) -> Slacks:
    with tempfile.TemporaryDirectory() as folder:
        spef = Path(folder, "extracted.spef")
        write_spef(design, spef)
        return analyse(design, constraints, spef, ideal_clock=False, worst=WORST_PATHS)


def _figures(when: str, slacks: Slacks) -> Metrics:
    """Metrics of one analysis: violations of all corners together, worst slacks of each and of
    all."""
    found = {f"timing__repair__{k}_vio__{when}": float(v) for k, v in slacks.violations().items()}
    for check, table in (("setup", slacks.setup), ("hold", slacks.hold)):
        name = f"timing__repair__{check}__ws__{when}"
        found[name] = _worst(table)
        found |= {f"{name}__corner:{corner}": min(ends.values()) for corner, ends in table.items()}
    return found


def _worst(slacks: dict[str, dict[str, float]]) -> float:
    return min(slack for ends in slacks.values() for slack in ends.values())
