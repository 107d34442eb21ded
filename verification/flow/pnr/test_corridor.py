"""Corridors of long connections: where they run when a region is dear, and what they save."""

from __future__ import annotations

import numpy as np
import pytest

from flow.pnr.route.corridor import TILE, lay_corridor, widen_to_tiles
from flow.pnr.route.nets import all_moves
from flow.pnr.route.state import State, Worker, new_state, new_worker

NX, NY = 400, 320
MARK = 44


@pytest.fixture
def empty() -> tuple[State, Worker]:
    flags = np.zeros(4 * NX * NY, np.uint8)
    state = new_state(flags, all_moves(flags, NX), 5 * NX * NY, 1, 2, 10)
    return state, new_worker(0, NX, NY)


def _box(column: int, track: int) -> np.ndarray:
    return np.array([column, column, track, track], np.int64)


def _corridor(
    empty: tuple[State, Worker], start: tuple[int, int], end: tuple[int, int], window: list[int]
) -> np.ndarray:
    """[rows, columns] of tiles in the corridor."""
    state, worker = empty
    limits = np.array(window, np.int64)
    assert lay_corridor(state, worker, NX, _box(*start), _box(*end), limits, MARK) == MARK
    return worker.tiles == MARK


WHOLE = [0, NX - 2, 0, NY - 2]


def _dear(state: State, columns: slice, tracks: slice, layers: slice) -> None:
    state.price[: 4 * NX * NY].reshape(NY, NX, 4)[tracks, columns, layers] = 300


def test_straight_where_nothing_is_in_the_way(empty: tuple[State, Worker]) -> None:
    tiles = _corridor(empty, (40, 100), (360, 100), WHOLE)
    row = 100 // TILE
    assert tiles[row, 40 // TILE : 360 // TILE + 1].all()
    ends = np.zeros_like(tiles)
    ends[row - 1 : row + 2, 40 // TILE - 1 : 40 // TILE + 2] = True
    ends[row - 1 : row + 2, 360 // TILE - 1 : 360 // TILE + 2] = True
    ends[row] = True
    assert not (tiles & ~ends).any()


def test_round_a_dear_region(empty: tuple[State, Worker]) -> None:
    """All met3 from track 64 to 208 is dear in the middle: the way turns to row 208 or 48."""
    state, _ = empty
    _dear(state, slice(100, 300), slice(64, 208), slice(0, 4))
    tiles = _corridor(empty, (40, 100), (360, 110), WHOLE)
    through = tiles[:, 160 // TILE]
    assert through.sum() == 1
    assert np.flatnonzero(through)[0] == 48 // TILE


def test_blocked_metal_counts_as_dear(empty: tuple[State, Worker]) -> None:
    state, worker = empty
    grid = state.flags.reshape(NY, NX, 4)
    grid[64:208, 100:300, :] = 1
    blocked = state._replace(moves=all_moves(state.flags, NX))
    tiles = _corridor((blocked, worker), (40, 100), (360, 110), WHOLE)
    assert np.flatnonzero(tiles[:, 160 // TILE])[0] == 48 // TILE


def test_a_pin_at_a_macro_is_reached_from_its_open_side(empty: tuple[State, Worker]) -> None:
    """Only wires along y run over the macro, and no via leaves them: the way ends beside it."""
    state, worker = empty
    grid = state.flags.reshape(NY, NX, 4)
    grid[32:272, 96:330, :3] = 1
    blocked = state._replace(moves=all_moves(state.flags, NX))
    tiles = _corridor((blocked, worker), (40, 300), (329, 100), WHOLE)
    assert tiles[100 // TILE : 300 // TILE, 336 // TILE].all()
    assert not tiles[128 // TILE : 256 // TILE, : 336 // TILE].any()


def test_windows_are_widened_to_tiles_within_limits() -> None:
    window = np.array([20, 100, 5, 90], np.int64)
    widen_to_tiles(window, np.array([18, 300, 0, 94], np.int64))
    assert window.tolist() == [18, 111, 0, 94]


def test_a_corridor_reads_nothing_outside_its_window(empty: tuple[State, Worker]) -> None:
    """What another thread changes beyond the border must not matter."""
    window = [20, 375, 90, 250]
    before = _corridor(empty, (40, 100), (360, 240), window).copy()
    state, worker = empty
    _dear(state, slice(376, NX), slice(0, NY), slice(0, 4))
    _dear(state, slice(0, 20), slice(0, NY), slice(0, 4))
    _dear(state, slice(0, NX), slice(0, 90), slice(0, 4))
    worker.tiles[:] = 0
    assert np.array_equal(before, _corridor(empty, (40, 100), (360, 240), window))


def test_no_corridor_in_a_window_below_a_tile(empty: tuple[State, Worker]) -> None:
    state, worker = empty
    narrow = np.array([1, TILE + 1, 0, NY - 2], np.int64)
    assert lay_corridor(state, worker, NX, _box(4, 5), _box(4, 300), narrow, MARK) == 0
