"""What synthesis made: cells, area and slack, and whether it may go on to place and route."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from flow import netlist as netlists

__all__ = ["Slack", "Synthesis", "areas", "faults", "summarise", "table"]

AREA_TOLERANCE_UM2 = 1e-3
"""Our sum of the cells' areas and Yosys' own may differ by rounding."""

CELL = re.compile(r'^\s*cell\s*\(\s*"?(\w+)"?\s*\)(.*?)^\s*area\s*:\s*"?([\d.]+)', re.M | re.S)
REGISTER = re.compile(r'^\s*cell\s*\(\s*"?(\w+)"?\s*\)|^\s*(ff|latch|statetable)\s*\(', re.M)


@dataclass(frozen=True)
class Slack:
    """Worst slack of a corner in ns, before place and route: ideal clock, no wires."""

    setup_ns: float
    hold_ns: float
    setup_r2r_ns: float


@dataclass(frozen=True)
class Synthesis:
    """Summary of a synthesised netlist.

    cells : master -> (count, area of all of them in um2)
    uncharacterised : masters that lack Liberty in some corner
    macros : master -> (count, True when its timing is a stated placeholder)
    slacks : corner -> Slack
    """

    design: str
    period_ns: float
    cells: dict[str, tuple[int, float]]
    registers: int
    uncharacterised: list[str]
    macros: dict[str, tuple[int, bool]]
    slacks: dict[str, Slack]

    @property
    def count(self) -> int:
        """Standard cells."""
        return sum(count for count, _ in self.cells.values())

    @property
    def area_um2(self) -> float:
        """Area of the standard cells."""
        return math.fsum(area for _, area in self.cells.values())


def areas(liberty: Path) -> dict[str, float]:
    """Cell -> area in um2 of a Liberty file."""
    return {name: float(area) for name, _, area in CELL.findall(liberty.read_text())}


def registers(liberty: Path) -> set[str]:
    """Cells of a Liberty file that hold state."""
    found, cell = set(), ""
    for name, kind in REGISTER.findall(liberty.read_text()):
        cell = name or cell
        if kind:
            found.add(cell)
    return found


def summarise(
    design: str,
    period_ns: float,
    netlist: Path,
    liberties: Mapping[str, Path],
    macros: Mapping[str, bool],
    metrics: Mapping[str, Any],
) -> Synthesis:
    """Count what the netlist holds and collect the slack of each corner of `liberties`.

    `macros` maps the name of each macro to whether its timing is a placeholder. Raises `ValueError`
    when a corner has no slack, or when Yosys reports another area than the cells add up to.
    """
    known = {corner: areas(path) for corner, path in liberties.items()}
    first = next(iter(known.values()))
    sequential = registers(next(iter(liberties.values())))
    counts = netlists.histogram(netlist)
    standard = {name: count for name, count in counts.items() if name not in macros}
    result = Synthesis(
        design=design,
        period_ns=period_ns,
        cells={name: (n, n * first.get(name, 0.0)) for name, n in standard.items()},
        registers=sum(n for name, n in standard.items() if name in sequential),
        uncharacterised=sorted(n for n in standard if any(n not in k for k in known.values())),
        macros={name: (counts[name], macros[name]) for name in macros if name in counts},
        slacks={corner: _slack(metrics, corner) for corner in liberties},
    )
    stated = float(_metric(metrics, "design__instance__area"))
    if not result.uncharacterised and abs(stated - result.area_um2) > AREA_TOLERANCE_UM2:
        raise ValueError(
            f"Yosys says {stated:.3f} um2, the netlist's cells add up to {result.area_um2:.3f}"
        )
    return result


def faults(result: Synthesis) -> list[str]:
    """Why the netlist must not go on, one sentence each; empty when it may."""
    found = []
    if result.uncharacterised:
        names = ", ".join(result.uncharacterised[:3])
        found.append(f"{len(result.uncharacterised)} masters have no Liberty: {names}")
    if not result.registers:
        found.append("the netlist holds no register")
    for corner, slack in result.slacks.items():
        if not slack.setup_ns >= 0:
            found.append(f"setup slack is {slack.setup_ns:.3f} ns at {corner} before any wire")
    return found


def table(result: Synthesis) -> str:
    """The summary as plain text."""
    lines = [
        f"{result.design} after synthesis, clock period {result.period_ns:g} ns",
        "",
        f"standard cells  {result.count:8}   area {result.area_um2:12.1f} um2",
        f"  registers     {result.registers:8}",
    ]
    for name, (count, placeholder) in sorted(result.macros.items()):
        mark = "   timing: PLACEHOLDER, stated not measured" if placeholder else ""
        lines.append(f"macro {name:14} {count:4}{mark}")
    lines += ["", f"{'worst slack (ns), ideal clock, no wires':42} setup  setup r2r      hold"]
    for corner, slack in result.slacks.items():
        lines.append(
            f"  {corner:37} {slack.setup_ns:8.3f} {slack.setup_r2r_ns:10.3f} {slack.hold_ns:9.3f}"
        )
    lines += ["", f"{'cell':40} {'count':>6} {'area um2':>12}"]
    for name, (count, area) in sorted(result.cells.items(), key=lambda cell: -cell[1][1]):
        lines.append(f"{name:40} {count:6} {area:12.1f}")
    return "\n".join(lines) + "\n"


def _slack(metrics: Mapping[str, Any], corner: str) -> Slack:
    return Slack(
        setup_ns=float(_metric(metrics, f"timing__setup__ws__corner:{corner}")),
        hold_ns=float(_metric(metrics, f"timing__hold__ws__corner:{corner}")),
        setup_r2r_ns=float(_metric(metrics, f"timing__setup_r2r__ws__corner:{corner}")),
    )


def _metric(metrics: Mapping[str, Any], name: str) -> Decimal:
    if metrics.get(name) is None:
        raise ValueError(f"metric {name} is missing")
    return metrics[name]
