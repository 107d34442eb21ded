"""The timing of a finished chip's ports as Liberty, for a design that holds the chip as a macro.

    text = timing_model(timed, "nom_ss_100C_1v60", folder, area_um2=333_400.0)

OpenSTA 2.0 has no command for it; it measures here, on the netlist with its extracted wires, the
slack at every port under ideal surroundings, for a row of input transitions and output loads.
Setup and hold are against the rising clock at the rated period; a delay is the longest. Clock tree
and wires are in it, margins and derates are not: they belong to the constraints of the whole.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from flow.pdk.characterize.corners import CORNERS, Corner
from flow.signoff.opensta import TimedDesign, run_corner
from flow.signoff.verdict import NoVerdict
from macros.liberty_syntax import THRESHOLDS, UNITS, bus_type, group, number, row, template

__all__ = ["LOADS_PF", "TRANSITIONS_NS", "timing_model"]

CONSTRAINTS = Path(__file__).with_name("constraints") / "interface.sdc"
SCRIPT = Path(__file__).with_suffix(".tcl")
TRANSITIONS_NS = (0.02, 0.1, 0.3, 0.75, 1.5)
"""Of the inputs, 20 % to 80 %."""
LOADS_PF = (0.0005, 0.01, 0.03, 0.08, 0.2)
"""At the outputs, beyond their own wires."""
UNBOUND = 1e29
"""OpenSTA's slack of a pin that no path goes through is 1e30."""
SUPPLIES = {"VPWR": "primary_power", "VGND": "primary_ground"}
LINE = re.compile(r"^%(INPUT|OUTPUT) (rise|fall) (\S+) (\S+) (.+)$", re.MULTILINE)
CAPACITANCE = re.compile(r"^%CAPACITANCE (\S+) (.+)$", re.MULTILINE)
THROUGH = re.compile(r"^%THROUGH (.+)$", re.MULTILINE)


@dataclass
class Ports:
    """What OpenSTA said: capacitance of inputs in pF; port -> quantity -> a value in ns for each
    transition or load."""

    clock: str
    min_period_ns: float = 0.0
    leakage_nw: float = 0.0
    capacitance: dict[str, float] = field(default_factory=dict)
    inputs: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    outputs: dict[str, dict[str, list[float]]] = field(default_factory=dict)


def timing_model(timed: TimedDesign, corner: str, folder: Path, area_um2: float) -> str:
    """Liberty text of the chip at one corner; OpenSTA's log is kept in `folder/<corner>`.

    Raises `NoVerdict` when OpenSTA did not come to its end, and for a chip with a path from an
    input to an output that no register is on: such a path has no place in this model.
    """
    surroundings = replace(timed, constraints=CONSTRAINTS)
    log, _ = run_corner(
        surroundings,
        corner,
        folder,
        SCRIPT,
        _MODEL_TRANSITIONS=" ".join(map(str, TRANSITIONS_NS)),
        _MODEL_LOADS=" ".join(map(str, LOADS_PF)),
    )
    ports = _read(log, timed.settings["CLOCK_PORT"])
    conditions = CORNERS[corner.partition("_")[2]]
    return _liberty(timed.name, corner, conditions, ports, area_um2)


def _read(log: str, clock: str) -> Ports:
    if "%MODEL_DONE\n" not in log:
        raise NoVerdict("OpenSTA did not measure the ports")
    if through := THROUGH.search(log):
        raise NoVerdict(f"no timing model: a path from {through[1]} reaches an output unregistered")
    ports = Ports(clock, _only("PERIOD", log), _only("LEAKAGE", log))
    ports.capacitance = {name: float(value) for value, name in CAPACITANCE.findall(log)}
    for kind, edge, first, second, name in LINE.findall(log):
        if abs(float(first)) > UNBOUND or abs(float(second)) > UNBOUND:
            continue
        where = ports.inputs if kind == "INPUT" else ports.outputs
        titles = ("setup", "hold") if kind == "INPUT" else ("delay", "transition")
        tables = where.setdefault(name, defaultdict(list))
        for title, value in zip(titles, (first, second), strict=True):
            tables[f"{title} {edge}"].append(float(value))
    return ports


def _only(name: str, log: str) -> float:
    found = re.search(rf"^%{name} (\S+)$", log, re.MULTILINE)
    if found is None or not math.isfinite(float(found[1])):
        raise NoVerdict(f"OpenSTA gave no {name.lower()}")
    return float(found[1])


