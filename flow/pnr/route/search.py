"""Shortest paths on the grid under negotiated prices: the router's inner loop (numba).

A* from a set of sources to the accesses of one pin. What is left is estimated as the Manhattan
distance to the box around the accesses plus the vias that layer and direction still make
necessary. It is a lower bound but for two things that save a sixth of the nodes and add less than a
thousandth of wire: distances count a 64th more, and a path far along x is taken to climb to met3.
Costs are integers and hardly ever fall along a path, so the queue is an array of buckets, one per
cost; the newest entry of a bucket leaves first, which follows one of many equal paths to its end
instead of all of them side by side.

Two vias at one node of met3 would leave too little metal there (m3.6). So a node of met3 has two
labels: one for a path that came along the wire, which may go anywhere, and one for a path that has
just landed by a via, which must go along the wire. The second stands at the unused node of met3 one
track below.

Labels stand in an array of the worker as wide as the window of the search (`set_frame`), so that
those of one search lie close together and where those of the last one lay.

Cost: a few memory lines per node expanded, 5 to 10 million nodes a second. Memory per node: 8 bytes
for the label, where windows were that large, 4 for the tree mark, 2 for flags and moves; per
resource 4 each for price, owner and history and 2 for the count of users.
"""

from __future__ import annotations

from itertools import pairwise, product

import numba
import numpy as np

from flow.pnr.route.state import EXPANDED, MARK, SPAN, TILE_SHIFT

__all__ = [
    "ABOVE",
    "BELOW",
    "DOWN",
    "INFINITE",
    "LEFT",
    "LEFT_LANDED",
    "RIGHT",
    "RIGHT_LANDED",
    "ROW",
    "START",
    "STEP_X",
    "STEP_Y",
    "UP",
    "VIA_BOUND",
    "bound_at",
    "clear_queue",
    "end_of",
    "place_of",
    "push_source",
    "search",
    "set_frame",
    "way_of",
]

STEP_X, STEP_Y = 46, 34  # cost of one column and one track, in 10 nm
VIA_COST = (45, 60, 60)  # met1-met2, met2-met3, met3-met4
INFINITE = 1 << 29

START, RIGHT, LEFT, UP, DOWN, ABOVE, BELOW, RIGHT_LANDED, LEFT_LANDED = range(9)
"""How a node was reached: from a source, by a wire to the right, left, up, down, by a via to the
layer above or below, or by a wire of met3 from where a via had landed."""

FORTH, BACK, RISE, SINK = 1, 2, 4, 8
"""Bits of `State.moves`: a wire away from the origin, one towards it, a via up, a via down."""

TOP, CURSOR, FURTHEST = range(3)
LEFT_COLUMN, LOW_TRACK, ROW = range(3)
"""Entries of `Worker.frame`: column and track of the first label, labels from track to track."""
NEXT, NODE, COST, AT_TRACK = range(4)
"""Columns of `Worker.entries`."""
DISTANCE = (1 << 29) - 1

FAR = 40  # columns that hardly any wire of met1 runs between the cells
LEAN = 6  # a path is expected to cost a 64th more than its length and vias


def _via_bounds() -> np.ndarray:
    """[target layer, layer, x, y]: least cost of vias when a wire along x (2: so long that met1 has
    no room for it) and one along y is needed."""
    table = np.zeros((4, 4, 3, 2), np.int64)
    for target, layer, across, along in product(range(4), range(4), range(3), range(2)):
        costs = []
        for low, high in product(range(4), range(4)):
            met = set(range(low, high + 1))
            if not {target, layer} <= met:
                continue
            roads = (set(), {0, 2}, {2})[across]
            if (across and not met & roads) or (along and not met & {1, 3}):
                continue
            for ends in ((low, high), (high, low)):
                stops = (layer, *ends, target)
                costs.append(sum(sum(VIA_COST[min(a, b) : max(a, b)]) for a, b in pairwise(stops)))
        table[target, layer, across, along] = min(costs)
    return table


VIA_BOUND = _via_bounds()


@numba.njit(cache=True, nogil=True)
def _length(dx, dy):
    straight = dx * STEP_X + dy * STEP_Y
    return straight + (straight >> LEAN)


@numba.njit(cache=True, nogil=True)
def _across(dx):
    if dx > FAR:
        return 2
    return 1 if dx else 0


