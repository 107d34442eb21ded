"""Parasitics of routed nets: a resistor-capacitor tree per net, written as SPEF.

The tree is that of `wiring`; each piece of wire has the capacitance that `capacitance` finds in its
surroundings. Between neighbours on one layer there are coupling capacitances, named in both nets;
what goes to wires above and below is counted to ground, as crossings are many, small and of
uncorrelated nets. Couplings below `LEAST_COUPLING_FF` are counted to ground as well.
Three corners: `min`, `nom`, `max` (`macros.technology.wire_tables`). Units ohm and fF.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from flow.pnr.capacitance import GROUND_NET, Segments, capacitances, lay_out
from flow.pnr.design import Design
from flow.pnr.geometry import Rect, placed
from flow.pnr.power import supply_shapes
from flow.pnr.rules import COLUMN, COLUMN_X, CUTS, LAYERS, MET4, TRACK, TRACK_Y, VIAS, WIDTH
from flow.pnr.wiring import Node, Resistor, Wiring, wiring_of
from macros.store import atomic_write
from macros.technology.parasitics import CONTACT_OHM, SHEET_OHM
from macros.technology.wire_tables import CORNERS, CUT_OHM, SHEET_OHM_AT

__all__ = ["Coupling", "NetTree", "extract", "pads", "static_metal", "write_spef"]

LEAST_COUPLING_FF = 0.05


class Coupling(NamedTuple):
    """`farad` fF from `node` to `other_node` of net `other`."""

    node: Node
    other: int
    other_node: Node
    farad: float


class NetTree(NamedTuple):
    """`resistors`: (node, node, ohm); `capacitors`: node -> fF to ground; pins are nodes
    (-1, k, 0); `couplings` to other nets, which name them too."""

    resistors: list[Resistor]
    capacitors: dict[Node, float]
    couplings: tuple[Coupling, ...] = ()

    @property
    def total(self) -> float:
        return sum(self.capacitors.values()) + sum(c.farad for c in self.couplings)


def extract(design: Design, corner: str = "nom") -> list[NetTree]:
    """The tree of every net of a routed design at a corner (`min`, `nom` or `max`)."""
    if corner not in CORNERS:
        raise ValueError(f"corner must be one of {', '.join(CORNERS)}, not {corner!r}")
    wiring = wiring_of(design)
    metal, arms = lay_out(design.routes.wires, static_metal(design))
    segments, ends = _segments(wiring, pads(design, arms))
    ground, couplings = capacitances(metal, segments, corner)
    capacitors: list[dict[Node, float]] = [
        dict.fromkeys({node for a, b, _ in tree.resistors for node in (a, b)} | tree.points, 0.0)
        for tree in wiring.values()
    ]
    found: list[list[Coupling]] = [[] for _ in wiring]

    def add(segment: int, farad: float) -> None:
        for node in ends[segment]:
            capacitors[segments.net[segment]][node] += farad / 2

    for segment, farad in enumerate(ground.tolist()):
        add(segment, farad)
    for a, b, farad in zip(*(column.tolist() for column in couplings), strict=True):
        if farad < LEAST_COUPLING_FF:
            add(a, farad)
            add(b, farad)
            continue
        for one, two in ((a, b), (b, a)):
            net, other = int(segments.net[one]), int(segments.net[two])
            found[net].append(Coupling(ends[one][0], other, ends[two][0], farad))
    return [
        NetTree(_at_corner(wiring[net].resistors, corner), capacitors[net], tuple(found[net]))
        for net in range(design.nets)
    ]


def _at_corner(resistors: list[Resistor], corner: str) -> list[Resistor]:
    """Resistors of the nominal wiring at a corner: each scales with its layer or its cut."""
    if corner == "nom":
        return resistors
    sheet = [SHEET_OHM_AT[corner][name] / SHEET_OHM[name] for name in LAYERS]
    cut = [CUT_OHM[corner][name] / CONTACT_OHM[name] for name in CUTS]

    def factor(a: Node, b: Node) -> float:
        if -1 in (a[0], b[0]):
            return cut[0]
        return sheet[a[0]] if a[0] == b[0] else cut[max(a[0], b[0])]

    return [(a, b, ohm * factor(a, b)) for a, b, ohm in resistors]


def _segments(
    wiring: dict[int, Wiring], pad_rows: list[tuple[int, int, int, int, float, Node]]
) -> tuple[Segments, list[tuple[Node, Node]]]:
    """All pieces of wire and pads, and the nodes at their ends."""
    rows: list[tuple[int, int, int, int, int, float]] = []
    ends: list[tuple[Node, Node]] = []
    for net, tree in wiring.items():
        for a, b in tree.pieces:
            i0, j0 = (a[1] - COLUMN_X) // COLUMN, (a[2] - TRACK_Y) // TRACK
            i1, j1 = (b[1] - COLUMN_X) // COLUMN, (b[2] - TRACK_Y) // TRACK
            steps = i1 - i0 + (j1 - j0) // (2 if a[0] == MET4 else 1)
            rows.append((net, a[0], i0, j0, steps, 0.0))
            ends.append((a, b))
    for net, layer, i, j, length, at in pad_rows:
        rows.append((net, layer, i, j, 0, length))
        ends.append((at, at))
    table = np.array(rows, float).reshape(-1, 6)
    net, layer, column, track, steps = table[:, :5].astype(np.int64).T
    return Segments(net, layer, column, track, steps, table[:, 5].copy()), ends


def pads(design: Design, arms: np.ndarray) -> list[tuple[int, int, int, int, float, Node]]:
    """(net, layer, column, track, um, node) of the metal of vias and contacts beyond the wires
    there, as length of wire: a pad sticks out where the wire does not go on."""
    found = []
    for net, kind, x, y in design.routes.vias.tolist():
        i, j = (x - COLUMN_X) // COLUMN, (y - TRACK_Y) // TRACK
        sides = [(kind, VIAS[kind].above)]
        if kind:
            sides.append((kind - 1, VIAS[kind].below))
        for layer, (half_x, half_y) in sides:
            along, across = (half_x, half_y) if layer in (0, 2) else (half_y, half_x)
            missing = 2 - min(int(arms[layer, j, i]), 2)
            half = WIDTH[layer] // 2
            length = along * missing + (across - half) * PAD_SIDES
            found.append((net, layer, i, j, length / 1e3, (kind if layer == kind else layer, x, y)))
    return found


PAD_SIDES = 0.5
"""Length of wire that stands for 1 nm by which a pad is wider than its wire, to each side."""


def static_metal(design: Design) -> np.ndarray:
    """[4, tracks, columns] occupancy by metal that is there before routing: supplies, met1 of the
    cells, and macros."""
    columns, tracks = design.die[2] // COLUMN + 1, design.die[3] // TRACK + 1
    metal = np.zeros((4, tracks, columns), np.int32)
    for layer, rect in supply_shapes(design.supplies):
        if layer <= MET4:
            _stamp(metal, layer, rect)
    for k in range(design.instances):
        master = design.master(k)
        where = (master.width, master.height, int(design.x[k]), int(design.y[k]))
        orient = int(design.orient[k])
        if master.is_macro:
            shapes = [(LAYERS.index(n), r) for n, r in master.obstructions if n in LAYERS[:4]]
        else:
            shapes = [(0, rect) for rect in design.cell_library.shapes(master.name).met1]
        for layer, rect in shapes:
            _stamp(metal, layer, placed(rect, orient, *where))
    return metal


def _stamp(metal: np.ndarray, layer: int, rect: Rect) -> None:
    """Mark the nodes that lie in a rectangle."""
    i0, i1 = -(-(rect[0] - COLUMN_X) // COLUMN), (rect[2] - COLUMN_X) // COLUMN
    j0, j1 = -(-(rect[1] - TRACK_Y) // TRACK), (rect[3] - TRACK_Y) // TRACK
    metal[layer, max(j0, 0) : j1 + 1, max(i0, 0) : i1 + 1] = GROUND_NET


def write_spef(
    design: Design, path: Path, trees: list[NetTree] | None = None, corner: str = "nom"
) -> dict[str, float]:
    """Write all nets as SPEF.

    Raises RuntimeError naming the first net with a pin that the tree does not reach.
    """
    trees = trees if trees is not None else extract(design, corner)
    labels = _Labels(design, trees)
    lines = list(_header(design))
    total = 0.0
    for net, tree in enumerate(trees):
        _check_connected(design, net, tree)
        total += tree.total
        lines += _net_lines(design, net, tree, labels)
    atomic_write(path, "\n".join([*lines, ""]))
    return {
        "parasitics__nets": float(design.nets),
        "parasitics__capacitance__total": total,
        "parasitics__capacitance__coupling": sum(c.farad for t in trees for c in t.couplings),
    }


def _check_connected(design: Design, net: int, tree: NetTree) -> None:
    count = int(design.pin_start[net + 1] - design.pin_start[net])
    if count < 2:
        return
    reached = {node[1] for a, b, _ in tree.resistors for node in (a, b) if node[0] == -1}
    nodes = {node for a, b, _ in tree.resistors for node in (a, b)}
    if len(reached) < count or len(nodes) != len(tree.resistors) + 1:
        raise RuntimeError(f"parasitics of net {design.net_names[net]} do not reach all its pins")


def _header(design: Design) -> Iterator[str]:
    yield '*SPEF "IEEE 1481-1998"'
    yield f'*DESIGN "{design.name}"'
    yield '*DATE "-"'
    yield '*VENDOR "Spikeout"'
    yield '*PROGRAM "spikeout pnr"'
    yield '*VERSION "1"'
    yield '*DESIGN_FLOW "NETLIST_TYPE_VERILOG"'
    yield "*DIVIDER /"
    yield "*DELIMITER :"
    yield "*BUS_DELIMITER []"
    yield "*T_UNIT 1 NS"
    yield "*C_UNIT 1 FF"
    yield "*R_UNIT 1 OHM"
    yield "*L_UNIT 1 HENRY"
    yield "*PORTS"
    for port in design.ports:
        yield f"{port.name} {'I' if port.direction == 'input' else 'O'}"


class _Labels:
    """Names of nodes in the file: pins by instance and pin, other nodes numbered per net."""

    def __init__(self, design: Design, trees: list[NetTree]) -> None:
        self._design = design
        ports = {port.net: port.name for port in design.ports}
        self.nets = [ports.get(net) or _escaped(n) for net, n in enumerate(design.net_names)]
        self._numbers = [
            {node: k for k, node in enumerate(sorted(n for n in t.capacitors if n[0] >= 0), 1)}
            for t in trees
        ]

    def pin(self, net: int, position: int) -> str:
        at = int(self._design.pin_start[net]) + position
        instance, index = int(self._design.pin_instance[at]), int(self._design.pin_index[at])
        if instance < 0:
            return self._design.ports[-1 - instance].name
        pin = self._design.master(instance).signal_pins[index]
        return f"{_escaped(self._design.instance_names[instance])}:{pin.name}"

    def node(self, net: int, node: Node) -> str:
        if node[0] == -1:
            return self.pin(net, node[1])
        return f"{self.nets[net]}:{self._numbers[net][node]}"


def _net_lines(design: Design, net: int, tree: NetTree, labels: _Labels) -> Iterator[str]:
    yield f"*D_NET {labels.nets[net]} {tree.total:.4f}"
    yield "*CONN"
    for position, (instance, index) in enumerate(design.net_pins(net)):
        if instance < 0:
            port = design.ports[-1 - instance]
            yield f"*P {port.name} {'I' if port.direction == 'input' else 'O'}"
        else:
            pin = design.master(instance).signal_pins[index]
            direction = "O" if pin.direction == "output" else "I"
            yield f"*I {labels.pin(net, position)} {direction}"
    yield "*CAP"
    number = 0
    for node, farad in sorted(tree.capacitors.items()):
        if farad:
            number += 1
            yield f"{number} {labels.node(net, node)} {farad:.5f}"
    for coupling in tree.couplings:
        number += 1
        other = labels.node(coupling.other, coupling.other_node)
        yield f"{number} {labels.node(net, coupling.node)} {other} {coupling.farad:.5f}"
    yield "*RES"
    for k, (a, b, ohm) in enumerate(tree.resistors, 1):
        yield f"{k} {labels.node(net, a)} {labels.node(net, b)} {ohm:.4f}"
    yield "*END"


def _escaped(name: str) -> str:
    return "".join(c if c.isalnum() or c == "_" else f"\\{c}" for c in name)
