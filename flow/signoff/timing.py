"""Static timing of the finished chip: does every path meet every check at every corner?

    verdict = check_timing(timed, Path("signoff/timing"), placement=Path("digits.def"))

OpenSTA 2.0 does the timing; it has no check of maximum capacitance and passes over missing
parasitics, so these two are ours. The evidence is `timing.json`: per corner the count of
violations and the worst slack of each kind of check, and the worst paths pin by pin.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from flow import netlist as netlists
from flow.pdk import liberty_reader
from flow.signoff.opensta import TimedDesign, check_inputs, run_corner
from flow.signoff.placement import Places, read_places
from flow.signoff.spef import unannotated
from flow.signoff.verdict import NoVerdict, Verdict
from macros.store import atomic_write

__all__ = ["CHECKS", "CornerTiming", "check_timing", "parse"]

SCRIPT = Path(__file__).with_name("timing.tcl")
WORST_PATHS = 20
"""Paths kept per corner and kind."""
CHECKS = {
    "setup": ("setup",),
    "hold": ("hold",),
    "recovery": ("recovery",),
    "removal": ("removal",),
    "clock_gating": ("clock gating setup", "clock gating hold"),
}
"""Check -> OpenSTA's roles of the ends of its paths; output delays count as setup and hold."""
OUTPUT_ROLES = {"output setup": "setup", "output hold": "hold"}
REPORTS = {
    "pulse_width": "VIOLATED",
    "period": "VIOLATED",
    "slew": "VIOLATED",
    "unconstrained": "",
}
"""Report of OpenSTA -> what every line of it has that is a violation."""
NET = re.compile(r"^%NET (\S+) (\S+) (.+)$", re.MULTILINE)
ROLE = re.compile(r"^%ROLE (.+) (\S+)$", re.MULTILINE)
REPORT = re.compile(r"^%REPORT (\S+)\n(.*?)^%CHECKED \1\n", re.MULTILINE | re.DOTALL)
INPUT = re.compile(r"^\s*(?:input|inout)\s+(?:wire\s+)?(?:\[\d+:\d+\]\s*)?\\?(\w+)", re.MULTILINE)
PATHS = re.compile(r"^%PATH (\S+) (\S+) (.+)\n((?:%POINT .*\n)+)", re.MULTILINE)
POINT = re.compile(r"^%POINT (\S+) (.+)$", re.MULTILINE)


@dataclass
class CornerTiming:
    """What OpenSTA said at one corner.

    Attributes
    ----------
    slacks : check -> slack of every endpoint, ns
    violations : check -> one line for each
    loads : net -> capacitance of pins and wires, fF
    paths : the worst ones, as in `timing.json`
    """

    slacks: dict[str, list[float]] = field(default_factory=dict)
    violations: dict[str, list[str]] = field(default_factory=dict)
    loads: dict[str, float] = field(default_factory=dict)
    paths: list[dict[str, Any]] = field(default_factory=list)


def check_timing(
    timed: TimedDesign,
    folder: Path,
    *,
    placement: Path | None = None,
    lefs: Sequence[Path] = (),
) -> Verdict:
    """Time the design at all its corners; write `timing.json` and OpenSTA's reports to `folder`.

    A DEF, with LEFs for the cells' sizes, puts coordinates to the paths. Clean means: no violated
    check, no unconstrained endpoint, no net without a driver, none without parasitics where there
    is a SPEF, and for every corner at least one setup and one hold check. Raises `NoVerdict` for
    input that does not fit.
    """
    check_inputs(timed)
    missing = {
        path: unannotated(path, timed.netlist, timed.name) for path in set(timed.spef.values())
    }
    places = read_places(placement, timed.name, lefs) if placement else {}
    drivers = _drivers(timed.netlist, next(iter(timed.liberties.values())))
    floating = _undriven(timed.netlist, drivers)
    corners = {}
    for corner in timed.corners:
        log, _ = run_corner(timed, corner, folder, SCRIPT, _SIGNOFF_PATHS=str(WORST_PATHS))
        found = parse(log, corner)
        limits = _limits(timed.liberties[corner])
        found.violations["capacitance"] = [
            f"{net}: {load:.1f} fF, {master}/{pin} drives {limit:.1f} fF"
            for net, load in sorted(found.loads.items())
            for master, pin in drivers.get(net, ())
            if load > (limit := limits.get((master, pin), float("inf")))
        ]
        found.violations["undriven"] = floating
        found.violations["unannotated"] = missing[timed.spef[corner]] if timed.spef else []
        corners[corner] = found
    report = folder / "timing.json"
    atomic_write(report, json.dumps(_content(timed, corners, places), indent=1) + "\n")
    return _verdict(timed, corners, report)


