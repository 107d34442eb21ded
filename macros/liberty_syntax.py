"""Liberty as text: groups, tables, and the head that every library here begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["THRESHOLDS", "UNITS", "bus_type", "group", "number", "row", "template"]

UNITS = (
    'technology ("cmos");',
    'delay_model : "table_lookup";',
    'bus_naming_style : "%s[%d]";',
    'time_unit : "1ns";',
    'voltage_unit : "1V";',
    'leakage_power_unit : "1nW";',
    'current_unit : "1mA";',
    'pulling_resistance_unit : "1kohm";',
    'capacitive_load_unit (1, "pf");',
)
THRESHOLDS = (
    *(f"{s}_threshold_pct_{edge} : 50;" for s in ("input", "output") for edge in ("fall", "rise")),
    *(
        f"slew_{side}_threshold_pct_{edge} : {percent};"
        for side, percent in (("lower", 20), ("upper", 80))
        for edge in ("fall", "rise")
    ),
)
"""Delays from 50 % to 50 % of the supply, transitions from 20 % to 80 %."""


def group(kind: str, name: str, body: Sequence[str], indent: int = 4) -> list[str]:
    """`kind ("name") { body }`, a line each."""
    shown = f'"{name}"' if name else ""
    return [f"{kind} ({shown}) {{", *(" " * indent + line for line in body), "}"]


def number(value: float) -> str:
    return f"{value:.5g}"


def row(values: Sequence[float]) -> str:
    return '"' + ", ".join(number(value) for value in values) + '"'


def template(name: str, axes: Mapping[str, Sequence[float]]) -> list[str]:
    """A table's axes: what each stands for, and its points."""
    body = [f'variable_{k} : "{axis}";' for k, axis in enumerate(axes, 1)]
    body += [f"index_{k} ({row(points)});" for k, points in enumerate(axes.values(), 1)]
    return group("lu_table_template", name, body)


def bus_type(name: str, width: int) -> list[str]:
    """A bus from bit `width` - 1 down to 0."""
    body = [
        'base_type : "array";',
        'data_type : "bit";',
        f"bit_width : {width};",
        f"bit_from : {width - 1};",
        "bit_to : 0;",
        "downto : true;",
    ]
    return group("type", name, body)
