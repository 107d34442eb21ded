"""The wiring of a net as a tree: every wire cut where vias, contacts and patches stand on it.

A piece of wire has the sheet resistance of its layer, a via or contact that of its cut; patches
join the points they cover and those whose pads they touch. What closes a loop (patches run beside
wires, two vias stand in one piece of metal) is kept apart from the tree that goes from pin to pin.
Resistances are nominal; a corner scales them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from flow.pnr.design import Design
from flow.pnr.geometry import Rect, placed
from flow.pnr.pieces import Pieces
from flow.pnr.rules import ALONG_X, LAYERS, VIAS, WIDTH
from macros.technology.parasitics import CONTACT_OHM, SHEET_OHM

__all__ = ["JOINT_OHM", "Node", "Resistor", "Wiring", "pin_shapes", "wiring_of"]

VIA_OHM = tuple(CONTACT_OHM[name] for name in ("mcon", "via", "via2", "via3"))
JOINT_OHM = 0.001  # where a pin and a wire are one metal

Node = tuple[int, int, int]
"""Node of a net: (layer, x, y); a pin: (-1, index of the pin in the net, 0)."""
Resistor = tuple[Node, Node, float]


class Wiring(NamedTuple):
    """`resistors`: (node, node, ohm), a tree; `pieces`: (node, node) of every piece of wire, the
    node further left or down first; `points`: all nodes on metal; `loops`: further resistors, each
    of which closes a loop."""

    resistors: list[Resistor]
    pieces: list[tuple[Node, Node]]
    points: set[Node]
    loops: Sequence[Resistor] = ()


def wiring_of(design: Design, nets: Iterable[int] | None = None) -> dict[int, Wiring]:
    """The wiring of the given nets, or of all."""
    wanted = range(design.nets) if nets is None else sorted(nets)
    rows = [
        _by_net(table, wanted)
        for table in (design.routes.wires, design.routes.vias, design.routes.patches)
    ]
    return {net: _wiring(design, net, *(table[net] for table in rows)) for net in wanted}


def _by_net(rows: np.ndarray, nets: Sequence[int]) -> dict[int, list[list[int]]]:
    """Rows of a table sorted by net, without the net."""
    rows = rows[np.isin(rows[:, 0], nets)]
    first = np.searchsorted(rows[:, 0], nets).tolist()
    last = np.searchsorted(rows[:, 0], nets, side="right").tolist()
    found = rows[:, 1:].tolist()
    return {net: found[a:b] for net, a, b in zip(nets, first, last, strict=True)}


def _wiring(
    design: Design,
    net: int,
    wires: list[list[int]],
    vias: list[list[int]],
    patches: list[list[int]],
) -> Wiring:
    resistors: list[Resistor] = []
    pieces: list[tuple[Node, Node]] = []
    points: _Points = [set() for _ in VIA_OHM]
    for kind, x, y in vias:
        points[kind].add((kind, x, y))
        if kind > 0:
            points[kind - 1].add((kind - 1, x, y))
            resistors.append(((kind - 1, x, y), (kind, x, y), VIA_OHM[kind]))
    for point in _patched_points(wires, patches):
        points[point[0]].add(point)
    lines: dict[tuple[int, int], set[Node]] = defaultdict(set)
    for point in set().union(*points):
        lines[_line(*point)].add(point)
    for layer, x0, y0, x1, y1 in wires:
        line = lines[_line(layer, x0, y0)]
        on_wire = {*_inside(line, x0, y0, x1, y1), (layer, x0, y0), (layer, x1, y1)}
        points[layer] |= on_wire
        line |= on_wire
        ohm = SHEET_OHM[LAYERS[layer]] / WIDTH[layer]
        for a, b in pairwise(sorted(on_wire)):
            resistors.append((a, b, ohm * (b[1] - a[1] + b[2] - a[2])))
            pieces.append((a, b))
    _join_patches(patches, points, resistors)
    _join_pads(patches, vias, resistors)
    contacts = {(0, x, y) for kind, x, y in vias if kind == 0}
    _join_pins(design, net, patches, points, contacts, resistors)
    tree, loops = _spanning(resistors)
    return Wiring(tree, pieces, set().union(*points), loops)


def _line(layer: int, x: int, y: int) -> tuple[int, int]:
    """The line of a layer on which a wire through a point runs."""
    return layer, y if layer in ALONG_X else x


_Points: TypeAlias = list[set[Node]]
"""The points on each layer."""


def _inside(points: Iterable[Node], x0: int, y0: int, x1: int, y1: int) -> list[Node]:
    """The points of a layer that a rectangle covers."""
    return [p for p in points if x0 <= p[1] <= x1 and y0 <= p[2] <= y1]


def _patched_points(wires: list[list[int]], patches: list[list[int]]) -> Iterator[Node]:
    """Where a patch meets the middle of a wire: the point of its centre line nearest the centre."""
    for layer, left, bottom, right, top in patches:
        for on, x0, y0, x1, y1 in wires:
            if on == layer and x0 <= right and left <= x1 and y0 <= top and bottom <= y1:
                x = min(max((left + right) // 2, x0), x1)
                y = min(max((bottom + top) // 2, y0), y1)
                yield layer, x, y


def _join_patches(patches: list[list[int]], points: _Points, resistors: list[Resistor]) -> None:
    """Connect the points that one patch covers, in order along it."""
    for layer, x0, y0, x1, y1 in patches:
        covered = sorted(_inside(points[layer], x0, y0, x1, y1))
        width = min(x1 - x0, y1 - y0) / 1e3
        for a, b in pairwise(covered):
            length = (abs(b[1] - a[1]) + abs(b[2] - a[2])) / 1e3
            resistors.append((a, b, SHEET_OHM[LAYERS[layer]] * length / width))


def _join_pads(patches: list[list[int]], vias: list[list[int]], resistors: list[Resistor]) -> None:
    """Connect vias whose pads touch one patch, once for each pair."""
    joined: dict[tuple[Node, Node], float] = {}
    pads = _pads(vias) if patches else {}
    for layer, x0, y0, x1, y1 in patches:
        touching = {
            (layer, x, y)
            for x, y, left, bottom, right, top in pads.get(layer, ())
            if left <= x1 and x0 <= right and bottom <= y1 and y0 <= top
        }
        for a, b in pairwise(sorted(touching)):
            away_x, away_y = abs(b[1] - a[1]), abs(b[2] - a[2])
            width = x1 - x0 if away_y > away_x else y1 - y0
            if width == 0:  # closes a gap of no width
                continue
            ohm = SHEET_OHM[LAYERS[layer]] * (away_x + away_y) / width
            joined[a, b] = min(ohm, joined.get((a, b), ohm))
    resistors += [(a, b, ohm) for (a, b), ohm in joined.items()]


def _pads(vias: list[list[int]]) -> dict[int, list[tuple[int, int, int, int, int, int]]]:
    """On each layer the centres of vias and the rectangles of their pads there."""
    found = defaultdict(list)
    for kind, x, y in vias:
        for layer, (half_x, half_y) in ((kind - 1, VIAS[kind].below), (kind, VIAS[kind].above)):
            found[layer].append((x, y, x - half_x, y - half_y, x + half_x, y + half_y))
    return found


def _join_pins(
    design: Design,
    net: int,
    patches: list[list[int]],
    points: _Points,
    contacts: set[Node],
    resistors: list[Resistor],
) -> None:
    """Connect every pin to a point on one of its shapes, or on a patch that meets one; where it has
    metal of its own, its own contacts carry the current. On li1 only a contact of the net joins: a
    wire of met1 may pass over."""
    for k, (instance, index) in enumerate(design.net_pins(net)):
        for name, shape in sorted(pin_shapes(design, instance, index), key=lambda s: s[0] == "li1"):
            layer = 0 if name == "li1" else LAYERS.index(name)
            reached = _inside(contacts if name == "li1" else points[layer], *shape)
            if not reached and name != "li1":
                reached = [
                    point
                    for on, *patch in patches
                    if on == layer and _overlap(patch, shape)
                    for point in _inside(points[layer], *patch)
                ]
            if reached:
                ohm = VIA_OHM[0] if name == "li1" else JOINT_OHM
                resistors.append((min(reached), (-1, k, 0), ohm))
                break


def _overlap(a: Sequence[int], b: Sequence[int]) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def pin_shapes(design: Design, instance: int, index: int) -> list[tuple[str, Rect]]:
    """Layer and rectangle of each shape of a pin (-1 - port, 0: of a port), on li1 to met4."""
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


def _spanning(resistors: list[Resistor]) -> tuple[list[Resistor], list[Resistor]]:
    """The resistors without those that close a loop, and those."""
    pieces = Pieces[Node]()
    kept: list[Resistor] = []
    loops: list[Resistor] = []
    for a, b, ohm in resistors:
        (kept if pieces.join(a, b) else loops).append((a, b, max(ohm, JOINT_OHM)))
    return kept, [r for r in loops if r[0] != r[1]]
