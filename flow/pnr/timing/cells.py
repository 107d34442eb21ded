"""What repair must know of the cells, from Liberty: sizes, loads they can drive, delays.

Limits hold at all corners at once: the least load, the largest pin. Units fF and ns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from flow.pdk import liberty_reader
from flow.pdk.liberty_reader import Group
from flow.pnr.dont_use import DONT_USE

__all__ = ["SLEW_NS", "Cell", "Cells", "read_cells"]

SLEW_NS = 1.0
"""Transition that a driver is sized for at the slowest corner, when its input is as slow: two
thirds of what the library allows, for routes longer than the estimate."""
LOAD_SHARE = 0.8
"""Share of max_capacitance that the estimated load may take."""
TYPICAL_SLEW_NS, TYPICAL_LOAD_FF = 0.1, 5.0
"""Where the delay of a buffer is read: behind a register, before one."""


@dataclass
class Cell:
    """Pins of a cell by name without index: `inputs` in fF; `outputs`, the load in fF each can
    drive; `delay` of a buffer by corner in ns, the faster edge."""

    footprint: str
    inputs: dict[str, float] = field(default_factory=dict)
    outputs: dict[str, float] = field(default_factory=dict)
    delay: dict[str, float] = field(default_factory=dict)

    @property
    def is_buffer(self) -> bool:
        return bool(self.delay)


class Cells(dict[str, Cell]):
    """Master -> cell."""

    def larger(self, master: str) -> list[str]:
        """Cells of the same function and pins with more drive, the weakest first."""
        cell = self.get(master)
        if cell is None or not cell.outputs or not cell.footprint:
            return []
        least = min(cell.outputs.values())
        found = [
            (min(other.outputs.values()), name)
            for name, other in self.items()
            if other.footprint == cell.footprint
            and other.inputs.keys() == cell.inputs.keys()
            and other.outputs.keys() == cell.outputs.keys()
            and name not in DONT_USE
        ]
        return [name for drive, name in sorted(found) if drive > least]

    def load_of(self, master: str, pin: str) -> float:
        """fF of an input pin, 0 for a cell without timing (a diode)."""
        cell = self.get(master)
        return cell.inputs.get(pin.partition("[")[0], 0.0) if cell else 0.0

    def limit_of(self, master: str, pin: str) -> float:
        """fF that an output pin can drive, infinite where the library does not say."""
        cell = self.get(master)
        return cell.outputs.get(pin.partition("[")[0], np.inf) if cell else np.inf


def read_cells(liberties: Mapping[str, Sequence[Path]]) -> Cells:
    """The cells that every corner's files have."""
    corners = tuple((corner, tuple(paths)) for corner, paths in sorted(liberties.items()))
    stamps = tuple(path.stat().st_mtime_ns for _, paths in corners for path in paths)
    return _read(corners, stamps)


@lru_cache(maxsize=2)
def _read(corners: tuple[tuple[str, tuple[Path, ...]], ...], _: tuple[int, ...]) -> Cells:
    found: dict[str, Cell] = {}
    seen: dict[str, int] = {}
    for corner, paths in corners:
        for path in paths:
            for group in liberty_reader.read(path).groups("cell"):
                seen[group.name] = seen.get(group.name, 0) + 1
                cell = found.setdefault(group.name, Cell(group.text("cell_footprint").strip('"')))
                _add_corner(cell, group, corner)
    return Cells({name: cell for name, cell in found.items() if seen[name] >= len(corners)})


def _add_corner(cell: Cell, group: Group, corner: str) -> None:
    for name, pin in _pins(group):
        if pin.text("direction").strip('"') == "input":
            farad = max(
                float(pin.simple[key])
                for key in ("capacitance", "rise_capacitance", "fall_capacitance")
                if key in pin.simple
            )
            cell.inputs[name] = max(cell.inputs.get(name, 0.0), 1e3 * farad)
        else:
            cell.outputs[name] = min(cell.outputs.get(name, np.inf), _drive(pin))
            if _buffers(group, pin):
                cell.delay[corner] = _delay(pin)


def _pins(cell: Group) -> Iterator[tuple[str, Group]]:
    """Pins, and one pin for each bus."""
    yield from ((pin.name, pin) for pin in cell.groups("pin"))
    for bus in cell.groups("bus"):
        for pin in bus.groups("pin"):
            pin.simple = {**bus.simple, **pin.simple}
            yield bus.name, pin
            break
        else:
            yield bus.name, bus


def _buffers(cell: Group, pin: Group) -> bool:
    """Whether a pin gives what the only input of its cell has."""
    inputs = [p.name for p in cell.groups("pin") if p.text("direction").strip('"') == "input"]
    function = re.sub(r"[\s()\"]", "", pin.text("function"))
    return len(inputs) == 1 and function == inputs[0]


def _tables(pin: Group, *kinds: str) -> Iterator[Group]:
    for timing in pin.groups("timing"):
        for kind in kinds:
            yield from timing.groups(kind)


def _drive(pin: Group) -> float:
    """The load in fF up to which the transition stays below `SLEW_NS`."""
    limit = 1e3 * LOAD_SHARE * float(pin.simple.get("max_capacitance", "inf"))
    for table in _tables(pin, "rise_transition", "fall_transition"):
        index = table.numbers("index_2")
        if not index:
            continue
        loads, slews = np.array(index[0]), _at_slew(table, SLEW_NS)
        if slews[-1] > SLEW_NS:
            limit = min(limit, 1e3 * float(np.interp(SLEW_NS, slews, loads)))
    return limit


def _delay(pin: Group) -> float:
    """Delay in ns at a typical place, the faster edge."""
    return min(
        float(np.interp(TYPICAL_LOAD_FF / 1e3, table.numbers("index_2")[0], row))
        for table in _tables(pin, "cell_rise", "cell_fall")
        if table.complex.get("index_2")
        for row in [_at_slew(table, TYPICAL_SLEW_NS)]
    )


def _at_slew(table: Group, slew: float) -> np.ndarray:
    """The row of a table at an input transition in ns, between its rows."""
    index, values = table.numbers("index_1")[0], np.array(table.numbers("values"))
    return np.array([np.interp(slew, index, column) for column in values.T])
