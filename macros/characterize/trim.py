"""From the netlist of a whole macro to one small enough to simulate, with its wires.

Trimming folds: nets that carry the same waveform become one net, and leaves of one type on the same
nets become one leaf that stands for many (transistors get a multiplicity, wires divide their
resistance and multiply their capacitance). Folding is exact where the waveforms are equal; which
ones are taken for equal is all this method assumes:
    bits        all but the observed one carry equal data at equal addresses
    columns     of the same bit, those that the same ones of the addresses select
    decoder     outputs that have the same value at all addresses, of gates of one kind whose paths
                differ in their numbers alone; rows that no address selects follow, with all of
                their cells
    any gate    the same type with the same inputs and alike loads
Control logic, replica column, flip-flops of address and control, the decoder's paths of the
addresses, and their rows of the observed column remain as they are, at full load. Energy and
leakage are those of the whole macro, since nothing is left out.

A wire is split between its driver and its loads: half its resistance in series, which gives the
Elmore delay of its far end, and its whole capacitance at the loads.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from macros.characterize.netlist import Leaf, Macro
from macros.characterize.wires import Placement, wire_of

__all__ = ["Circuit", "Element", "Folding", "far", "fold", "part", "whole"]

_OUTPUTS = {"Z", "Q", "dout"}
_ARRAY = ("cell_1rw", "replica_cell_1rw", "dummy_cell_1rw")
SUPPLIES = {"vccd1", "vssd1"}


@dataclass(frozen=True)
class Element:
    """A transistor of the circuit, `count` of them in parallel; sizes in um, width of a finger;
    `shared` when another gate lies beyond its contacts: in the array, and between fingers."""

    name: str
    nets: tuple[str, str, str, str]
    model: str
    width_um: float
    length_um: float
    count: int
    shared: bool


@dataclass
class Circuit:
    """What is simulated.

    Members
    -------
    resistors: (net, net, ohm); capacitors: (net, fF).
    member: net of the macro -> net of the circuit that stands for it, on the loads' side.
    leaves: the kept leaves with the classes of their nets.
    """

    elements: list[Element] = field(default_factory=list)
    resistors: list[tuple[str, str, float]] = field(default_factory=list)
    capacitors: list[tuple[str, float]] = field(default_factory=list)
    member: dict[str, str] = field(default_factory=dict)
    leaves: list[Leaf] = field(default_factory=list)

    @property
    def transistors(self) -> int:
        return len(self.elements)


Folding = Mapping[str, str]
"""Net -> name of its class."""


def whole(macro: Macro, placement: Placement) -> Circuit:
    """The circuit with nothing folded."""
    nets = {net for leaf in macro.leaves for net in leaf.nets.values()}
    return _circuit(macro, placement, {net: net for net in nets})


def fold(macro: Macro, placement: Placement, addresses: Sequence[int], bit: int) -> Circuit:
    """The circuit that serves accesses to `addresses` and shows the waveforms of one `bit`."""
    return _circuit(macro, placement, _Classes(macro, addresses, bit).folding())


def part(leaves: Iterable[Leaf]) -> Circuit:
    """A circuit of some leaves alone, without wires."""
    circuit = Circuit(leaves=list(leaves))
    for leaf in circuit.leaves:
        nets = tuple(leaf.nets[pin] for pin in leaf.kind.pins)
        circuit.elements += _elements(leaf, nets, 1, lambda _leaf, _pin, net: net)
        circuit.member |= {net: net for net in nets}
    return circuit


class _Classes:
    """Finds nets with equal waveforms by hashing forward from the inputs."""

    def __init__(self, macro: Macro, addresses: Sequence[int], bit: int) -> None:
        self.macro, self.addresses, self.bit = macro, addresses, bit
        self.driver = {
            net: leaf for leaf in macro.leaves for pin, net in leaf.nets.items() if pin in _OUTPUTS
        }
        self.loads: dict[str, tuple[tuple[str, str, int], ...]] = _loads(macro)
        self.keys: dict[str, int] = {}
        self.numbers: dict[object, int] = {}
        self.patterns: dict[str, tuple[int, ...] | None] = {}
        self._seed_data()

    def folding(self) -> Folding:
        names: dict[object, str] = {}
        found = {}
        for leaf in self.macro.leaves:
            for net in leaf.nets.values():
                if net not in found:
                    found[net] = names.setdefault(self.key(net), net)
        return found

    def key(self, net: str) -> int:
        """What two nets of the same waveform have in common."""
        if net not in self.keys:
            self.keys[net] = self._number(self._derive(net))
        return self.keys[net]

    def _number(self, what: object) -> int:
        return self.numbers.setdefault(what, len(self.numbers))

    def _derive(self, net: str) -> object:
        leaf = self.driver.get(net)
        if leaf is None:
            return "net", net
        value = self.value(net) if "port_address" in leaf.path else None
        if value is not None and len(set(value)) == 1:
            return "quiet", leaf.kind.name, re.sub(r"\d+", "", net), value[0]
        inputs = tuple(self.key(n) for pin, n in leaf.nets.items() if pin not in _OUTPUTS)
        return "gate", leaf.kind.name, inputs, self.loads[net]

    def _seed_data(self) -> None:
        """Classes of data inputs and of bit lines: the observed bit and the others; of the columns
        that feed a bit, the select line tells which of them are alike."""
        bit_of = {}  # line that ends on a sense amplifier -> (side, bit)
        for leaf in self.macro.leaves:
            if leaf.kind.name == "sense_amp":
                observed = leaf.nets["dout"] == f"dout0[{self.bit}]"
                for side in ("bl", "br"):
                    bit_of[leaf.nets[side]] = (side, observed)
        for leaf in self.macro.leaves:
            if not leaf.kind.name.endswith("column_mux"):
                continue
            chosen = self.value(leaf.nets["sel"])
            for side in ("bl", "br"):
                bit = bit_of[leaf.nets[f"{side}_out"]]
                self.keys[leaf.nets[side]] = self._number(("column", bit, chosen))
        for net, bit in bit_of.items():
            self.keys[net] = self._number(("line", bit))
        for pin in self.macro.pins:
            if pin.startswith("din0["):
                self.keys[pin] = self._number(("din", pin == f"din0[{self.bit}]"))

    def value(self, net: str) -> tuple[int, ...] | None:
        """Logic values of a net over (address, word lines enabled), or None where it depends on
        more than these."""
        if net not in self.patterns:
            self.patterns[net] = None  # a loop never settles
            self.patterns[net] = self._evaluate(net)
        return self.patterns[net]

    def _evaluate(self, net: str) -> tuple[int, ...] | None:
        if net in SUPPLIES:
            return (int(net == "vccd1"),) * (2 * len(self.addresses))
        if net == "wl_en0":
            return (0, 1) * len(self.addresses)
        if net.startswith("addr0["):
            weight = int(net[len("addr0[") : -1])
            return tuple(address >> weight & 1 for address in self.addresses for _ in (0, 1))
        leaf = self.driver.get(net)
        if leaf is None:
            return None
        if leaf.kind.name == "dff":
            return self.value(leaf.nets["D"])
        inputs = [self.value(leaf.nets[pin]) for pin in ("A", "B", "C") if pin in leaf.nets]
        if any(one is None for one in inputs):
            return None
        return tuple(1 - min(values) for values in zip(*inputs, strict=True))


def _loads(macro: Macro) -> dict[str, tuple[tuple[str, str, int], ...]]:
    """Net -> types and pins of the leaves on it, each with how many there are."""
    found: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for leaf in macro.leaves:
        for pin, net in leaf.nets.items():
            found[net][leaf.kind.name, pin] += 1
    return {
        net: tuple(sorted((kind, pin, count) for (kind, pin), count in pins.items()))
        for net, pins in found.items()
    }


def _circuit(macro: Macro, placement: Placement, folding: Folding) -> Circuit:
    circuit = Circuit()
    members = Counter(folding.values())
    merged: dict[tuple[str, tuple[str, ...]], list[Leaf]] = defaultdict(list)
    for leaf in macro.leaves:
        nets = tuple(folding[leaf.nets[pin]] for pin in leaf.kind.pins)
        merged[leaf.kind.name, nets].append(leaf)
    for (_, nets), leaves in merged.items():
        leaf = leaves[0]
        circuit.leaves.append(
            Leaf(leaf.path, leaf.kind, dict(zip(leaf.kind.pins, nets, strict=True)))
        )
        circuit.elements += _elements(leaf, nets, len(leaves), _side(folding))
    circuit.member = {net: far(name) for net, name in folding.items()}
    for name, count in members.items():
        if name in SUPPLIES:
            continue
        wire = wire_of(name, placement)
        circuit.capacitors.append((far(name), wire.ff * count))
        circuit.resistors.append((name, far(name), wire.ohm / 2 / count))
    return circuit


def _drives(leaf: Leaf, pin: str) -> bool:
    """Whether a leaf sits at the driven end of its net: outputs, and cells at the far end of their
    bit lines."""
    return pin in _OUTPUTS or (leaf.kind.name in _ARRAY and pin in ("bl", "br"))


def _side(folding: Folding) -> Callable[[Leaf, str, str], str]:
    def side(leaf: Leaf, pin: str, net: str) -> str:
        return net if net in SUPPLIES or _drives(leaf, pin) else far(net)

    return side


def far(net: str) -> str:
    """The loads' side of a net's wire."""
    return net if net in SUPPLIES else f"{net}~"


def _elements(
    leaf: Leaf, nets: tuple[str, ...], count: int, side: Callable[[Leaf, str, str], str]
) -> Iterator[Element]:
    outside = {pin: side(leaf, pin, net) for pin, net in zip(leaf.kind.pins, nets, strict=True)}
    for one in leaf.kind.transistors:
        drain, gate, source, bulk = (outside.get(n, f"{leaf.path}.{n}") for n in one.nets)
        yield Element(
            f"{leaf.path}.{one.name}",
            (drain, gate, source, bulk),
            one.model,
            one.width_um / one.fingers,
            one.length_um,
            one.fingers * count,
            leaf.kind.name in _ARRAY or one.fingers > 1,
        )