def _liberty(name: str, corner: str, conditions: Corner, ports: Ports, area_um2: float) -> str:
    pins = sorted({*ports.capacitance, *ports.outputs}, key=_place)
    buses = _buses(pins)
    head = [
        *UNITS,
        f'voltage_map ("VPWR", {conditions.volt:g});',
        'voltage_map ("VGND", 0);',
        *THRESHOLDS,
        "slew_derate_from_library : 1;",
        "nom_process : 1;",
        f"nom_temperature : {conditions.celsius:g};",
        f"nom_voltage : {conditions.volt:g};",
        *template("constraint", {"constrained_pin_transition": TRANSITIONS_NS}),
        *template("output", {"total_output_net_capacitance": LOADS_PF}),
    ]
    for width in sorted({width for width in buses.values() if width}):
        head += bus_type(f"bits{width}", width)
    cell: list[str] = []
    for supply, kind in SUPPLIES.items():
        cell += group("pg_pin", supply, [f'pg_type : "{kind}";', f'voltage_name : "{supply}";'])
    for bus, width in buses.items():
        members = [bus] if not width else [f"{bus}[{bit}]" for bit in range(width)]
        lines = [line for pin in members for line in group("pin", pin, _pin(pin, ports))]
        if width:
            direction = "output" if members[0] in ports.outputs else "input"
            about = [f'bus_type : "bits{width}";', f'direction : "{direction}";']
            lines = group("bus", bus, [*about, *lines])
        cell += lines
    cell += [
        f"area : {area_um2:.3f};",
        f"cell_leakage_power : {number(ports.leakage_nw)};",
        "dont_touch : true;",
        "dont_use : true;",
        "interface_timing : true;",
        "is_macro_cell : true;",
    ]
    library = group("library", f"{name}__{corner}", [*head, *group("cell", name, cell)])
    notes = [f"/* {line} */" for line in _note(name, conditions)]
    return "\n".join([*notes, *library, ""])


def _note(name: str, conditions: Corner) -> Sequence[str]:
    return (
        f"Timing of the ports of {name}: process {conditions.process}, {conditions.volt:g} V,"
        f" {conditions.celsius:g} C.",
        "Measured with OpenSTA on the routed netlist with extracted wires; the clock tree is in",
        "it, margins and derates are not. Setup and hold are against the rising clock at its",
        "rated period, delays are the longest. Leakage is there, power at work is not.",
    )


def _pin(name: str, ports: Ports) -> list[str]:
    supplies = [
        f'related_{kind}_pin : "{pin}";'
        for kind, pin in zip(("power", "ground"), SUPPLIES, strict=True)
    ]
    if name in ports.outputs:
        return [
            *_arc(ports, "rising_edge", "output", _delays(ports.outputs[name])),
            'direction : "output";',
            f"max_capacitance : {LOADS_PF[-1]:g};",
            f"max_transition : {TRANSITIONS_NS[-1]:g};",
            *supplies,
        ]
    lines = [
        f"capacitance : {number(ports.capacitance[name])};",
        'direction : "input";',
        f"max_transition : {TRANSITIONS_NS[-1]:g};",
        *supplies,
    ]
    if name == ports.clock:
        return ["clock : true;", f"min_period : {number(ports.min_period_ns)};", *lines]
    if name in ports.inputs:
        tables = ports.inputs[name]
        checks = [
            line
            for check in ("hold", "setup")
            for line in _arc(ports, f"{check}_rising", "constraint", _checks(tables, check))
        ]
        lines = [*checks, *lines]
    return lines


def _delays(tables: dict[str, list[float]]) -> dict[str, list[float]]:
    return {
        "cell_fall": tables["delay fall"],
        "cell_rise": tables["delay rise"],
        "fall_transition": tables["transition fall"],
        "rise_transition": tables["transition rise"],
    }


def _checks(tables: dict[str, list[float]], check: str) -> dict[str, list[float]]:
    return {f"{edge}_constraint": tables[f"{check} {edge}"] for edge in ("fall", "rise")}


def _arc(ports: Ports, kind: str, axes: str, tables: dict[str, list[float]]) -> list[str]:
    lines = [
        line
        for name, values in tables.items()
        for line in group(name, axes, [f"values ({row(values)});"])
    ]
    return group(
        "timing", "", [*lines, f'related_pin : "{ports.clock}";', f'timing_type : "{kind}";']
    )


def _buses(pins: Sequence[str]) -> dict[str, int]:
    """Port -> its number of bits, 0 for one that is no bus."""
    found: dict[str, int] = {}
    for pin in pins:
        bus, bit = _place(pin)
        found[bus] = bit + 1
    return found


def _place(pin: str) -> tuple[str, int]:
    """(bus, bit); bit -1 for a port of its own."""
    bus, _, bit = pin.partition("[")
    return bus, int(bit.rstrip("]")) if bit else -1
