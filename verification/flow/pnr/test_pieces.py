"""Disjoint sets against the components of a graph by another algorithm."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from flow.pnr.pieces import Pieces


def test_pieces_are_the_components_of_a_graph() -> None:
    rng = np.random.default_rng(3)
    edges = rng.integers(0, 400, (320, 2))
    pieces = Pieces[int]()
    joined = sum([pieces.join(int(a), int(b)) for a, b in edges])
    found = pieces.by_member()
    ones = np.ones(len(edges))
    _, label = connected_components(coo_matrix((ones, (edges[:, 0], edges[:, 1])), (400, 400)))
    assert set(found) == set(edges.ravel().tolist())
    assert joined == len(found) - len(set(found.values()))
    pairs = {(found[member], int(label[member])) for member in found}
    assert len(pairs) == len(set(found.values())) == len({label[member] for member in found})


def test_what_is_one_piece_is_not_joined_again() -> None:
    pieces = Pieces[str]()
    assert pieces.join("a", "b")
    assert pieces.join("b", "c")
    assert not pieces.join("c", "a")
    assert pieces.of("d") == "d"
    assert pieces.of("a") == pieces.of("c")