@numba.njit(cache=True, nogil=True)
def bound_at(i, j, layer, box, vias):
    """What a path from a node to the box should cost; `vias` [layer, across, along]."""
    dx = max(box[0] - i, i - box[1], 0)
    dy = max(box[2] - j, j - box[3], 0)
    return _length(dx, dy) + vias[layer, _across(dx), 1 if dy else 0]


@numba.njit(cache=True, nogil=True)
def _insert(worker, entry, cost):
    queue = worker.queue
    slot = min(max(cost, queue[CURSOR]), queue[CURSOR] + SPAN - 1)
    worker.entries[entry, NEXT] = worker.head[slot & (SPAN - 1)]
    worker.head[slot & (SPAN - 1)] = entry
    queue[FURTHEST] = max(queue[FURTHEST], slot)


@numba.njit(cache=True, nogil=True)
def set_frame(worker, window):
    """Lay the labels of the next search out for the columns and tracks of `window`."""
    worker.counters[MARK] += 1
    worker.frame[LEFT_COLUMN] = window[0]
    worker.frame[LOW_TRACK] = window[2] - 1  # the track of labels of paths landed on the lowest
    worker.frame[ROW] = 4 * (window[1] - window[0] + 1)


@numba.njit(cache=True, nogil=True)
def place_of(worker, node, i, j):
    """Where the label of a node stands, which lies in column i and track j."""
    frame = worker.frame
    return (j - frame[LOW_TRACK]) * frame[ROW] + 4 * (i - frame[LEFT_COLUMN]) + (node & 3)


@numba.njit(cache=True, nogil=True)
def _relax(worker, mark, place, node, track, cost, way, bound):
    """Reach a node at a cost; queue it when that is the best so far."""
    label = worker.label[place]
    if label >> 33 == mark and (label >> 4) & DISTANCE <= cost:
        return
    worker.label[place] = (mark << 33) | (cost << 4) | way
    entry = worker.queue[TOP]
    if entry < len(worker.entries):
        worker.queue[TOP] = entry + 1
        worker.entries[entry, NODE] = node
        worker.entries[entry, COST] = cost + bound
        worker.entries[entry, AT_TRACK] = track
        _insert(worker, entry, cost + bound)


@numba.njit(cache=True, nogil=True)
def clear_queue(worker, cheapest):
    """Make the queue ready for sources that cost at least `cheapest`."""
    worker.queue[TOP] = 0
    worker.queue[CURSOR] = worker.queue[FURTHEST] = cheapest


@numba.njit(cache=True, nogil=True)
def push_source(worker, node, i, j, cost, bound):
    """Add a source in column i and track j of the frame; `bound` from `bound_at`."""
    place = place_of(worker, node, i, j)
    _relax(worker, worker.counters[MARK], place, node, j, cost, START, bound)


@numba.njit(cache=True, nogil=True)
def way_of(worker, place):
    """How the last search reached a label."""
    return worker.label[place] & 15


@numba.njit(cache=True, nogil=True)
def end_of(worker, place):
    """The label of the node at `place` at which the last search came there for less."""
    if place & 3 != 2:
        return place
    landed = place - worker.frame[ROW]
    mark = worker.counters[MARK]
    if worker.label[place] >> 33 != mark:
        return landed
    if worker.label[landed] >> 33 != mark or worker.label[place] <= worker.label[landed]:
        return place
    return landed


@numba.njit(cache=True, nogil=True)
def _open(tiles, corridor, i, j):
    """Whether a column and track lie in the corridor, when there is one."""
    return corridor == 0 or tiles[j >> TILE_SHIFT, i >> TILE_SHIFT] == corridor


