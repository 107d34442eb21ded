"""Routing one net after the other on the shared grid (numba).

`route_nets` takes nets in order. A net whose resources are all its own is left alone; of any other
the connections in conflict are ripped up and routed again (`tree`): from what is left of its tree
to one pin after the other (nearest first, Prim's order).
Every resource costs its price, `history + present * other users`, unless the net holds it already.
All users of a resource are counted, so conflicts are allowed while prices negotiate (McMurchie and
Ebeling, PathFinder, 1995).

A search stays in a window around the pin and the nearest pin already reached, which grows only when
no path exists in it, and never beyond `limits`: what is outside belongs to another thread.
"""

from __future__ import annotations

import numba
import numpy as np

from flow.pnr.route.corridor import LONG, lay_corridor, widen_to_tiles
from flow.pnr.route.search import (
    BACK,
    FORTH,
    INFINITE,
    RISE,
    SINK,
    STEP_X,
    STEP_Y,
    VIA_BOUND,
    bound_at,
    clear_queue,
    push_source,
    search,
    set_frame,
)
from flow.pnr.route.state import (
    BLOCKED,
    EDGES_END,
    EDGES_USED,
    FAILED,
    MARK,
    NET_MARK,
    NO_EDGE,
    NO_VIA,
    REROUTED,
    ROOM,
    STRAY,
    STRIDE,
    TAKEN_END,
    TAKEN_USED,
    TILE_SHIFT,
)
from flow.pnr.route.tree import clean_paths, keep_paths, take, take_access, trace
from flow.pnr.rules import MCON_SPACING, VIAS

__all__ = ["all_moves", "count_users", "raise_history", "route_nets", "set_prices"]

CONTACT = VIAS[0].cut
DISCOURAGED = 300  # as much as a conflict adds to the history


@numba.njit(cache=True, nogil=True)
def _move(flags, node, row):
    """Which steps the flags of a node and its neighbours allow."""
    layer = node & 3
    step = (4, row, 4, 2 * row)[layer]
    moves = 0
    if node + step < len(flags) and not flags[node] & NO_EDGE and not flags[node + step] & BLOCKED:
        moves |= FORTH
    if node >= step and not flags[node - step] & (BLOCKED | NO_EDGE):
        moves |= BACK
    if layer < 3 and not flags[node] & NO_VIA and not flags[node + 1] & BLOCKED:
        moves |= RISE
    if layer > 0 and not flags[node - 1] & (BLOCKED | NO_VIA):
        moves |= SINK
    return moves


@numba.njit(cache=True)
def all_moves(flags, nx):
    """`State.moves` of every node."""
    moves = np.zeros(len(flags), np.uint8)
    for node in range(len(flags)):
        moves[node] = _move(flags, node, 4 * nx)
    return moves


@numba.njit(cache=True, nogil=True)
def _refresh(state, node, nx):
    """Moves of a node whose flags have changed, and of all that lead to it."""
    layer = node & 3
    step = (4, 4 * nx, 4, 8 * nx)[layer]
    for near in (node - step, node, node + step):
        if 0 <= near < len(state.flags):
            state.moves[near] = _move(state.flags, near, 4 * nx)
    if layer < 3:
        state.moves[node + 1] = _move(state.flags, node + 1, 4 * nx)
    if layer > 0:
        state.moves[node - 1] = _move(state.flags, node - 1, 4 * nx)


@numba.njit(cache=True, nogil=True)
def _open_pins(state, worker, pins, nets, net, nx):
    """Lift the flags at a net's own pins; returns how many were saved for `_close_pins`."""
    count = 0
    saved = worker.saved
    for pin in range(nets.start[net], nets.start[net + 1]):
        for k in range(pins.open_start[pin], pins.open_start[pin + 1]):
            node = np.int64(pins.open[k])
            saved[count, 0], saved[count, 1] = node, state.flags[node]
            state.flags[node] &= 255 - pins.open_flags[k]
            _refresh(state, node, nx)
            count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _close_pins(state, worker, count, nx):
    for k in range(count - 1, -1, -1):
        state.flags[worker.saved[k, 0]] = worker.saved[k, 1]
        _refresh(state, worker.saved[k, 0], nx)


@numba.njit(cache=True, nogil=True)
def _access_price(state, pins, access):
    total = np.int64(pins.cost[access])
    for k in range(pins.resource_start[access], pins.resource_start[access + 1]):
        total += state.price[pins.resource[k]]
    return total


