"""Length of the shortest tree that joins the pins of a net with horizontal and vertical wire.

Iterated 1-Steiner (A. Kahng and G. Robins, IEEE Trans. CAD 11(7), 1992): to the points is added, as
long as it helps, the crossing of their lines (Hanan's grid) with which the minimal spanning tree
becomes shortest. On average the result is within half a per cent of the minimum. O(n^5) or so for n
pins, which nets have few of; beyond `MOST` pins the spanning tree is taken, which is up to a half
longer, times what minimal Steiner trees of random points save of it.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["steiner_lengths"]

MOST = 24
SAVED = 0.115
"""Share of the spanning tree that minimal Steiner trees of many random points save (same paper)."""


@numba.njit(cache=True)
def steiner_lengths(start, x, y):
    """[M] length for the nets whose points are `x[start[k]:start[k + 1]]`, likewise `y`."""
    lengths = np.zeros(len(start) - 1, np.float64)
    for net in range(len(lengths)):
        first, count = start[net], start[net + 1] - start[net]
        if count < 2:
            continue
        room = count if count > MOST else 2 * count
        xs, ys = np.empty(room, np.int64), np.empty(room, np.int64)
        xs[:count], ys[:count] = x[first : first + count], y[first : first + count]
        if count > MOST:
            lengths[net] = (1 - SAVED) * _spanning(xs, ys, count)
        else:
            lengths[net] = _iterated(xs, ys, count)
    return lengths


@numba.njit(cache=True)
def _iterated(xs, ys, pins):
    count = pins
    best = _spanning(xs, ys, count)
    for _ in range(pins - 2):
        chosen_x, chosen_y, shortest = xs[0], ys[0], best
        for a in range(pins):
            for b in range(pins):
                xs[count], ys[count] = xs[a], ys[b]
                length = _spanning(xs, ys, count + 1)
                if length < shortest:
                    chosen_x, chosen_y, shortest = xs[a], ys[b], length
        if shortest == best:
            break
        xs[count], ys[count], best = chosen_x, chosen_y, shortest
        count += 1
    return best


@numba.njit(cache=True)
def _spanning(xs, ys, count):
    """Length of the minimal spanning tree of the first `count` points (Prim)."""
    far = np.full(count, 1 << 60, np.int64)
    total, at = 0, 0
    far[0] = -1
    for _ in range(count - 1):
        near = -1
        for k in range(count):
            if far[k] < 0:
                continue
            far[k] = min(far[k], abs(xs[k] - xs[at]) + abs(ys[k] - ys[at]))
            if near < 0 or far[k] < far[near]:
                near = k
        total += far[near]
        far[near] = -1
        at = near
    return total
