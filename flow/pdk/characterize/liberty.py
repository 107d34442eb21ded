"""Characterised cells as Liberty text, laid out as the released libraries are.

Table groups come before the simple attributes of a group: OpenSTA 2.0 otherwise reads internal
power as 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flow.pdk.characterize.cells import LIBRARY, SEQUENTIAL, Flop, Gater, Latch, Tristate, kind
from flow.pdk.characterize.corners import Corner
from macros.liberty_syntax import THRESHOLDS, UNITS, group, number

__all__ = ["abstracts", "library"]

POWER = {"VPWR": "primary_power", "VGND": "primary_ground", "VPB": "nwell", "VNB": "pwell"}
MAX_TRANSITION_NS = 1.5


def library(
    corner: Corner, records: dict[str, dict[str, Any]], areas: dict[str, float], note: str
) -> str:
    """The whole library.

    Parameters
    ----------
    records: cell -> what its characterisation gave (see `combinational.characterize`).
    areas: cell -> um2.
    note: comment for the head of the file, one or more lines.
    """
    lines = [f"/* {line} */" for line in note.splitlines()]
    lines += [f'library ("{LIBRARY}__{corner.name}") {{', *_head(corner)]
    for cell in sorted(records):
        lines += _indent(_cell(corner, cell, records[cell], areas[cell]))
    return "\n".join([*lines, "}", ""])


def abstracts(pdk: Path) -> dict[str, float]:
    """cell -> area in um2, from the LEF of a sky130A tree."""
    text = (pdk / "libs.ref" / LIBRARY / "lef" / f"{LIBRARY}.lef").read_text()
    sizes = re.findall(r"^MACRO (\S+).*?SIZE\s+(\S+)\s+BY\s+(\S+)", text, re.MULTILINE | re.DOTALL)
    return {cell: float(width) * float(height) for cell, width, height in sizes}


def _head(corner: Corner) -> list[str]:
    volt = f"{corner.volt:g}"
    lines = [
        *UNITS,
        *(
            f'voltage_map ("{name}", {value});'
            for name, value in (("VPWR", volt), ("VPB", volt), ("VGND", 0), ("VNB", 0), ("VSS", 0))
        ),
        "default_cell_leakage_power : 0;",
        "default_fanout_load : 0;",
        "default_inout_pin_cap : 0;",
        "default_input_pin_cap : 0;",
        "default_output_pin_cap : 0;",
        "default_leakage_power_density : 0;",
        f"default_max_transition : {MAX_TRANSITION_NS};",
        'in_place_swap_mode : "match_footprint";',
    ]
    lines += [
        *THRESHOLDS,
        "slew_derate_from_library : 1;",
        "nom_process : 1;",
        f"nom_temperature : {corner.celsius:g};",
        f"nom_voltage : {volt};",
        *_group(
            "operating_conditions",
            corner.name,
            [
                "process : 1;",
                f"temperature : {corner.celsius:g};",
                'tree_type : "balanced_tree";',
                f"voltage : {volt};",
            ],
        ),
        f'default_operating_conditions : "{corner.name}";',
    ]
    slew, load = "input_net_transition", "total_output_net_capacitance"
    ramp, related, constrained = (
        "input_transition_time",
        "related_pin_transition",
        "constrained_pin_transition",
    )
    lines += _template("lu_table_template", "delay", [slew, load], 7)
    lines += _template("power_lut_template", "energy", [ramp, load], 7)
    lines += _template("power_lut_template", "input_energy", [ramp], 3)
    lines += _template("lu_table_template", "constraint", [related, constrained], 3)
    lines += _template("lu_table_template", "pulse", [related], 3)
    return _indent(lines)


def _template(kind: str, name: str, axes: list[str], points: int) -> list[str]:
    numbers = ", ".join(str(k) for k in range(1, points + 1))
    body = [f'variable_{k} : "{axis}";' for k, axis in enumerate(axes, 1)]
    body += [f'index_{k} ("{numbers}");' for k in range(1, len(axes) + 1)]
    return _group(kind, name, body)


def _cell(corner: Corner, cell: str, record: dict[str, Any], area: float) -> list[str]:
    family = kind(cell)
    logic = SEQUENTIAL.get(family)
    values = [value for _, value in record["leakage"]]
    average = sum(values) / len(values) if values else 0.0
    body = [
        f"area : {area:.6g};",
        f'cell_footprint : "{LIBRARY}__{family}";',
        f"cell_leakage_power : {number(average)};",
    ]
    if isinstance(logic, Gater):
        body.append('clock_gating_integrated_cell : "latch_posedge";')
    for state, value in record["leakage"]:
        when = "&".join(name if high else f"!{name}" for name, high in state.items())
        if when:
            leak = [f"value : {number(value)};", f'when : "{when}";']
            body += _group("leakage_power", None, leak)
    for name, role in POWER.items():
        body += _group("pg_pin", name, [f'pg_type : "{role}";', f'voltage_name : "{name}";'])
    body += _register(logic)
    for pin in sorted(record["capacitance"]):
        body += _group("pin", pin, _input(corner, pin, record, logic))
    for pin in sorted(record["functions"]):
        body += _group("pin", pin, _output(corner, pin, record, logic))
    return _group("cell", cell, body)


def _register(logic: Flop | Latch | Gater | Tristate | None) -> list[str]:
    if isinstance(logic, Flop):
        body = [f'clocked_on : "{logic.clock}";', f'next_state : "{logic.next_state}";']
        body += [f'clear : "!{logic.clear}";'] if logic.clear else []
        body += [f'preset : "!{logic.preset}";'] if logic.preset else []
        return ['ff ("IQ", "IQ_N") {', *_indent(body), "}"]
    if isinstance(logic, Latch):
        body = [f'data_in : "{logic.data}";', f'enable : "{logic.enable}";']
        return ['latch ("IQ", "IQ_N") {', *_indent(body), "}"]
    if isinstance(logic, Gater):
        rows = "L L : - : L, L H : - : H, H - : - : N"
        return [
            f'statetable ("{logic.clock} {logic.enable}", "M0") {{',
            *_indent([f'table ("{rows}");']),
            "}",
            *_group("pin", "M0", ['direction : "internal";', 'internal_node : "M0";']),
        ]
    return []


def _input(corner: Corner, pin: str, record: dict[str, Any], logic: Any) -> list[str]:
    lines: list[str] = []
    if energy := record["input_energy"].get(pin):
        axis = [_slews(corner, record)[::3]]
        tables = [
            line
            for edge in ("fall", "rise")
            for line in _table(f"{edge}_power", "input_energy", axis, [energy[edge]])
        ]
        lines += _group("internal_power", None, tables)
    for entry in record.get("constraints", ()):
        if entry["pin"] == pin:
            lines += _group("timing", None, _constraint(corner, entry))
    if pulses := record.get("pulses", {}).get(pin):
        lines += _group("timing", None, _pulse(corner, pin, pulses))
    value = record["capacitance"][pin]
    clocks = [getattr(logic, name, "") for name in ("clock", "enable")]
    clock = pin == clocks[0] or (isinstance(logic, Latch) and pin == clocks[1])
    lines += [
        'direction : "input";',
        f"capacitance : {number((value['rise'] + value['fall']) / 2)};",
        f"fall_capacitance : {number(value['fall'])};",
        f"rise_capacitance : {number(value['rise'])};",
        f"clock : {'true' if clock else 'false'};",
        f"max_transition : {MAX_TRANSITION_NS};",
        'related_ground_pin : "VGND";',
        'related_power_pin : "VPWR";',
    ]
    if isinstance(logic, Gater):
        which = "clock" if pin == logic.clock else "enable"
        lines.append(f"clock_gate_{which}_pin : true;")
    return lines


def _constraint(corner: Corner, entry: dict[str, Any]) -> list[str]:
    axes = [corner.constraint_slew_ns] * 2
    lines = [
        line
        for edge in ("fall", "rise")
        if edge in entry
        for line in _table(f"{edge}_constraint", "constraint", axes, entry[edge])
    ]
    return [*lines, f'related_pin : "{entry["related"]}";', f'timing_type : "{entry["type"]}";']


def _pulse(corner: Corner, pin: str, pulses: dict[str, float]) -> list[str]:
    """Least pulse widths: measured for the fastest ramp; a slower one at least has to get there."""
    slews = corner.constraint_slew_ns
    lines = []
    for level, width in sorted(pulses.items(), reverse=True):
        edge = "rise" if level == "high" else "fall"
        values = [max(width, slew / 0.6) if k else width for k, slew in enumerate(slews)]
        lines += _table(f"{edge}_constraint", "pulse", [slews], [values])
    return [*lines, f'related_pin : "{pin}";', 'timing_type : "min_pulse_width";']


def _output(corner: Corner, pin: str, record: dict[str, Any], logic: Any) -> list[str]:
    loads = record["axes"].get(pin)
    axes = [_slews(corner, record), loads]
    own = [entry for entry in record["timing"] if entry["output"] == pin]
    lines: list[str] = []
    for related, entries in _by_pin(own).items():
        # The released library states one energy per related pin; of two senses it keeps the
        # negative one.
        tables = []
        for edge in ("fall", "rise"):
            found = [entry[edge]["energy"] for entry in entries if edge in entry]
            if found:
                tables += _table(f"{edge}_power", "energy", axes, found[-1])
        lines += _group("internal_power", None, [*tables, f'related_pin : "{related}";'])
    for entry in own:
        lines += _group("timing", None, _timing(entry, axes))
    function = record["functions"][pin]
    name = "state_function" if isinstance(logic, Gater) else "function"
    lines += ['direction : "output";', f'{name} : "{function}";']
    if isinstance(logic, Gater):
        lines.append("clock_gate_out_pin : true;")
    if isinstance(logic, Tristate):
        lines.append(f'three_state : "{logic.disable}";')
        if pin in record.get("output_capacitance", {}):
            lines.append(f"capacitance : {number(record['output_capacitance'][pin])};")
    if loads:
        lines.append(f"max_capacitance : {number(_usable(axes[0], own, loads))};")
    lines += [
        f"max_transition : {MAX_TRANSITION_NS};",
        'power_down_function : "(!VPWR + VGND)";',
        'related_ground_pin : "VGND";',
        'related_power_pin : "VPWR";',
    ]
    return lines


def _slews(corner: Corner, record: dict[str, Any]) -> tuple[float, ...]:
    """Slew axis of a cell's delay tables: the corner's, unless the cell has one of its own."""
    return tuple(record.get("slews", corner.slew_ns))


def _by_pin(entries: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        found.setdefault(entry["pin"], []).append(entry)
    return found


def _usable(slews: tuple[float, ...], entries: list[dict[str, Any]], loads: list[float]) -> float:
    """Largest load whose transition stays within the limit at every slew up to it, read off the
    tables by linear interpolation."""
    rows = [k for k, slew in enumerate(slews) if slew <= MAX_TRANSITION_NS * 1.001]
    least = loads[-1]
    for entry in entries:
        for edge in ("rise", "fall"):
            for row in (entry[edge]["transition"][k] for k in rows if edge in entry):
                least = min(least, _reach(row, loads))
    return least


def _reach(row: list[float], loads: list[float]) -> float:
    if row[-1] <= MAX_TRANSITION_NS * 1.02:
        return loads[-1]
    high = next(k for k, value in enumerate(row) if value > MAX_TRANSITION_NS)
    if high == 0:
        return loads[0]
    part = (MAX_TRANSITION_NS - row[high - 1]) / (row[high] - row[high - 1])
    return loads[high - 1] + part * (loads[high] - loads[high - 1])


def _timing(entry: dict[str, Any], axes: list) -> list[str]:
    lines = []
    for name, quantity in (("cell_{}", "delay"), ("{}_transition", "transition")):
        for edge in ("fall", "rise"):
            if edge in entry:
                lines += _table(name.format(edge), "delay", axes, entry[edge][quantity])
    kinds = {
        "rising_edge": "non_unate",
        "clear": "positive_unate",
        "preset": "negative_unate",
        "three_state_enable": "negative_unate",
    }
    sort = entry.get("type", "combinational")
    sense = kinds.get(sort) or ("positive_unate" if entry["positive"] else "negative_unate")
    return [
        *lines,
        f'related_pin : "{entry["pin"]}";',
        f'timing_sense : "{sense}";',
        f'timing_type : "{sort}";',
    ]


def _table(name: str, template: str, axes: Iterable, rows: list[list[float]]) -> list[str]:
    body = [
        f'index_{k} ("{", ".join(f"{value:.6g}" for value in axis)}");'
        for k, axis in enumerate(axes, 1)
    ]
    texts = [f'"{", ".join(number(value) for value in row)}"' for row in rows]
    body.append(f"values ({', '.join(texts)});")
    return _group(name, template, body)


def _group(name: str, argument: str | None, body: list[str]) -> list[str]:
    return group(name, argument or "", body, indent=2)


def _indent(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]
