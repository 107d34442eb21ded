"""Static IR drop: the power grid as a network of resistors, solved for the currents of all cells.

Each wire of the grid is cut where vias and cells stand on it; a piece has the sheet resistance of
its layer, a via that of its cuts in parallel. Where there is a ring around the core, its corners
are at the full supply voltage; else both ends of every met5 strap are: the straps are the chip's
supply pins, which whoever puts the chip into another has to join. A cell draws its mean current
from the rail above and below it, a macro from its supply pins, spread over the vias that reach
them.

For each supply: conductance [nodes, nodes] x drop [nodes] = current [nodes], V and A.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from flow.pnr.design import GROUND, POWER, Design, Supply
from flow.pnr.geometry import Rect
from flow.pnr.power import macro_metal, via_cuts
from flow.pnr.rules import CUTS, LAYERS, MET1, MET5, ROW
from macros.technology.parasitics import CONTACT_OHM, SHEET_OHM

__all__ = ["IRDrop", "solve_ir_drop"]

Node: TypeAlias = tuple[int, int, int]
"""Layer, x and y of a point of the grid."""
JOINED_OHM = 1e-4
"""Between two vias whose pads on one layer overlap."""


class IRDrop(NamedTuple):
    """Drop in V that each instance [N] sees: of both supplies together, and of each alone."""

    total: npt.NDArray[np.float64]
    power: npt.NDArray[np.float64]
    ground: npt.NDArray[np.float64]


@dataclass
class _Network:
    """Resistors between numbered nodes, the nodes at the supply, the current out of each node, and
    the nodes of each instance."""

    nodes: dict[Node, int] = field(default_factory=dict)
    ends: list[tuple[int, int]] = field(default_factory=list)
    ohms: list[float] = field(default_factory=list)
    sources: set[int] = field(default_factory=set)
    sinks: dict[int, list[int]] = field(default_factory=dict)

    def node(self, at: Node) -> int:
        return self.nodes.setdefault(at, len(self.nodes))

    def join(self, a: Node, b: Node, ohm: float) -> None:
        self.ends.append((self.node(a), self.node(b)))
        self.ohms.append(ohm)


def solve_ir_drop(design: Design, current_a: Mapping[str, float]) -> IRDrop:
    """The drop at every instance for the mean current of each, in A by instance name; an instance
    without one draws nothing.

    Raises RuntimeError naming an instance that no supply reaches.
    """
    drops = []
    for net in (POWER, GROUND):
        network = _network(design, net)
        drops.append(_solve(design, network, net, current_a))
    return IRDrop(drops[0] + drops[1], drops[0], drops[1])


def _network(design: Design, net: str) -> _Network:
    network = _Network()
    vias = [s for s in design.supplies if s.net == net and s.kind == "via"]
    wires = [(s.layer, s.rect) for s in design.supplies if s.net == net and s.kind != "via"]
    macros = _macro_pins(design, net)
    wires += [shape for shapes in macros.values() for shape in shapes]
    points: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for via in vias:
        x, y = _centre(via.rect)
        cuts, _, _ = via_cuts(via)
        ohm = CONTACT_OHM[CUTS[via.layer]] / len(cuts)
        network.join((via.layer - 1, x, y), (via.layer, x, y), ohm)
        points[via.layer - 1].append((x, y))
        points[via.layer].append((x, y))
    for layer, rect in wires:
        if layer == MET5:
            points[MET5] += [(x, _centre(rect)[1]) for x in (rect[0], rect[2])]
    for instance, (x, y) in _cell_taps(design, net).items():
        points[MET1].append((x, y))
        network.sinks[instance] = [network.node((MET1, x, y))]
    on_wire = {layer: _Points(members) for layer, members in points.items()}
    straps = [rect for layer, rect in wires if layer == MET5]
    ring = [rect for rect in straps if rect[3] <= design.core[1] or design.core[3] <= rect[1]]
    fed = set(ring or straps)
    covered: set[Node] = set()
    for layer, rect in wires:
        covered |= _add_wire(network, layer, rect, on_wire.get(layer))
        if layer == MET5 and rect in fed:
            network.sources |= {network.node((layer, x, _centre(rect)[1])) for x in rect[::2]}
    _join_pads(network, vias, covered)
    for instance, shapes in macros.items():
        network.sinks[instance] = [
            network.node((layer, *at))
            for layer, rect in shapes
            for at in (on_wire[layer].inside(rect) if layer in on_wire else ())
        ]
    return network


class _Points:
    """Points of a layer, found by rectangle."""

    def __init__(self, members: Iterable[tuple[int, int]]) -> None:
        self.at = np.array(sorted(set(members)), np.int64).reshape(-1, 2)

    def inside(self, rect: Rect) -> list[tuple[int, int]]:
        first, last = np.searchsorted(self.at[:, 0], (rect[0], rect[2] + 1))
        some = self.at[first:last]
        some = some[(some[:, 1] >= rect[1]) & (some[:, 1] <= rect[3])]
        return [(int(x), int(y)) for x, y in some]


def _add_wire(network: _Network, layer: int, rect: Rect, points: _Points | None) -> set[Node]:
    """Resistors from point to point along a wire."""
    along = 0 if rect[2] - rect[0] >= rect[3] - rect[1] else 1
    width = rect[3 - along] - rect[1 - along]
    members = sorted(points.inside(rect) if points else [], key=lambda at: at[along])
    sheet = SHEET_OHM[LAYERS[layer]]
    for a, b in pairwise(members):
        ohm = sheet * (b[along] - a[along]) / width
        network.join((layer, *a), (layer, *b), max(ohm, JOINED_OHM))
    return {(layer, *at) for at in members}


def _join_pads(network: _Network, vias: list[Supply], covered: set[Node]) -> None:
    """Vias that meet on a layer without a wire there: one stands on the pad of the other."""
    bare: dict[int, list[tuple[Rect, Node]]] = defaultdict(list)
    for via in vias:
        for layer in (via.layer - 1, via.layer):
            node = (layer, *_centre(via.rect))
            if node not in covered:
                bare[layer].append((via.rect, node))
    for members in bare.values():
        members.sort()
        for k, (rect, node) in enumerate(members):
            for other, near in members[k + 1 :]:
                if other[0] > rect[2]:
                    break
                if node != near and other[1] <= rect[3] and rect[1] <= other[3]:
                    network.join(node, near, JOINED_OHM)


def _macro_pins(design: Design, net: str) -> dict[int, list[tuple[int, Rect]]]:
    """Shapes of the supply pins of each macro on this net."""
    use = "power" if net == POWER else "ground"
    pins = {}
    for k in range(design.instances):
        master = design.master(k)
        if master.is_macro:
            metal = macro_metal(design, k)
            names = [pin.name for pin in master.pins.values() if pin.use == use]
            pins[k] = [shape for name in names for shape in metal[name]]
    return pins


def _cell_taps(design: Design, net: str) -> dict[int, tuple[int, int]]:
    """Where each standard cell meets its rail: at the middle of the cell, on the row's edge."""
    widths, _ = design.sizes()
    at_top = (design.orient & 1) == (1 if net == GROUND else 0)
    return {
        k: (
            int(design.x[k]) + int(widths[k]) // 2,
            int(design.y[k]) + (ROW if at_top[k] else 0),
        )
        for k in range(design.instances)
        if not design.master(k).is_macro
    }


