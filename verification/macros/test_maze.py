"""macros.generator.maze: paths are found, are the cheapest, and never enter another net's room."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from macros.generator.maze import CELL, FREE, SHARED, VIA_COST, Maze

A, B = 7, 8


@pytest.fixture
def maze() -> Maze:
    return Maze.of_size(6000, 4000)


def index(maze: Maze, layer: int, row: int, column: int) -> int:
    _, rows, columns = maze.owner.shape
    return (layer * rows + row) * columns + column


def test_a_straight_way_is_taken(maze):
    path = maze.path(A, [index(maze, 0, 10, 5)], [index(maze, 0, 10, 15)])
    assert path == [(0, 10, column) for column in range(5, 16)]


def test_a_wall_is_passed_on_the_other_layer(maze):
    """A wall over the whole height of met3: two vias are the only way."""
    maze.block(0, (3000, 0, 3100, 4000), B)
    path = maze.path(A, [index(maze, 0, 10, 5)], [index(maze, 0, 10, 55)])
    assert path is not None
    assert sum(a[0] != b[0] for a, b in itertools.pairwise(path)) == 2
    assert all(maze.owner[cell] in (FREE, A) for cell in path)


def test_no_way_is_none(maze):
    for layer in (0, 1):
        maze.block(layer, (3000, 0, 3100, 4000), B)
    assert maze.path(A, [index(maze, 0, 10, 5)], [index(maze, 0, 10, 55)]) is None
    assert maze.path(B, [index(maze, 0, 10, 5)], [index(maze, 0, 10, 55)]) is not None


def test_a_detour_shorter_than_two_vias_is_taken(maze):
    maze.block(0, (3000, 900, 3010, 1100), B)
    start, end = index(maze, 0, 10, 20), index(maze, 0, 10, 40)
    path = maze.path(A, [start], [end])
    assert path is not None
    assert {cell[0] for cell in path} == {0}
    assert 20 < len(path) - 1 < 20 + 2 * VIA_COST


def test_room_between_two_nets_is_nobodys(maze):
    maze.block(0, (1000, 1000, 1400, 1400), A)
    maze.block(0, (2000, 1000, 2400, 1400), B)
    between = maze.owner[0, 12, 17]
    assert between == SHARED
    assert maze.owner[0, 12, 12] == A
    assert maze.owner[0, 12, 22] == B


def test_cells_inside_a_box(maze):
    _, _, columns = maze.owner.shape
    found = maze.inside(0, (950, 450, 1250, 650), 50, 50)
    cells = {divmod(k, columns) for k in found}
    assert cells == {(r, c) for r in (5, 6) for c in (10, 11, 12)}
    assert np.array(found).max() < maze.owner.size
    assert CELL == 100
