"""Antenna rules: charge collected by metal while it is etched, against the gates it reaches.

While metal layer l is made, only the layers up to l exist. A gate sees the side area of the metal
of layer l in its own piece of the net; side area over gate area must stay below 400, or below a
limit that grows with the diffusion the piece is tied to (technology LEF, ANTENNADIFFSIDEAREARATIO;
the same for met1 to met5). A net that breaks the rule gets a diode cell beside the gate.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from flow.pnr.design import Design
from flow.pnr.edit import Editor
from flow.pnr.parasitics import NetTree, Node, extract
from flow.pnr.rules import WIDTH

__all__ = ["DIODE", "Violation", "add_diodes", "antenna_violations", "ratio_limit"]

DIODE = "sky130_fd_sc_hd__diode_2"
THICKNESS_UM = (0.35, 0.35, 0.8, 0.8)  # met1..met4, technology LEF
LIMIT_DIFFUSION_UM2 = (0.0, 0.0125, 0.0225, 22.5)
LIMIT_RATIO = (400.0, 400.0, 2609.0, 11600.0)


class Violation(NamedTuple):
    """A piece of a net whose `ratio` passes `limit` on `layer`; `pin` is (instance, pin index) of
    its largest gate."""

    net: int
    layer: int
    ratio: float
    limit: float
    pin: tuple[int, int]


def ratio_limit(diffusion: float) -> float:
    """Largest side area ratio of metal tied to `diffusion` um2."""
    return float(np.interp(diffusion, LIMIT_DIFFUSION_UM2, LIMIT_RATIO))


def antenna_violations(design: Design, trees: list[NetTree] | None = None) -> list[Violation]:
    """All violations of a routed design."""
    trees = trees if trees is not None else extract(design)
    return [violation for net, tree in enumerate(trees) for violation in _of_net(design, net, tree)]


def _of_net(design: Design, net: int, tree: NetTree) -> list[Violation]:
    pins = list(design.net_pins(net))
    found = []
    for layer in range(4):
        pieces = _pieces(tree, layer)
        area: dict[Node, float] = defaultdict(float)
        for a, b, _ in tree.resistors:
            if a[0] == b[0] == layer:
                length = (abs(b[1] - a[1]) + abs(b[2] - a[2])) / 1e3
                area[pieces[a]] += 2 * (length + WIDTH[layer] / 1e3) * THICKNESS_UM[layer]
        gates: dict[Node, list[tuple[float, tuple[int, int]]]] = defaultdict(list)
        diffusion: dict[Node, float] = defaultdict(float)
        for node, piece in pieces.items():
            instance, index = pins[node[1]] if node[0] == -1 else (-1, 0)
            if instance < 0:
                continue
            pin = design.master(instance).signal_pins[index]
            diffusion[piece] += pin.diffusion_area
            if pin.gate_area and design.master(instance).name != DIODE:  # its LEF claims a gate
                gates[piece].append((pin.gate_area, (instance, index)))
        for piece, members in gates.items():
            ratio = area[piece] / sum(gate for gate, _ in members)
            limit = ratio_limit(diffusion[piece])
            if ratio > limit:
                found.append(Violation(net, layer, ratio, limit, max(members)[1]))
    return found


def _pieces(tree: NetTree, layer: int) -> dict[Node, Node]:
    """The piece of each node when only the layers up to `layer` exist; pins are always there."""
    parent: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b, _ in tree.resistors:
        if a[0] <= layer and b[0] <= layer:
            parent[root(a)] = root(b)
    return {node: root(node) for node in list(parent)}


def add_diodes(design: Design, violations: list[Violation]) -> Design:
    """A diode at the gate of every violation; routes are dropped: legalise and route again."""
    editor = Editor(design)
    done = set()
    for violation in violations:
        key = (violation.net, violation.pin)
        if key in done:
            continue
        done.add(key)
        instance = violation.pin[0]
        diode = editor.add_cell(
            f"antenna_{violation.net}", DIODE, int(design.x[instance]), int(design.y[instance])
        )
        editor.pins[violation.net].append((diode, 0))
    return editor.design()