def _solve(
    design: Design, network: _Network, net: str, current_a: Mapping[str, float]
) -> npt.NDArray[np.float64]:
    count = len(network.nodes)
    ends = np.array(network.ends, np.int64).reshape(-1, 2)
    siemens = 1 / np.array(network.ohms)
    a, b = ends[:, 0], ends[:, 1]
    shape = (count, count)
    links = coo_matrix((siemens, (a, b)), shape)
    _, piece = connected_components(links, directed=False)
    fed = np.isin(piece, [piece[k] for k in network.sources])
    for instance, nodes in network.sinks.items():
        if not nodes or not fed[nodes].any():
            raise RuntimeError(f"{design.instance_names[instance]} is not connected to {net}")
    current = np.zeros(count)
    for instance, nodes in network.sinks.items():
        amperes = current_a.get(design.instance_names[instance], 0.0)
        current[nodes] += amperes / len(nodes)
    free = fed.copy()
    free[list(network.sources)] = False
    laplacian = coo_matrix(
        (
            np.concatenate([siemens, siemens, -siemens, -siemens]),
            (np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a])),
        ),
        shape,
    ).tocsc()
    drop = np.zeros(count)
    kept = np.flatnonzero(free)
    drop[kept] = spsolve(laplacian[kept][:, kept], current[kept])
    result = np.zeros(design.instances)
    for instance, nodes in network.sinks.items():
        result[instance] = drop[nodes].max()
    return result


def _centre(rect: Rect) -> tuple[int, int]:
    return (rect[0] + rect[2]) // 2, (rect[1] + rect[3]) // 2