@numba.njit(cache=True, nogil=True)
def search(state, worker, nx, targets, target_node, target_price, box, window, vias, top, corridor):
    """From the sources in the queue to the best of the accesses `targets`.

    `target_node`, `target_price`: where each stands and what it costs; `box`: columns and tracks
    that enclose them; `window`: those that may be used; `top`: highest layer to climb to;
    `corridor`: the mark of the tiles to stay in, or 0.
    Returns the access, or -1; the queue is empty again.
    """
    label, price, moves = worker.label, state.price, state.moves
    head, queue = worker.head, worker.queue
    mark = worker.counters[MARK]
    row, label_row = 4 * nx, worker.frame[ROW]
    gaps = len(moves)
    tiles = worker.tiles
    i_low, i_high, j_low, j_high = window[0], window[1], window[2], window[3]
    best, best_access = np.int64(INFINITE), np.int64(-1)
    cheapest = np.int64(INFINITE)
    for k in range(len(targets)):
        cheapest = min(cheapest, target_price[k])
    expanded = 0
    cursor = queue[CURSOR]
    while cursor <= queue[FURTHEST] and cursor + cheapest < best:
        entry = head[cursor & (SPAN - 1)]
        if entry < 0:
            cursor += 1
            continue
        queue[CURSOR] = cursor
        head[cursor & (SPAN - 1)] = worker.entries[entry, NEXT]
        node = np.int64(worker.entries[entry, NODE])
        known = worker.entries[entry, COST]
        if known > cursor:
            _insert(worker, entry, known)
            continue
        layer = node & 3
        at = node >> 2
        j = np.int64(worker.entries[entry, AT_TRACK])
        i = at - j * nx
        place = place_of(worker, node, i, j)
        so_far = (label[place] >> 4) & DISTANCE
        landed = layer == 2 and j & 1 == 0
        if landed:
            node += row
            place += label_row
            j += 1
        dx = max(box[0] - i, i - box[1], 0)
        dy = max(box[2] - j, j - box[3], 0)
        across, along = _across(dx), 1 if dy else 0
        straight = _length(dx, dy)
        if so_far + straight + vias[layer, across, along] != known:
            continue
        expanded += 1
        if dx == 0 and dy == 0:
            for k in range(len(targets)):
                if target_node[k] == node and so_far + target_price[k] < best:
                    best, best_access = so_far + target_price[k], targets[k]
        move = moves[node]
        if layer == 0 or layer == 2:
            if move & FORTH and i < i_high and _open(tiles, corridor, i + 1, j):
                cost = so_far + STEP_X + price[node + (4 if layer == 0 else 8)]
                bound = bound_at(i + 1, j, layer, box, vias)
                way = RIGHT_LANDED if landed else RIGHT
                _relax(worker, mark, place + 4, node + 4, j, cost, way, bound)
            if move & BACK and i > i_low and _open(tiles, corridor, i - 1, j):
                cost = so_far + STEP_X + price[node - 4]
                bound = bound_at(i - 1, j, layer, box, vias)
                way = LEFT_LANDED if landed else LEFT
                _relax(worker, mark, place - 4, node - 4, j, cost, way, bound)
            if landed:
                continue
        else:
            step = 1 if layer == 1 else 2
            jump, label_jump = step * row, step * label_row
            if move & FORTH and j + step <= j_high and _open(tiles, corridor, i, j + step):
                cost = so_far + step * STEP_Y + price[node + (2 * row if layer == 1 else jump)]
                bound = bound_at(i, j + step, layer, box, vias)
                _relax(worker, mark, place + label_jump, node + jump, j + step, cost, UP, bound)
            if move & BACK and j - step >= j_low and _open(tiles, corridor, i, j - step):
                cost = so_far + step * STEP_Y + price[node - jump]
                bound = bound_at(i, j - step, layer, box, vias)
                _relax(worker, mark, place - label_jump, node - jump, j - step, cost, DOWN, bound)
        if move & RISE and layer < top:
            cost = so_far + VIA_COST[layer] + price[node + 1]
            if layer == 0:
                cost += price[node + 1 + row] + price[gaps + at] + price[gaps + at + nx]
            elif layer == 1:
                cost += price[node + 5]
            bound = straight + vias[layer + 1, across, along]
            lower = 1 if layer == 1 else 0  # where the label of a path landed on met3 stands
            slot, to = node + 1 - lower * row, place + 1 - lower * label_row
            _relax(worker, mark, to, slot, j - lower, cost, ABOVE, bound)
        if move & SINK:
            cost = so_far + VIA_COST[layer - 1] + price[node - 1]
            if layer == 1:
                cost += price[gaps + at] + price[gaps + at + nx]
            elif layer == 2:
                cost += price[node - 1 + row]
            bound = straight + vias[layer - 1, across, along]
            lower = 1 if layer == 3 else 0
            slot, to = node - 1 - lower * row, place - 1 - lower * label_row
            _relax(worker, mark, to, slot, j - lower, cost, BELOW, bound)
    for slot in range(cursor, queue[FURTHEST] + 1):
        head[slot & (SPAN - 1)] = -1
    worker.counters[EXPANDED] += expanded
    return best_access
