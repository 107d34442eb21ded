"""Global route of a long connection: the corridor in which its wires are looked for (numba).

A tile is 16 columns by 16 tracks. Crossing it along x costs what the cheapest of its tracks of met3
asks, along y the cheapest column of met2 or met4, at the prices of the moment. Of all ways with at
most two bends between two pins the cheapest is marked, and some room around both ends. A pin at the
edge of a macro is reached from the tile beside it that is open.

Cost: every node of met2, met3 and met4 in the window is read once, in order of memory; the search
looks at most of them several times, at random.
"""

from __future__ import annotations

import numba
import numpy as np

from flow.pnr.route.search import FORTH, INFINITE, STEP_X, STEP_Y
from flow.pnr.route.state import TILE_SHIFT

__all__ = ["LONG", "lay_corridor", "widen_to_tiles"]

LONG = 250  # columns and tracks between pins from which a corridor saves more than it costs
TILE = 1 << TILE_SHIFT
WALL = 800  # what a blocked node costs: about a detour to another track
BEND = 120  # two vias


@numba.njit(cache=True, nogil=True)
def _line(state, node, step, count):
    """What a wire over `count` nodes asks."""
    total = 0
    for _ in range(count):
        if state.moves[node] & FORTH:
            total += min(state.price[node], WALL)
        else:
            total += WALL
        node += step
    return total


@numba.njit(cache=True, nogil=True)
def _across(state, nx, i, j):
    """Cost of the cheapest track of met3 through a tile."""
    best = INFINITE
    for track in range(j | 1, j + TILE, 2):
        best = min(best, _line(state, (track * nx + i) * 4 + 2, 4, TILE))
    return best


@numba.njit(cache=True, nogil=True)
def _along(state, nx, i, j):
    """Cost of the cheapest column of met2 or met4 through a tile."""
    best = INFINITE
    for column in range(i, i + TILE):
        best = min(best, _line(state, (j * nx + column) * 4 + 1, 4 * nx, TILE))
        if column & 1 == 0:
            node = ((j | 1) * nx + column) * 4 + 3
            best = min(best, _line(state, node, 8 * nx, TILE // 2))
    return best


@numba.njit(cache=True, nogil=True)
def _between(sums, a, b):
    """Sum over the tiles from a to b, the ends among them."""
    return sums[max(a, b) + 1] - sums[min(a, b)]


@numba.njit(cache=True, nogil=True)
def _tile_of(low, high, first, count):
    """The tile, counted from `first`, in the middle of two columns or tracks."""
    return min(max(((low + high) >> (TILE_SHIFT + 1)) - first, 0), count - 1)


@numba.njit(cache=True, nogil=True)
def _gate(x_sums, y_sums, a, b):
    """Column and row of the tile from which a pin in tile (a, b) is reached: of that tile and its
    neighbours the first without a wall along x or y, or else with the lowest."""
    best, column, row = INFINITE, a, b
    for k in range(9):
        around = (4 + k) % 9  # 4: the tile itself
        near, to = a + around % 3 - 1, b + around // 3 - 1
        if not (0 <= near < len(y_sums) and 0 <= to < len(x_sums)):
            continue
        cost = max(_between(x_sums[to], near, near), _between(y_sums[near], to, to), WALL)
        if cost < best:
            best, column, row = cost, near, to
    return column, row


@numba.njit(cache=True, nogil=True)
def widen_to_tiles(window, limits):
    """Widen a window to whole tiles, as far as `limits` allow."""
    for k in (0, 2):
        window[k] = max(window[k] >> TILE_SHIFT << TILE_SHIFT, limits[k])
        window[k + 1] = min(window[k + 1] | (TILE - 1), limits[k + 1])


@numba.njit(cache=True, nogil=True)
def _cheapest(x_sums, y_sums, a0, b0, a1, b1):
    """Row of tiles that the way from (a0, b0) to (a1, b1) runs along, or else -1 and the column."""
    best, row, column = INFINITE, -1, -1
    for b in range(len(x_sums)):
        cost = _between(x_sums[b], a0, a1) + _between(y_sums[a0], b0, b)
        cost += _between(y_sums[a1], b, b1) + BEND * ((b != b0) + (b != b1))
        cost += (abs(b - b0) + abs(b - b1)) * TILE * STEP_Y + abs(a0 - a1) * TILE * STEP_X
        if cost < best:
            best, row, column = cost, b, -1
    for a in range(len(y_sums)):
        cost = _between(y_sums[a], b0, b1) + _between(x_sums[b0], a0, a)
        cost += _between(x_sums[b1], a, a1) + BEND * ((a != a0) + (a != a1))
        cost += (abs(a - a0) + abs(a - a1)) * TILE * STEP_X + abs(b0 - b1) * TILE * STEP_Y
        if cost < best:
            best, row, column = cost, -1, a
    return row, column


@numba.njit(cache=True, nogil=True)
def _mark(tiles, mark, a, b, c, d):
    """Mark the tiles of columns a and c and rows b and d, and those between."""
    tiles[min(b, d) : max(b, d) + 1, min(a, c) : max(a, c) + 1] = mark


@numba.njit(cache=True, nogil=True)
def lay_corridor(state, worker, nx, near, box, window, mark):
    """Mark the tiles of the way between two pins (`near` and `box`: their columns and tracks) with
    `mark` in `worker.tiles`. Nothing outside the window is read. Returns `mark`, or 0 when no tile
    fits into the window."""
    left, low = (window[0] + TILE - 1) >> TILE_SHIFT, (window[2] + TILE - 1) >> TILE_SHIFT
    columns = ((window[1] + 1) >> TILE_SHIFT) - left
    rows = ((window[3] + 1) >> TILE_SHIFT) - low
    if columns < 1 or rows < 1:
        return np.int64(0)
    x_sums = np.zeros((rows, columns + 1), np.int64)
    y_sums = np.zeros((columns, rows + 1), np.int64)
    for b in range(rows):
        for a in range(columns):
            i, j = (left + a) << TILE_SHIFT, (low + b) << TILE_SHIFT
            x_sums[b, a + 1] = x_sums[b, a] + _across(state, nx, i, j)
            y_sums[a, b + 1] = y_sums[a, b] + _along(state, nx, i, j)
    a0, a1 = _tile_of(near[0], near[1], left, columns), _tile_of(box[0], box[1], left, columns)
    b0, b1 = _tile_of(near[2], near[3], low, rows), _tile_of(box[2], box[3], low, rows)
    a0, b0 = _gate(x_sums, y_sums, a0, b0)
    a1, b1 = _gate(x_sums, y_sums, a1, b1)
    row, column = _cheapest(x_sums, y_sums, a0, b0, a1, b1)
    tiles = worker.tiles[low:, left:]
    if row >= 0:
        _mark(tiles, mark, a0, b0, a0, row)
        _mark(tiles, mark, a0, row, a1, row)
        _mark(tiles, mark, a1, row, a1, b1)
    else:
        _mark(tiles, mark, a0, b0, column, b0)
        _mark(tiles, mark, column, b0, column, b1)
        _mark(tiles, mark, column, b1, a1, b1)
    for a, b in ((left + a0, low + b0), (left + a1, low + b1)):
        _mark(worker.tiles, mark, max(a - 1, 0), max(b - 1, 0), a + 1, b + 1)
    return mark