@numba.njit(cache=True, nogil=True)
def _contact_fits(pins, other, access):
    """Whether the contacts of two accesses keep their distance."""
    dx = max(abs(pins.x[other] - pins.x[access]) - CONTACT, 0)
    dy = max(abs(pins.y[other] - pins.y[access]) - CONTACT, 0)
    return dx * dx + dy * dy >= MCON_SPACING * MCON_SPACING


@numba.njit(cache=True, nogil=True)
def _fitting(state, pins, nets, net, pin):
    """Accesses of a pin whose contact keeps its distance from those that the net already has in the
    same cell."""
    first = pins.start[pin]
    count = pins.start[pin + 1] - first
    result = np.arange(first, pins.start[pin + 1])
    for other in range(nets.start[net], nets.start[net + 1]):
        chosen = state.access[other]
        if other == pin or chosen < 0 or nets.instance[other] != nets.instance[pin]:
            continue
        if pins.x[chosen] < 0:
            continue
        left = 0
        for k in range(count):
            access = result[k]
            if pins.x[access] < 0 or _contact_fits(pins, chosen, access):
                result[left] = access
                left += 1
        count = left
    return result[:count]


@numba.njit(cache=True, nogil=True)
def _discourage(state, pins, nets, net, pin):
    """Make the accesses dearer that the net has at other pins of the same cell: the contact of one
    of them may leave no room for any at `pin`. The next pass will choose another."""
    for other in range(nets.start[net], nets.start[net + 1]):
        access = state.access[other]
        if other == pin or access < 0 or nets.instance[other] != nets.instance[pin]:
            continue
        for k in range(pins.resource_start[access], pins.resource_start[access + 1]):
            state.history[pins.resource[k]] += DISCOURAGED


@numba.njit(cache=True)
def set_prices(state, present):
    """The price of every resource when each user costs `present`."""
    for resource in range(len(state.price)):
        state.price[resource] = state.history[resource] + present * state.users[resource]


@numba.njit(cache=True)
def count_users(users, taken):
    """Count a user for every entry of `taken`."""
    for resource in taken:
        users[resource] += 1


@numba.njit(cache=True)
def raise_history(state, step):
    """Make every shared resource dearer by `step` for each user too many, for good; returns how
    many there are."""
    shared = 0
    for resource in range(len(state.users)):
        if state.users[resource] > 1:
            dearer = step * (state.users[resource] - 1)
            state.history[resource] += dearer
            state.price[resource] += dearer
            shared += 1
    return shared


@numba.njit(cache=True, nogil=True)
def _release(state, net, present):
    first = state.taken_start[net]
    for k in range(first, first + state.taken_count[net]):
        resource = state.taken[k]
        state.users[resource] -= 1
        state.price[resource] -= present
    state.taken_count[net] = 0
    state.edge_count[net] = 0


@numba.njit(cache=True, nogil=True)
def _settle(state, net, present):
    """Count the net among the users of its resources and set their prices again."""
    first = state.taken_start[net]
    for k in range(first, first + state.taken_count[net]):
        resource = state.taken[k]
        state.users[resource] += 1
        state.price[resource] = state.history[resource] + present * state.users[resource]


@numba.njit(cache=True, nogil=True)
def _pin_box(pins, nx, pin, box):
    """Columns and tracks that enclose the accesses of a pin, into `box` [4]."""
    box[0], box[1], box[2], box[3] = INFINITE, -1, INFINITE, -1
    for access in range(pins.start[pin], pins.start[pin + 1]):
        at = np.int64(pins.node[access]) >> 2
        j = at // nx
        i = at - j * nx
        box[0], box[1] = min(box[0], i), max(box[1], i)
        box[2], box[3] = min(box[2], j), max(box[3], j)


@numba.njit(cache=True, nogil=True)
def _prim_order(nets, net):
    """Pins of a net so that each is the nearest to those before it, and that nearest one."""
    first = nets.start[net]
    count = nets.start[net + 1] - first
    order = np.zeros(count, np.int64)
    parent = np.zeros(count, np.int64)
    nearest = np.full(count, INFINITE, np.int64)
    source = np.zeros(count, np.int32)
    done = np.zeros(count, np.bool_)
    current = 0
    done[0] = True
    order[0], parent[0] = first, first
    for k in range(1, count):
        best = -1
        for other in range(count):
            if done[other]:
                continue
            far = abs(nets.x[first + other] - nets.x[first + current]) * STEP_X
            far += abs(nets.y[first + other] - nets.y[first + current]) * STEP_Y
            if far < nearest[other]:
                nearest[other], source[other] = far, current
            if best < 0 or nearest[other] < nearest[best]:
                best = other
        done[best] = True
        order[k], parent[k] = first + best, first + source[best]
        current = best
    return order, parent


