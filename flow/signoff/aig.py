"""And-inverter graphs of a design's next-state functions: the form in which two designs compare.

A literal is 2 * node + (1 if inverted); node 0 is constant false. Every register and every black
box is cut open: what it gives is an input of the graph, what it takes is an output. A register
behind a clock gate is one that keeps its value while the enable is low, on the clock before it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CLOCK_GATE", "Aig", "evaluate", "from_json", "write_aiger"]

FALSE, TRUE = 0, 1
PIN_OF_CELL = re.compile(r"(^|\.)_\d+_\.\w+$")
IGNORED = {"$scopeinfo"}
CLOCK_GATE = re.compile(r"__(s?)dlclkp_\d+$")
"""The library's clock gates: GCLK is CLK, and low if GATE (of sdlclkp: GATE or SCE) was low before
the edge."""


@dataclass
class Aig:
    """A combinational graph.

    Attributes
    ----------
    inputs : name -> literal
    outputs : name -> literal
    gates : (literal, literal, literal): first = second and third, in topological order
    registers : register -> all names of its net
    unknowns : constants x that were taken as 0
    """

    inputs: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)
    gates: list[tuple[int, int, int]] = field(default_factory=list)
    registers: dict[str, list[str]] = field(default_factory=dict)
    unknowns: int = 0


def from_json(module: Mapping[str, Any], kept: Iterable[str]) -> Aig:
    """Graph of a flat module of Yosys' JSON that holds $_AND_, $_NOT_, $_DFF_P_, clock gates and
    black boxes.

    Inputs and outputs are named `port[0]`, `box.pin[3]`; register `r` gives `r` and takes `r.D` and
    `r.CLK`. `registers` maps it to all names of its net. ValueError for any other cell, and for a
    clock behind a gate that drives anything but registers.
    """
    boxes, names = set(kept), _names(module)
    graph, drivers, literal = Aig(), {}, {"0": FALSE, "1": TRUE, "x": FALSE, "z": FALSE}
    sinks: list[tuple[str, Any]] = []

    def source(name: str, bit: Any) -> None:
        graph.inputs[name] = literal[bit] = 2 * (len(graph.inputs) + 1)

    pins_of = {name: cell["connections"] for name, cell in module["cells"].items()}
    gated = {
        pins_of[name]["GCLK"][0]: pins_of[name]
        for name, cell in module["cells"].items()
        if CLOCK_GATE.search(cell["type"])
    }
    for port, content in module["ports"].items():
        for index, bit in enumerate(content["bits"]):
            if content["direction"] == "input":
                source(f"{port}[{index}]", bit)
            else:
                sinks.append((f"{port}[{index}]", bit))
    for instance, cell in sorted(module["cells"].items()):
        kind, pins = cell["type"], cell["connections"]
        if kind in ("$_AND_", "$_NOT_"):
            drivers[pins["Y"][0]] = [pins["A"][0], pins["B"][0] if kind == "$_AND_" else None]
        elif kind == "$_DFF_P_":
            known = names.get(pins["Q"][0], [instance])
            graph.registers[known[0]] = known
            source(known[0], pins["Q"][0])
            data, clock = pins["D"][0], pins["C"][0]
            while clock in gated:
                data = _kept(drivers, gated[clock], data, pins["Q"][0])
                clock = gated[clock]["CLK"][0]
            sinks += [(f"{known[0]}.D", data), (f"{known[0]}.CLK", clock)]
        elif kind in boxes:
            for pin, bits in pins.items():
                for index, bit in enumerate(bits):
                    name = f"{instance}.{pin}[{index}]"
                    if cell["port_directions"][pin] == "output":
                        source(name, bit)
                    else:
                        sinks.append((name, bit))
        elif kind not in IGNORED and not CLOCK_GATE.search(kind):
            raise ValueError(f"{instance} is a {kind}, which the comparison does not know")
    used = {bit for _, bit in sinks} | {bit for pair in drivers.values() for bit in pair}
    if odd := used & gated.keys():
        name = min(names.get(bit, ["its output"])[0] for bit in odd)
        raise ValueError(f"a gated clock drives more than registers: {name}")
    graph.unknowns = sum(bit == "x" for _, bit in sinks)
    _order(graph, drivers, literal, [bit for _, bit in sinks])
    graph.outputs = {name: literal[bit] for name, bit in sinks}
    return graph


def _kept(drivers: dict, gate: Mapping[str, Any], data: Any, value: Any) -> Any:
    """The bit `data` while the clock gate's enable is high, else `value`, as gates in `drivers`."""

    def add(left: Any, right: Any = None) -> Any:
        bit = ("added", len(drivers))
        drivers[bit] = [left, right]
        return bit

    idle = add(gate["GATE"][0])
    if "SCE" in gate:
        idle = add(idle, add(gate["SCE"][0]))
    taken, kept = add(add(add(idle), data)), add(add(idle, value))  # both inverted
    return add(add(taken, kept))


