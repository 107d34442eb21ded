"""The powered netlist of a chip as SPICE: for simulators, and for other tools' layout comparison.

    text = spice_netlist(read_gates(netlist), pin_orders([cells, macro]))

The cells stay subcircuits of their library. That the layout has these connections is what the
check `lvs` proves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from flow.signoff.powered_netlist import Gates
from flow.signoff.verdict import NoVerdict

__all__ = ["pin_orders", "spice_netlist"]

HEADER = re.compile(r"^\.subckt\s+((?:.|\n\+)*)", re.MULTILINE | re.IGNORECASE)
LONGEST = 100
"""Characters of a line; SPICE goes on in the next one after a `+`."""


def pin_orders(libraries: Iterable[Path]) -> dict[str, list[str]]:
    """Subcircuit -> its pins in order, of all SPICE files; names keep their case."""
    found = {}
    for path in libraries:
        for header in HEADER.findall(path.read_text()):
            name, *pins = header.replace("\n+", " ").split()
            found[name] = [pin for pin in pins if "=" not in pin]
    return found


def spice_netlist(gates: Gates, orders: Mapping[str, Sequence[str]]) -> str:
    """SPICE text with the chip as a subcircuit, its ports in the order of the Verilog.

    Raises `NoVerdict` for a cell without a subcircuit, and for a pin that it has not.
    """
    connected: dict[str, dict[str, str]] = {name: {} for name in gates.cells}
    for (instance, pin), net in gates.pins.items():
        connected[instance][pin] = net
    names = _Names()
    lines = [f"* {gates.name}: cells and macros are subcircuits of their libraries"]
    lines += _wrapped([".subckt", gates.name, *(names.of(net) for net in gates.ports.values())])
    for instance, master in gates.cells.items():
        if master not in orders:
            raise NoVerdict(f"no SPICE library has the cell {master} of {instance}")
        nets = connected[instance]
        if unknown := nets.keys() - set(orders[master]):
            raise NoVerdict(f"the SPICE subcircuit {master} has no pin {min(unknown)}")
        wires = (names.of(nets[pin]) if pin in nets else names.open() for pin in orders[master])
        lines += _wrapped([f"X{instance}", *wires, master])
    return "\n".join([*lines, f".ends {gates.name}", ""])


class _Names:
    """Names of nets for a language that does not tell upper from lower case."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._taken: set[str] = set()
        self._opened = 0

    def of(self, net: str) -> str:
        if net not in self._given:
            self._given[net] = self._free(net)
        return self._given[net]

    def open(self) -> str:
        """A net for a pin that nothing is connected to."""
        self._opened += 1
        return self._free(f"open_{self._opened}")

    def _free(self, name: str) -> str:
        while name.lower() in self._taken:
            name += "_"
        self._taken.add(name.lower())
        return name


def _wrapped(words: Sequence[str]) -> Iterator[str]:
    line = words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) > LONGEST:
            yield line
            line = "+"
        line += f" {word}"
    yield line
