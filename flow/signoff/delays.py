"""The delays of a netlist as OpenSTA wrote them, in a form that every simulator can use.

    delays = read_delays(Path("digits__nom_ss_100C_1v60.sdf"), late=True)
    delays.paths["_07158_"]["A", "Y"]        # (rise, fall) in ns

Icarus knows neither INTERCONNECT nor conditional paths nor timing checks. So the delay of a wire is
added to the paths of the cell behind it, paths of one pin pair become one (the slowest or the
fastest), and the limits of setup and hold are moved from inside the cell to its pins: data that
arrives later by its wire needs more setup, a clock that arrives later needs less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flow.signoff.verdict import NoVerdict

__all__ = ["Delays", "Limit", "read_delays", "write_sdf"]

LINE = re.compile(
    r"""^\s*\((?:
      (?P<kind>CELLTYPE|DESIGN)\s+"(?P<name>[^"]+)"\)
      | INSTANCE\s+(?P<instance>\S+)\)
      | INTERCONNECT\s+(?P<source>\S+)\s+(?P<sink>\S+)\s+(?P<wire>.*)\)
      | IOPATH\s+(?:\(\w+\s+(?P<edge_input>\S+)\)|(?P<input>\S+))\s+(?P<output>\S+)\s+(?P<path>.*)\)
      | (?P<check>SETUP|HOLD)\s+(?:\(\w+\s+(?P<edge_data>\S+)\)|(?P<data>\S+))
        \s+\((?P<edge>\w+)\s+(?P<clock>[^)]+)\)\s+(?P<limit>.*)\)
    )\s*$""",
    re.VERBOSE,
)
TRIPLE = re.compile(r"\((-?[\d.]+):(?:-?[\d.]*):(-?[\d.]+)\)")


@dataclass(frozen=True)
class Limit:
    """Setup and hold in ns at a cell's pins, against an edge ("posedge") of its clock pin."""

    clock: str
    edge: str
    setup: float
    hold: float


@dataclass
class Delays:
    """Delays of one corner, ns.

    Attributes
    ----------
    masters : instance -> master
    paths : instance -> (input, output) -> (rise, fall) of the output, wires included
    limits : instance -> data pin -> Limit
    """

    design: str = ""
    masters: dict[str, str] = field(default_factory=dict)
    paths: dict[str, dict[tuple[str, str], tuple[float, float]]] = field(default_factory=dict)
    limits: dict[str, dict[str, Limit]] = field(default_factory=dict)


def read_delays(path: Path, *, late: bool) -> Delays:
    """Read an SDF of OpenSTA: its maximum values when `late`, else its minimum values.

    `NoVerdict` when it is truncated, or has no delay at all.
    """
    text = path.read_text(errors="replace")
    if text.count("(") != text.count(")"):
        raise NoVerdict(f"{path} is truncated: its parentheses do not close")
    worse = max if late else min
    found, wires = Delays(), dict[str, float]()
    checks: dict[tuple[str, str, str, str], dict[str, float]] = {}
    instance = master = ""
    for match in filter(None, map(LINE.match, text.splitlines())):
        if match["kind"] == "DESIGN":
            found.design = match["name"]
        elif match["kind"]:
            master = match["name"]
        elif match["instance"]:
            instance = match["instance"].replace("\\", "")
            found.masters[instance] = master
        elif match["sink"]:
            wires[match["sink"].replace("\\", "")] = worse(_values(match["wire"], late))
        elif match["output"]:
            key = (match["edge_input"] or match["input"], match["output"])
            rise, *rest = _values(match["path"], late)
            new = (rise, rest[0] if rest else rise)
            old = found.paths.setdefault(instance, {}).get(key, new)
            found.paths[instance][key] = (worse(old[0], new[0]), worse(old[1], new[1]))
        else:
            data = match["edge_data"] or match["data"]
            slot = checks.setdefault((instance, data, match["clock"], match["edge"]), {})
            limit = max(_values(match["limit"], True))
            slot[match["check"]] = max(slot.get(match["check"], limit), limit)
    if not found.paths:
        raise NoVerdict(f"{path} holds no delay")
    _fold(found, wires, checks)
    return found


def _values(text: str, late: bool) -> list[float]:
    return [float(pair[late]) for pair in TRIPLE.findall(text)]


def _fold(
    found: Delays,
    wires: dict[str, float],
    checks: dict[tuple[str, str, str, str], dict[str, float]],
) -> None:
    """Move the wires into the paths and limits behind them."""
    for instance, paths in found.paths.items():
        for (pin, output), (rise, fall) in paths.items():
            wire = wires.get(f"{instance}/{pin}", 0.0)
            paths[pin, output] = (max(rise + wire, 0.0), max(fall + wire, 0.0))
    for (instance, data, clock, edge), limit in checks.items():
        shift = wires.get(f"{instance}/{data}", 0.0) - wires.get(f"{instance}/{clock}", 0.0)
        setup, hold = limit.get("SETUP", 0.0) + shift, limit.get("HOLD", 0.0) - shift
        found.limits.setdefault(instance, {})[data] = Limit(clock, edge, setup, hold)


def write_sdf(delays: Delays, names: dict[str, str], masters: set[str]) -> str:
    """SDF text of the paths of the instances of `masters`, under other instance names."""
    return "\n".join(_sdf_lines(delays, names, masters)) + "\n"


def _sdf_lines(delays: Delays, names: dict[str, str], masters: set[str]) -> Iterator[str]:
    yield "(DELAYFILE"
    yield ' (SDFVERSION "3.0")'
    yield f' (DESIGN "{delays.design}")'
    yield " (DIVIDER .)"
    yield " (TIMESCALE 1ns)"
    for instance, paths in delays.paths.items():
        if delays.masters[instance] not in masters:
            continue
        yield f' (CELL (CELLTYPE "{delays.masters[instance]}") (INSTANCE {names[instance]})'
        yield "  (DELAY (ABSOLUTE"
        for (pin, output), (rise, fall) in paths.items():
            yield f"   (IOPATH {pin} {output} ({rise:.3f}) ({fall:.3f}))"
        yield "  )))"
    yield ")"