def _names(module: Mapping[str, Any]) -> dict[int, list[str]]:
    """Bit -> names of its net, the shortest first, pins that a flattened cell left behind last."""
    found: dict[int, list[str]] = {}
    for name, content in module["netnames"].items():
        bits = content["bits"]
        for index, bit in enumerate(bits):
            found.setdefault(bit, []).append(name if len(bits) == 1 else f"{name}[{index}]")
    return {
        bit: sorted(names, key=lambda n: (PIN_OF_CELL.search(n) is not None, len(n), n))
        for bit, names in found.items()
    }


def _order(graph: Aig, drivers: dict, literal: dict, roots: list[Any]) -> None:
    """Give every bit in the cone of the roots a literal, gates after what they need."""
    following = len(graph.inputs) + 1
    stack = list(reversed(roots))
    while stack:
        bit = stack[-1]
        if bit in literal:
            stack.pop()
            continue
        if bit not in drivers:
            raise ValueError(f"net {bit} has no driver")
        left, right = drivers[bit]
        waiting = [other for other in (left, right) if other is not None and other not in literal]
        if waiting:
            if len(stack) > 4 * len(drivers) + 64:
                raise ValueError("the logic has a loop")
            stack += waiting
            continue
        stack.pop()
        if right is None:
            literal[bit] = literal[left] ^ 1
        else:
            literal[bit] = 2 * following
            graph.gates.append((2 * following, literal[left], literal[right]))
            following += 1


def evaluate(graph: Aig, values: Mapping[str, int], width: int) -> dict[str, int]:
    """Output -> its values in `width` situations, one a bit of an integer; a missing input is 0."""
    full = (1 << width) - 1
    value = {FALSE: 0, TRUE: full}
    for name, literal in graph.inputs.items():
        value[literal] = values.get(name, 0)
        value[literal ^ 1] = value[literal] ^ full
    for result, left, right in graph.gates:
        value[result] = value[left] & value[right]
        value[result ^ 1] = value[result] ^ full
    return {name: value[literal] for name, literal in graph.outputs.items()}


def patterns(names: Iterable[str], width: int, seed: int) -> dict[str, int]:
    """Random values, the same for the same seed."""
    generator = random.Random(seed)
    return {name: generator.getrandbits(width) for name in sorted(names)}


def write_aiger(graph: Aig, inputs: Mapping[str, str | int], outputs: Sequence[str]) -> bytes:
    """Binary AIGER with the inputs renamed: name -> new name, or 0 or 1 for a constant.

    Inputs with one new name become one; all new names are inputs, in sorted order.
    """
    names = sorted({str(new) for new in inputs.values() if new not in (0, 1)})
    order = {name: k for k, name in enumerate(names)}
    literal = {FALSE: FALSE, TRUE: TRUE}
    for name, old in graph.inputs.items():
        new = inputs[name]
        literal[old] = int(new) if new in (0, 1) else 2 * (order[str(new)] + 1)
        literal[old ^ 1] = literal[old] ^ 1
    body = bytearray()
    following = len(order) + 1
    for result, left, right in graph.gates:
        high, low = sorted((literal[left], literal[right]), reverse=True)
        literal[result] = 2 * following
        literal[result ^ 1] = 2 * following + 1
        for delta in (2 * following - high, high - low):
            while delta >= 128:
                body.append(128 | (delta & 127))
                delta >>= 7
            body.append(delta)
        following += 1
    head = f"aig {following - 1} {len(order)} 0 {len(outputs)} {len(graph.gates)}\n"
    lines = "".join(f"{literal[graph.outputs[name]]}\n" for name in outputs)
    return (head + lines).encode() + bytes(body)
