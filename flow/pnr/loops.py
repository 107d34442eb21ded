"""From a network of resistors to the tree that a timing analyser reads."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from flow.pnr.pieces import Pieces
from flow.pnr.wiring import JOINT_OHM, Node, Resistor, Wiring

__all__ = ["tree_of"]


def tree_of(wiring: Wiring, root: Node) -> list[Resistor]:
    """The resistors of a net as a tree in which the resistance from the root to every node is what
    it is with the loops: of the loops, what is fewest resistors away from the root stays.

    What is not part of a loop is left as it is; resistors that share a loop are solved together.
    """
    if not wiring.loops:
        return wiring.resistors
    branches, before, depth = _breadth_first([*wiring.resistors, *wiring.loops], root)
    shared: Pieces[Node] = Pieces()  # a branch is known by the node it leads to
    used = set(before.items())
    for a, b in branches:
        if (a, b) not in used and (b, a) not in used and a in depth:
            _close(a, b, before, depth, shared)
    members = defaultdict(list)
    for (a, b), ohm in branches.items():
        if a in depth:
            members[shared.of(max(a, b, key=lambda n: (depth[n], n)))].append((a, b, ohm))
    found = [r for r in wiring.resistors if r[0] not in depth]
    for resistors in members.values():
        found += resistors if len(resistors) == 1 else _solved(resistors, before, depth)
    return found


def _breadth_first(
    resistors: list[Resistor], root: Node
) -> tuple[dict[tuple[Node, Node], float], dict[Node, Node], dict[Node, int]]:
    """Resistors between two nodes as one; the node before each on the way from the root, and how
    many resistors away it is."""
    siemens: dict[tuple[Node, Node], float] = defaultdict(float)
    neighbours = defaultdict(list)
    for a, b, ohm in resistors:
        siemens[min(a, b), max(a, b)] += 1 / ohm
        neighbours[a].append(b)
        neighbours[b].append(a)
    before: dict[Node, Node] = {}
    depth = {root: 0}
    for node in (queue := [root]):
        for other in neighbours[node]:
            if other not in depth:
                depth[other] = depth[node] + 1
                before[other] = node
                queue.append(other)
    return {ends: 1 / value for ends, value in siemens.items()}, before, depth


def _close(
    a: Node, b: Node, before: dict[Node, Node], depth: dict[Node, int], shared: Pieces[Node]
) -> None:
    """Join all branches of the loop that a resistor between two nodes closes."""
    joined = []
    while a != b:
        if depth[a] < depth[b]:
            a, b = b, a
        joined.append(a)
        a = before[a]
    for node in joined:
        shared.join(node, joined[-1])


def _solved(
    resistors: list[Resistor], before: dict[Node, Node], depth: dict[Node, int]
) -> list[Resistor]:
    """The branches among some resistors, true from the node of them that is nearest the root."""
    nodes = sorted({n for r in resistors for n in r[:2]}, key=lambda n: (depth[n], n))
    number = {node: k for k, node in enumerate(nodes)}
    matrix = np.zeros((len(nodes), len(nodes)))
    for a, b, ohm in resistors:
        i, j = number[a], number[b]
        matrix[[i, j], [i, j]] += 1 / ohm
        matrix[[i, j], [j, i]] -= 1 / ohm
    ohms = [0.0, *np.diag(np.linalg.inv(matrix[1:, 1:])).tolist()]
    found = []
    for node, ohm in zip(nodes[1:], ohms[1:], strict=True):
        # where many ways lead to a node, the one before it can be further off than the node itself
        parent = before[node] if ohms[number[before[node]]] < ohm else nodes[0]
        found.append((parent, node, max(ohm - ohms[number[parent]], JOINT_OHM)))
    return found
