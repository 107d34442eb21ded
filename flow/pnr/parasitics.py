"""Parasitics of routed nets: a resistor-capacitor tree per net, written as SPEF.

Every wire is cut where vias and contacts stand on it. A piece has the sheet resistance of its layer
and a capacitance from its own surroundings: to the next metal below (looked up on the routing grid,
the substrate where there is none), to the next metal above, and to the neighbours on both sides at
the distance at which they run. Coupling capacitances are counted to ground (no switching factor).
Coefficients: `macros.technology.parasitics`, typical process only; units ohm and fF.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from flow.pnr.design import Design
from flow.pnr.geometry import placed
from flow.pnr.rules import COLUMN, COLUMN_X, LAYERS, MET4, TRACK, TRACK_Y, WIDTH
from macros.store import atomic_write
from macros.technology.parasitics import CONTACT_OHM, SHEET_OHM, WIRE

__all__ = ["NetTree", "extract", "write_spef"]

VIA_OHM = tuple(CONTACT_OHM[name] for name in ("mcon", "via", "via2", "via3"))
SIDE_STEP = (TRACK, COLUMN, 2 * TRACK, 2 * COLUMN)
"""Distance to the next track of each layer, nm."""
FARTHEST = 2  # tracks to either side in which a neighbour is looked for
"""Node of a net: (layer, x, y); a pin: (-1, index of the pin in the net, 0)."""
Node = tuple[int, int, int]


class NetTree(NamedTuple):
    """`resistors`: (node, node, ohm); `capacitors`: node -> fF; pins are nodes (-1, k, 0)."""

    resistors: list[tuple[Node, Node, float]]
    capacitors: dict[Node, float]

    @property
    def total(self) -> float:
        return sum(self.capacitors.values())


def extract(design: Design) -> list[NetTree]:
    """The tree of every net of a routed design."""
    metal = _occupancy(design)
    wires, vias, patches = (
        _by_net(rows, design.nets)
        for rows in (design.routes.wires, design.routes.vias, design.routes.patches)
    )
    return [
        _tree(design, net, wires[net], vias[net], patches[net], metal) for net in range(design.nets)
    ]


def _by_net(rows: np.ndarray, nets: int) -> list[list[list[int]]]:
    result: list[list[list[int]]] = [[] for _ in range(nets)]
    for row in rows.tolist():
        result[row[0]].append(row[1:])
    return result


def _occupancy(design: Design) -> np.ndarray:
    """[4, tracks, columns] net number + 1 of the wire at each grid node, 0 where there is none."""
    columns, tracks = design.die[2] // COLUMN + 1, design.die[3] // TRACK + 1
    metal = np.zeros((4, tracks, columns), np.int32)
    for net, layer, x0, y0, x1, y1 in design.routes.wires.tolist():
        i0, i1 = (x0 - COLUMN_X) // COLUMN, (x1 - COLUMN_X) // COLUMN
        j0, j1 = (y0 - TRACK_Y) // TRACK, (y1 - TRACK_Y) // TRACK
        metal[layer, j0 : j1 + 1, i0 : i1 + 1] = net + 1
    return metal


def _tree(
    design: Design,
    net: int,
    wires: list[list[int]],
    vias: list[list[int]],
    patches: list[list[int]],
    metal: np.ndarray,
) -> NetTree:
    resistors: list[tuple[Node, Node, float]] = []
    capacitors: dict[Node, float] = {}
    points: set[Node] = set()
    for kind, x, y in vias:
        points.add((kind, x, y))
        if kind > 0:
            points.add((kind - 1, x, y))
            resistors.append(((kind - 1, x, y), (kind, x, y), VIA_OHM[kind]))
    points |= _patched_points(wires, patches)
    for layer, x0, y0, x1, y1 in wires:
        on_wire = {(layer, x0, y0), (layer, x1, y1)}
        on_wire |= {p for p in points if p[0] == layer and x0 <= p[1] <= x1 and y0 <= p[2] <= y1}
        ordered = sorted(on_wire)
        points |= on_wire
        for a, b in pairwise(ordered):
            length = (b[1] - a[1] + b[2] - a[2]) / 1e3
            ohm = SHEET_OHM[LAYERS[layer]] * length / (WIDTH[layer] / 1e3)
            resistors.append((a, b, ohm))
            farad = _piece_capacitance(metal, net, a, b)
            for node in (a, b):
                capacitors[node] = capacitors.get(node, 0.0) + farad / 2
    _join_patches(patches, points, resistors)
    _join_pins(design, net, patches, points, resistors)
    for node in {node for a, b, _ in resistors for node in (a, b)} | points:
        capacitors.setdefault(node, 0.0)
    return NetTree(_spanning(resistors), capacitors)


def _patched_points(wires: list[list[int]], patches: list[list[int]]) -> set[Node]:
    """Where a patch meets the middle of a wire: the point of its centre line nearest the centre."""
    points = set()
    for layer, left, bottom, right, top in patches:
        for on, x0, y0, x1, y1 in wires:
            if on == layer and x0 <= right and left <= x1 and y0 <= top and bottom <= y1:
                x = min(max((left + right) // 2, x0), x1)
                y = min(max((bottom + top) // 2, y0), y1)
                points.add((layer, x, y))
    return points


def _piece_capacitance(metal: np.ndarray, net: int, a: Node, b: Node) -> float:
    """Capacitance of the piece of wire from a to b, fF."""
    layer = a[0]
    i0, j0 = (a[1] - COLUMN_X) // COLUMN, (a[2] - TRACK_Y) // TRACK
    i1, j1 = (b[1] - COLUMN_X) // COLUMN, (b[2] - TRACK_Y) // TRACK
    along_x = j0 == j1
    steps = max(i1 - i0, j1 - j0)
    if steps == 0:
        return 0.0
    total = 0.0
    width = WIDTH[layer] / 1e3
    unit = (b[1] - a[1] + b[2] - a[2]) / 1e3 / steps
    for k in range(steps):
        i, j = (i0 + k, j0) if along_x else (i0, j0 + k)
        below = _next_metal(metal, layer, i, j, -1)
        wire = WIRE[LAYERS[layer], LAYERS[below] if below >= 0 else "field"]
        total += wire.area * width * unit
        above = _next_metal(metal, layer, i, j, 1)
        if above >= 0:
            upper = WIRE[LAYERS[above], LAYERS[layer]]
            total += upper.area * width * unit * min(1.0, WIDTH[above] / 1e3 / unit)
        for side in (-1, 1):
            coupling, fringe = wire.edge(_side_distance(metal, net, layer, i, j, side))
            total += (coupling + fringe) * unit
    return total


def _next_metal(metal: np.ndarray, layer: int, i: int, j: int, step: int) -> int:
    """The next layer below or above with a wire at the node, -1 when there is none."""
    other = layer + step
    while 0 <= other <= MET4:
        if metal[other, j, i]:
            return other
        other += step
    return -1


def _side_distance(metal: np.ndarray, net: int, layer: int, i: int, j: int, side: int) -> float:
    """Distance in um to the next wire of another net beside the node; inf when there is none."""
    for away in range(1, FARTHEST + 1):
        reach = side * away * (1 if layer < 2 else 2)
        ii, jj = (i, j + reach) if layer in (0, 2) else (i + reach, j)
        if not (0 <= jj < metal.shape[1] and 0 <= ii < metal.shape[2]):
            return float("inf")
        if metal[layer, jj, ii] not in (0, net + 1):
            return (away * SIDE_STEP[layer] - WIDTH[layer]) / 1e3
    return float("inf")


def _join_patches(
    patches: list[list[int]], points: set[Node], resistors: list[tuple[Node, Node, float]]
) -> None:
    """Connect the points that one patch covers, in order along it."""
    for layer, x0, y0, x1, y1 in patches:
        covered = sorted(
            p for p in points if p[0] == layer and x0 <= p[1] <= x1 and y0 <= p[2] <= y1
        )
        width = min(x1 - x0, y1 - y0) / 1e3
        for a, b in pairwise(covered):
            length = (abs(b[1] - a[1]) + abs(b[2] - a[2])) / 1e3
            resistors.append((a, b, SHEET_OHM[LAYERS[layer]] * length / width))


def _join_pins(
    design: Design,
    net: int,
    patches: list[list[int]],
    points: set[Node],
    resistors: list[tuple[Node, Node, float]],
) -> None:
    """Connect every pin to a point on one of its shapes, or on a patch that meets one."""
    ordered = sorted(points)
    for k, (instance, index) in enumerate(design.net_pins(net)):
        for name, shape in _pin_shapes(design, instance, index):
            layer = 0 if name == "li1" else LAYERS.index(name)
            reached = _first_inside(ordered, layer, shape)
            if reached is None and name != "li1":
                reached = next(
                    (
                        point
                        for on, *patch in patches
                        if on == layer and _overlap(patch, shape)
                        if (point := _first_inside(ordered, layer, patch)) is not None
                    ),
                    None,
                )
            if reached is not None:
                resistors.append((reached, (-1, k, 0), VIA_OHM[0] if name == "li1" else 0.001))
                break


def _first_inside(points: list[Node], layer: int, rect: Sequence[int]) -> Node | None:
    x0, y0, x1, y1 = rect
    inside = (p for p in points if p[0] == layer and x0 <= p[1] <= x1 and y0 <= p[2] <= y1)
    return next(inside, None)


def _overlap(a: Sequence[int], b: Sequence[int]) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _pin_shapes(design: Design, instance: int, index: int) -> list[tuple[str, tuple[int, ...]]]:
    if instance < 0:
        port = design.ports[-1 - instance]
        if port.layer is None or port.rect is None:
            return []
        return [(LAYERS[port.layer], port.rect)]
    master = design.master(instance)
    where = (master.width, master.height, int(design.x[instance]), int(design.y[instance]))
    return [
        (layer, placed(rect, int(design.orient[instance]), *where))
        for layer, rect in master.signal_pins[index].shapes
        if layer == "li1" or layer in LAYERS[:4]
    ]


def _spanning(resistors: list[tuple[Node, Node, float]]) -> list[tuple[Node, Node, float]]:
    """The resistors without those that close a loop (patches run beside wires)."""
    parent: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    kept = []
    for a, b, ohm in resistors:
        ra, rb = root(a), root(b)
        if ra != rb:
            parent[ra] = rb
            kept.append((a, b, max(ohm, 0.001)))
    return kept


def write_spef(design: Design, path: Path, trees: list[NetTree] | None = None) -> dict[str, float]:
    """Write all nets as SPEF.

    Raises RuntimeError naming the first net with a pin that the tree does not reach.
    """
    trees = trees if trees is not None else extract(design)
    lines = list(_header(design))
    total = 0.0
    for net, tree in enumerate(trees):
        _check_connected(design, net, tree)
        total += tree.total
        lines += _net_lines(design, net, tree)
    atomic_write(path, "\n".join([*lines, ""]))
    return {"parasitics__nets": float(design.nets), "parasitics__capacitance__total": total}


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


def _net_lines(design: Design, net: int, tree: NetTree) -> Iterator[str]:
    ports = {port.net: port.name for port in design.ports}
    name = ports.get(net) or _escaped(design.net_names[net])
    yield f"*D_NET {name} {tree.total:.4f}"
    yield "*CONN"
    pins = list(design.net_pins(net))
    pin_names = []
    for instance, index in pins:
        if instance < 0:
            port = design.ports[-1 - instance]
            pin_names.append(port.name)
            yield f"*P {port.name} {'I' if port.direction == 'input' else 'O'}"
        else:
            pin = design.master(instance).signal_pins[index]
            pin_names.append(f"{_escaped(design.instance_names[instance])}:{pin.name}")
            yield f"*I {pin_names[-1]} {'O' if pin.direction == 'output' else 'I'}"
    number = {node: k for k, node in enumerate(sorted(n for n in tree.capacitors if n[0] >= 0), 1)}

    def label(node: Node) -> str:
        return pin_names[node[1]] if node[0] == -1 else f"{name}:{number[node]}"

    yield "*CAP"
    for k, (node, farad) in enumerate(sorted(tree.capacitors.items()), 1):
        if farad:
            yield f"{k} {label(node)} {farad:.5f}"
    yield "*RES"
    for k, (a, b, ohm) in enumerate(tree.resistors, 1):
        yield f"{k} {label(a)} {label(b)} {ohm:.4f}"
    yield "*END"


def _escaped(name: str) -> str:
    return "".join(c if c.isalnum() or c == "_" else f"\\{c}" for c in name)
