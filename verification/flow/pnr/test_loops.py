"""Networks with loops as trees: the resistance from the root is that of the whole network."""

from __future__ import annotations

import random

import numpy as np
import pytest

from flow.pnr.loops import tree_of
from flow.pnr.wiring import Node, Resistor, Wiring


def _ohms(resistors: list[Resistor], nodes: list[Node]) -> np.ndarray:
    """Ohm from the first node to each of the others."""
    matrix = np.zeros((len(nodes), len(nodes)))
    for a, b, ohm in resistors:
        i, j = nodes.index(a), nodes.index(b)
        matrix[[i, j], [i, j]] += 1 / ohm
        matrix[[i, j], [j, i]] -= 1 / ohm
    return np.diag(np.linalg.inv(matrix[1:, 1:]))


def test_a_tree_stays_as_it_is() -> None:
    tree = [((0, 0, 0), (0, 1, 0), 1.0), ((0, 1, 0), (1, 1, 0), 2.0)]
    assert tree_of(Wiring(tree, [], set()), (0, 0, 0)) == tree


def test_two_vias_side_by_side() -> None:
    below, above = (0, 0, 0), (1, 0, 0)
    found = tree_of(Wiring([(below, above, 4.0)], [], set(), [(below, above, 4.0)]), below)
    assert found == [(below, above, 2.0)]


@pytest.mark.parametrize("seed", range(60))
def test_any_network(seed: int) -> None:
    chance = random.Random(seed)
    nodes = [(0, k, 0) for k in range(chance.randint(2, 12))]
    tree = [
        (nodes[chance.randrange(k)], nodes[k], chance.uniform(0.1, 9)) for k in range(1, len(nodes))
    ]
    loops = [
        (*chance.sample(nodes, 2), chance.uniform(0.1, 9)) for _ in range(chance.randint(0, 4))
    ]
    found = tree_of(Wiring(tree, [], set(nodes), loops), nodes[0])
    assert len(found) == len(nodes) - 1
    expected = _ohms([*tree, *loops], nodes)
    assert _ohms(found, nodes) == pytest.approx(expected, rel=1e-6, abs=0.01)


def test_what_hangs_loose_is_kept() -> None:
    a, b, c, d = ((0, k, 0) for k in range(4))
    found = tree_of(Wiring([(a, b, 1.0), (c, d, 3.0)], [], set(), [(a, b, 1.0)]), a)
    assert sorted(found) == [(a, b, 0.5), (c, d, 3.0)]