def parse(log: str, corner: str) -> CornerTiming:
    """Read what `timing.tcl` printed; `NoVerdict` when a part of it is missing."""
    found = CornerTiming()
    reports = dict(REPORT.findall(log))
    for name, mark in REPORTS.items():
        if name not in reports:
            raise NoVerdict(f"OpenSTA did not check {name} at corner {corner}")
        lines = [" ".join(line.split()) for line in reports[name].splitlines()]
        found.violations[name] = [line for line in lines if line and mark in line]
    names = {role: check for check, roles in CHECKS.items() for role in roles} | OUTPUT_ROLES
    for role, slack in ROLE.findall(log):
        if role not in names:
            raise NoVerdict(f"OpenSTA made a check of an unknown kind, {role!r}")
        found.slacks.setdefault(names[role], []).append(float(slack))
    for check in ("setup", "hold"):
        if not found.slacks.get(check):
            raise NoVerdict(f"OpenSTA found no {check} check at corner {corner}")
    for check in CHECKS:
        bad = [slack for slack in found.slacks.get(check, ()) if slack < 0]
        found.violations[check] = [f"slack {slack:.4f} ns" for slack in sorted(bad)]
    found.loads = {net: float(pins) + float(wire) for pins, wire, net in NET.findall(log)}
    for kind, slack, role, points in PATHS.findall(log):
        steps = [
            {"pin": pin, "arrival_ns": round(float(time), 5)} for time, pin in POINT.findall(points)
        ]
        found.paths.append(
            {"kind": kind, "check": role, "slack_ns": round(float(slack), 5), "points": steps}
        )
    return found


def _drivers(netlist: Path, liberties: Sequence[Path]) -> dict[str, list[tuple[str, str]]]:
    """Net -> (master, pin without index) of what drives it."""
    outputs = {(cell, pin) for path in liberties for (cell, pin), _ in _output_pins(path).items()}
    found: dict[str, list[tuple[str, str]]] = {}
    for cell in netlists.cells(netlist):
        for pin, net in cell.pins.items():
            if (cell.master, plain := pin.split("[")[0]) in outputs:
                found.setdefault(net, []).append((cell.master, plain))
    return found


def _undriven(netlist: Path, drivers: Mapping[str, Any]) -> list[str]:
    """Nets at inputs of cells that nothing drives: OpenSTA passes over them."""
    inputs = set(INPUT.findall(netlist.read_text()))
    used = {net for cell in netlists.cells(netlist) for net in cell.pins.values()}
    return sorted(n for n in used if n not in drivers and n.split("[")[0] not in inputs)


def _limits(liberties: Sequence[Path]) -> dict[tuple[str, str], float]:
    """(cell, output pin) -> maximum capacitance in fF."""
    return {key: limit for path in liberties for key, limit in _output_pins(path).items()}


@cache
def _output_pins(liberty: Path) -> dict[tuple[str, str], float]:
    """(cell, output pin) -> maximum capacitance in fF, infinite where none is given; all our
    Liberty files count in pF."""
    found = {}
    library = liberty_reader.read(liberty)
    for cell in library.groups("cell"):
        for kind in ("pin", "bus"):
            for pin in cell.groups(kind):
                if pin.simple.get("direction", "").strip('"') == "output":
                    limit = pin.simple.get("max_capacitance")
                    found[cell.name, pin.name] = 1e3 * float(limit) if limit else float("inf")
    return found


def _content(
    timed: TimedDesign, corners: Mapping[str, CornerTiming], places: Places
) -> dict[str, Any]:
    masters = netlists.instances(timed.netlist)
    for found in corners.values():
        for path in found.paths:
            for point in path["points"]:
                instance = point["pin"].rpartition("/")[0]
                point["cell"] = masters.get(instance)
                point["x_nm"], point["y_nm"] = places.get(instance or point["pin"], (None, None))
    return {
        "design": timed.name,
        "corners": {
            corner: {
                "worst_slack_ns": {name: min(found.slacks[name]) for name in found.slacks},
                "checked": {name: len(found.slacks[name]) for name in found.slacks},
                "slacks_ns": {n: [round(v, 4) for v in s] for n, s in found.slacks.items()},
                "violations": found.violations,
                "paths": found.paths,
            }
            for corner, found in corners.items()
        },
    }


def _verdict(timed: TimedDesign, corners: Mapping[str, CornerTiming], report: Path) -> Verdict:
    metrics: dict[str, Any] = {}
    for corner, found in corners.items():
        for name in CHECKS:
            slacks = found.slacks.get(name, [])
            metrics[f"signoff__{name}__count__corner:{corner}"] = len(slacks)
            if slacks:
                metrics[f"signoff__{name}__ws__corner:{corner}"] = round(min(slacks), 6)
        for name, lines in found.violations.items():
            metrics[f"signoff__{name}_violation__count__corner:{corner}"] = len(lines)
    total: dict[str, int] = {}
    for found in corners.values():
        for name, lines in found.violations.items():
            total[name] = total.get(name, 0) + len(lines)
    bad = [f"{count} {name.replace('_', ' ')}" for name, count in total.items() if count]
    worst = {k: min(min(found.slacks[k]) for found in corners.values()) for k in ("setup", "hold")}
    checks = sum(len(slacks) for found in corners.values() for slacks in found.slacks.values())
    wires = "extracted wires" if timed.spef else "NO WIRES"
    figure = (
        f"setup {worst['setup']:+.3f} ns, hold {worst['hold']:+.3f} ns; {checks} checks at"
        f" {len(corners)} corners, {wires}"
    )
    if bad:
        figure += f"; violated: {', '.join(bad)}"
    return Verdict("timing", not bad, figure, report, metrics)