@numba.njit(cache=True, nogil=True)
def _holds(window, i, j):
    return window[0] <= i <= window[1] and window[2] <= j <= window[3]


@numba.njit(cache=True, nogil=True)
def _push_sources(
    state, worker, pins, nets, net, nx, count, first_pin, box, window, vias, corridor
):
    """Start the search at the tree, or at the first pin while there is no tree."""
    cheapest = np.int64(INFINITE)
    for sweep in range(2):
        if sweep == 1:
            clear_queue(worker, cheapest)
        if count == 0:
            for access in _fitting(state, pins, nets, net, first_pin):
                node = np.int64(pins.node[access])
                at = node >> 2
                j = at // nx
                i = at - j * nx
                if not _holds(window, i, j):
                    continue
                cost = _access_price(state, pins, access)
                bound = bound_at(i, j, node & 3, box, vias)
                if sweep == 0:
                    cheapest = min(cheapest, cost + bound)
                else:
                    push_source(worker, node, i, j, cost, bound)
            continue
        for k in range(count):
            node = np.int64(worker.tree[k])
            at = node >> 2
            j = at // nx
            i = at - j * nx
            if corridor and worker.tiles[j >> TILE_SHIFT, i >> TILE_SHIFT] != corridor:
                continue
            if _holds(window, i, j):
                bound = bound_at(i, j, node & 3, box, vias)
                if sweep == 0:
                    cheapest = min(cheapest, bound)
                else:
                    push_source(worker, node, i, j, np.int64(0), bound)


@numba.njit(cache=True, nogil=True)
def _source_access(state, pins, pin, node):
    """The cheapest access of a pin at `node`."""
    best, best_price = -1, INFINITE
    for access in range(pins.start[pin], pins.start[pin + 1]):
        if pins.node[access] == node:
            price = _access_price(state, pins, access)
            if price < best_price:
                best, best_price = access, price
    return best


@numba.njit(cache=True, nogil=True)
def _reach(state, worker, pins, nets, net, nx, limits, tree, first, pin, parent, margin, guided):
    """Search from the tree (or the pin `first`) to `pin`, in a corridor when `guided` and far;
    returns the access reached, or -1."""
    box = np.empty(4, np.int64)
    near = np.empty(4, np.int64)
    window = np.empty(4, np.int64)
    _pin_box(pins, nx, pin, box)
    _pin_box(pins, nx, parent, near)
    targets = _fitting(state, pins, nets, net, pin)
    nodes = np.empty(len(targets), np.int64)
    prices = np.empty(len(targets), np.int64)
    layers = 0
    vias = np.full((4, 3, 2), INFINITE, np.int64)
    for k in range(len(targets)):
        nodes[k] = pins.node[targets[k]]
        prices[k] = _access_price(state, pins, targets[k])
        layers |= 1 << (nodes[k] & 3)
    for layer in range(4):
        if layers >> layer & 1:
            vias = np.minimum(vias, VIA_BOUND[layer])
    if len(targets) == 0:
        return np.int64(-1)
    far = max(box[0] - near[1], near[0] - box[1], 0) + max(box[2] - near[3], near[2] - box[3], 0)
    guided &= far > LONG
    while True:
        window[0] = max(min(box[0], near[0]) - margin, limits[0])
        window[1] = min(max(box[1], near[1]) + margin, limits[1])
        window[2] = max(min(box[2], near[2]) - margin, limits[2])
        window[3] = min(max(box[3], near[3]) + margin, limits[3])
        if guided:
            widen_to_tiles(window, limits)
        set_frame(worker, window)
        corridor = np.int64(0)
        if guided:
            mark = worker.counters[MARK]
            corridor = lay_corridor(state, worker, nx, near, box, window, mark)
        _push_sources(state, worker, pins, nets, net, nx, tree, first, box, window, vias, corridor)
        reached = search(
            state, worker, nx, targets, nodes, prices, box, window, vias, state.top[net], corridor
        )
        if reached >= 0:
            return reached
        if guided:
            guided = False
            continue
        if (window == limits).all():
            return reached
        margin *= 4


