"""Parasitics of routed nets: a resistor-capacitor tree per net, written as SPEF.

The tree is that of `wiring`; each piece of wire has the capacitance that `capacitance` finds in its
surroundings. Between neighbours on one layer there are coupling capacitances, named in both nets;
what goes to wires above and below is counted to ground, as crossings are many, small and of
uncorrelated nets. Couplings below `LEAST_COUPLING_FF` are counted to ground as well.
Three corners: `min`, `nom`, `max` (`macros.technology.wire_tables`). Units ohm and fF.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from flow.pnr.beyond import metal_beyond
from flow.pnr.capacitance import GROUND_NET, Segments, Surroundings, capacitances, lay_out, wire_for
from flow.pnr.collector import uncollected
from flow.pnr.design import Design
from flow.pnr.geometry import Rect, placed
from flow.pnr.lef import Master
from flow.pnr.loops import tree_of
from flow.pnr.power import supply_shapes
from flow.pnr.rules import COLUMN, COLUMN_X, CUTS, LAYERS, MET4, TRACK, TRACK_Y
from flow.pnr.wiring import Node, Resistor, Wiring, wiring_of
from macros.store import atomic_write
from macros.technology.parasitics import CONTACT_OHM, SHEET_OHM
from macros.technology.wire_tables import CORNERS, CUT_OHM, SHEET_OHM_AT

__all__ = [
    "Coupling",
    "NetTree",
    "driver_of",
    "extract",
    "grid_size",
    "resistance_tree",
    "segments_of",
    "surroundings",
    "write_spef",
]

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


@uncollected()
def extract(design: Design, corner: str = "nom") -> list[NetTree]:
    """The tree of every net of a routed design at a corner (`min`, `nom` or `max`)."""
    if corner not in CORNERS:
        raise ValueError(f"corner must be one of {', '.join(CORNERS)}, not {corner!r}")
    wiring = wiring_of(design)
    segments, ends = segments_of(design, wiring)
    ground, couplings = capacitances(surroundings(design), segments, corner)
    capacitors: list[dict[Node, float]] = [
        dict.fromkeys({node for a, b, _ in net.resistors for node in (a, b)} | net.points, 0.0)
        for net in wiring.values()
    ]
    found: list[list[Coupling]] = [[] for _ in wiring]
    a, b, farad = couplings
    small = farad < LEAST_COUPLING_FF
    for side in (a, b):
        ground = ground + np.bincount(side[small], farad[small], len(ground))
    for net, (one, two), value in zip(segments.net.tolist(), ends, ground.tolist(), strict=True):
        capacitors[net][one] += value / 2
        capacitors[net][two] += value / 2
    for one, two, value in zip(
        a[~small].tolist(), b[~small].tolist(), farad[~small].tolist(), strict=True
    ):
        for here, there in ((one, two), (two, one)):
            net, other = int(segments.net[here]), int(segments.net[there])
            found[net].append(Coupling(ends[here][0], other, ends[there][0], value))
    return [
        NetTree(
            resistance_tree(design, net, wiring[net], corner), capacitors[net], tuple(found[net])
        )
        for net in range(design.nets)
    ]


def resistance_tree(
    design: Design, net: int, wiring: Wiring, corner: str = "nom"
) -> list[Resistor]:
    """The tree of resistors of a net at a corner, true from its driver to every pin."""
    whole = wiring._replace(
        resistors=_at_corner(wiring.resistors, corner), loops=_at_corner(wiring.loops, corner)
    )
    return tree_of(whole, driver_of(design, net))


def driver_of(design: Design, net: int) -> Node:
    """The pin that drives a net, else its first."""
    for k, (instance, index) in enumerate(design.net_pins(net)):
        if instance < 0:
            driving = design.ports[-1 - instance].direction == "input"
        else:
            driving = design.master(instance).signal_pins[index].direction == "output"
        if driving:
            return -1, k, 0
    return -1, 0, 0


def _at_corner(resistors: Sequence[Resistor], corner: str) -> list[Resistor]:
    """Resistors of the nominal wiring at a corner: each scales with its layer or its cut."""
    if corner == "nom":
        return list(resistors)
    sheet = [SHEET_OHM_AT[corner][name] / SHEET_OHM[name] for name in LAYERS]
    cut = [CUT_OHM[corner][name] / CONTACT_OHM[name] for name in CUTS]

    def factor(a: Node, b: Node) -> float:
        if -1 in (a[0], b[0]):
            return cut[0]
        return sheet[a[0]] if a[0] == b[0] else cut[max(a[0], b[0])]

    return [(a, b, ohm * factor(a, b)) for a, b, ohm in resistors]


def segments_of(
    design: Design, wiring: dict[int, Wiring]
) -> tuple[Segments, list[tuple[Node, Node]]]:
    """All pieces of wire and metal beyond them, and the nodes at their ends."""
    ends = [piece for tree in wiring.values() for piece in tree.pieces]
    net = np.repeat(np.array([*wiring], np.int64), [len(tree.pieces) for tree in wiring.values()])
    at = np.array(ends, np.int64).reshape(-1, 2, 3)
    i, j = (at[:, :, 1] - COLUMN_X) // COLUMN, (at[:, :, 2] - TRACK_Y) // TRACK
    layer = at[:, 0, 0]
    steps = np.diff(i)[:, 0] + np.diff(j)[:, 0] // np.where(layer == MET4, 2, 1)
    runs = np.column_stack([net, layer, i[:, 0], j[:, 0], steps])
    columns, tracks = grid_size(design)
    beyond = metal_beyond(design.routes)
    i = np.rint((beyond[:, 2] - COLUMN_X) / COLUMN).astype(int).clip(0, columns - 1)
    j = np.rint((beyond[:, 3] - TRACK_Y) / TRACK).astype(int).clip(0, tracks - 1)
    for net_of, on, x, y in beyond[:, :4].tolist():
        point = _nearest(wiring[net_of].points, (on, x, y))
        ends.append((point, point))
    pads = np.column_stack([beyond[:, :2], i, j, np.zeros(len(beyond), np.int64)])
    length = np.append(np.zeros(len(runs)), wire_for(beyond[:, 4], beyond[:, 1]))
    is_beyond = np.repeat(np.array([0, 1], np.int8), [len(runs), len(pads)])
    net, layer, column, track, steps = np.concatenate([runs, pads]).T
    return Segments(net, layer, column, track, steps, length, is_beyond), ends


def _nearest(points: set[Node], at: Node) -> Node:
    """The point itself, or the nearest of its layer."""
    if at in points:
        return at
    return min(points, key=lambda p: (p[0] != at[0], abs(p[1] - at[1]) + abs(p[2] - at[2]), p))


def grid_size(design: Design) -> tuple[int, int]:
    """Columns and tracks of the routing grid."""
    return design.die[2] // COLUMN + 1, design.die[3] // TRACK + 1


def surroundings(design: Design) -> Surroundings:
    """Everything on the routing grid: wires, supplies, and what cells and macros hold."""
    columns, tracks = grid_size(design)
    metal = np.zeros((5, tracks, columns), np.int32)
    li1 = np.zeros((tracks, columns))
    for layer, rect in supply_shapes(design.supplies):
        _stamp(metal, layer, rect)
    shares: dict[str, np.ndarray] = {}
    for k in range(design.instances):
        master = design.master(k)
        where = (master.width, master.height, int(design.x[k]), int(design.y[k]))
        orient = int(design.orient[k])
        if master.is_macro:
            supplies = [pin for pin in master.pins.values() if not pin.is_signal]
            metal_of = master.obstructions + [shape for pin in supplies for shape in pin.shapes]
            shapes = [(LAYERS.index(n), r) for n, r in metal_of if n in LAYERS]
        else:
            shapes = [(0, rect) for rect in design.cell_library.shapes(master.name).met1]
            if master.name not in shares:
                shares[master.name] = _li1_shares(design, master)
            share = shares[master.name]
            share = share[:: -1 if orient & 1 else 1, :: -1 if orient & 2 else 1]
            i, j = where[2] // COLUMN, where[3] // TRACK
            li1[j : j + share.shape[0], i : i + share.shape[1]] = share
        for layer, rect in shapes:
            _stamp(metal, layer, placed(rect, orient, *where))
    return Surroundings(lay_out(design.routes.wires, metal), li1)


def _li1_shares(design: Design, master: Master) -> np.ndarray:
    """[tracks, columns] of a cell: share of the area around each node that has li1."""
    rects = design.cell_library.shapes(master.name).li1
    found = np.zeros((master.height // TRACK, master.width // COLUMN))
    for x0, y0, x1, y1 in rects:
        for j in range(found.shape[0]):
            high = min(y1, (j + 1) * TRACK) - max(y0, j * TRACK)
            if high <= 0:
                continue
            for i in range(found.shape[1]):
                wide = min(x1, (i + 1) * COLUMN) - max(x0, i * COLUMN)
                found[j, i] += max(wide, 0) * high / COLUMN / TRACK
    return np.minimum(found, 1.0)


def _stamp(metal: np.ndarray, layer: int, rect: Rect) -> None:
    """Mark the nodes that lie in a rectangle."""
    i0, i1 = -(-(rect[0] - COLUMN_X) // COLUMN), (rect[2] - COLUMN_X) // COLUMN
    j0, j1 = -(-(rect[1] - TRACK_Y) // TRACK), (rect[3] - TRACK_Y) // TRACK
    metal[layer, max(j0, 0) : j1 + 1, max(i0, 0) : i1 + 1] = GROUND_NET


@uncollected()
def write_spef(
    design: Design, path: Path, trees: list[NetTree] | None = None, corner: str = "nom"
) -> dict[str, float]:
    """Write all nets as SPEF.

    Raises RuntimeError naming the first net with a pin that the tree does not reach.
    """
    trees = trees if trees is not None else extract(design, corner)
    labels = _labels(design, trees)
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


class _Labels(NamedTuple):
    """Names in the file, per net: its own, and of its nodes, pins by instance and pin, all others
    numbered."""

    nets: list[str]
    nodes: list[dict[Node, str]]


def _labels(design: Design, trees: list[NetTree]) -> _Labels:
    ports = {port.net: port.name for port in design.ports}
    instances = [_escaped(name) for name in design.instance_names]
    nets = [ports.get(net) or _escaped(name) for net, name in enumerate(design.net_names)]
    nodes: list[dict[Node, str]] = []
    for net, tree in enumerate(trees):
        inner = sorted(node for node in tree.capacitors if node[0] >= 0)
        named = {node: f"{nets[net]}:{k}" for k, node in enumerate(inner, 1)}
        for position, (instance, index) in enumerate(design.net_pins(net)):
            if instance < 0:
                label = design.ports[-1 - instance].name
            else:
                pin = design.master(instance).signal_pins[index].name
                label = f"{instances[instance]}:{pin}"
            named[-1, position, 0] = label
        nodes.append(named)
    return _Labels(nets, nodes)


def _net_lines(design: Design, net: int, tree: NetTree, labels: _Labels) -> Iterator[str]:
    names = labels.nodes[net]
    yield f"*D_NET {labels.nets[net]} {tree.total:.4f}"
    yield "*CONN"
    for position, (instance, index) in enumerate(design.net_pins(net)):
        if instance < 0:
            port = design.ports[-1 - instance]
            yield f"*P {port.name} {'I' if port.direction == 'input' else 'O'}"
        else:
            pin = design.master(instance).signal_pins[index]
            direction = "O" if pin.direction == "output" else "I"
            yield f"*I {names[-1, position, 0]} {direction}"
    yield "*CAP"
    number = 0
    for node, farad in sorted(tree.capacitors.items()):
        if farad:
            number += 1
            yield f"{number} {names[node]} {farad:.5f}"
    for coupling in tree.couplings:
        number += 1
        other = labels.nodes[coupling.other][coupling.other_node]
        yield f"{number} {names[coupling.node]} {other} {coupling.farad:.5f}"
    yield "*RES"
    for k, (a, b, ohm) in enumerate(tree.resistors, 1):
        yield f"{k} {names[a]} {names[b]} {ohm:.4f}"
    yield "*END"


def _escaped(name: str) -> str:
    return "".join(c if c.isalnum() or c == "_" else f"\\{c}" for c in name)