@numba.njit(cache=True, nogil=True)
def _in_conflict(state, net):
    first = state.taken_start[net]
    for k in range(first, first + state.taken_count[net]):
        if state.users[state.taken[k]] > 1:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _strays(state, net, nx, limits):
    """Whether a net has wires outside the columns of `limits`."""
    first = state.edge_start[net]
    for k in range(first, first + state.edge_count[net]):
        column = (np.int64(state.edges[k]) >> 4) % nx
        if not limits[0] <= column <= limits[1]:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _grow(state, worker, pins, nets, net, order, parent, nx, limits, margin, clean, old, guided):
    """Route one net, whose edges stood from `old` on, but for the connections that are `clean`;
    returns False when a pin cannot be reached at any price."""
    worker.counters[NET_MARK] += STRIDE
    base = state.edge_start[net] = worker.counters[EDGES_USED]
    state.taken_start[net] = worker.counters[TAKEN_USED]
    first = order[0]
    complete = True
    tree = keep_paths(state, worker, pins, net, order, clean, old, nx)
    for k in range(len(order)):
        if not clean[k]:
            state.access[order[k]] = -1
    if len(order) == 1:
        # nothing to draw, but the surroundings of a port or macro pin stay its own
        access = pins.start[first]
        if pins.x[access] < 0:
            for k in range(pins.resource_start[access], pins.resource_start[access + 1]):
                take(state, worker, pins.resource[k])
    for k in range(1, len(order)):
        if clean[k]:
            continue
        pin = order[k]
        reached = _reach(
            state, worker, pins, nets, net, nx, limits, tree, first, pin, parent[k], margin, guided
        )
        if reached < 0:
            _discourage(state, pins, nets, net, pin)
            complete = False
            continue
        fresh = tree == 0
        begin = worker.counters[EDGES_USED]
        tree, start = trace(state, worker, np.int64(pins.node[reached]), tree, nx)
        state.path_start[pin], state.attach[pin] = begin - base, start
        state.path_count[pin] = worker.counters[EDGES_USED] - begin
        if fresh:
            take_access(state, worker, pins, first, _source_access(state, pins, first, start))
        take_access(state, worker, pins, pin, reached)
    state.edge_count[net] = worker.counters[EDGES_USED] - base
    state.taken_count[net] = worker.counters[TAKEN_USED] - state.taken_start[net]
    return complete


@numba.njit(cache=True, nogil=True)
def _route_net(state, worker, pins, nets, net, nx, limits, present, margin, guided):
    """Rip a net up as far as it must be, and route it; returns whether all pins were reached."""
    order, parent = _prim_order(nets, net)
    clean = np.zeros(len(order), np.bool_)
    old = state.edge_start[net]
    if state.taken_count[net] > 0:
        clean = clean_paths(state, pins, net, order, nx)
        _release(state, net, present)
    count = _open_pins(state, worker, pins, nets, net, nx)
    complete = _grow(
        state, worker, pins, nets, net, order, parent, nx, limits, margin, clean, old, guided
    )
    _close_pins(state, worker, count, nx)
    _settle(state, net, present)
    return complete


@numba.njit(cache=True, nogil=True)
def route_nets(state, worker, pins, nets, order, first, nx, limits, present, margin, guided):
    """Route the nets `order[first:]` that are unrouted, failed or in conflict, inside `limits`
    (lowest and highest column and track), long connections in corridors when `guided`. A net with
    wires outside the limits is left alone, as a stray.

    Returns how far it came: less than all when a pool must be compacted first.
    """
    for k in range(first, len(order)):
        net = order[k]
        if state.taken_count[net] > 0:
            if _strays(state, net, nx, limits):
                state.failed[net] = max(state.failed[net], STRAY)
                continue
            if state.failed[net] != FAILED and not _in_conflict(state, net):
                state.failed[net] = 0
                continue
        if worker.counters[EDGES_USED] + ROOM > worker.counters[EDGES_END]:
            return k
        if worker.counters[TAKEN_USED] + ROOM > worker.counters[TAKEN_END]:
            return k
        complete = _route_net(state, worker, pins, nets, net, nx, limits, present, margin, guided)
        state.failed[net] = 0 if complete else FAILED
        state.fresh[net] = 1
        worker.counters[REROUTED] += 1
    return len(order)
