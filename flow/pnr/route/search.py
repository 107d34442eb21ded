"""The router's inner loop: shortest paths on the grid under negotiated prices (numba).

`route_nets` takes nets in order. A net whose resources are all its own is left alone; any other is
ripped up and routed again: from its tree to one pin after the other (nearest first, Prim's order)
by A* with the Manhattan distance to the pin's accesses as bound. Every resource costs its price,
`history + present * other users`, unless the net holds it already. All users of a resource are
counted, so conflicts are allowed while prices negotiate (McMurchie and Ebeling, PathFinder, 1995).

Cost: one heap operation per edge looked at; the search stays in a window around the pin and the
nearest pin already reached, which grows only when no path exists in it. Memory per node: 4 bytes
each for distance, visit mark and tree mark, 1 for the way back; per resource 4 for the price, 4 for
the owner mark, 4 for history and 2 for the count of users.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

__all__ = ["NetTable", "State", "new_state", "route_nets"]

STEP_X, STEP_Y = 46, 34  # cost of one column and one track, in 10 nm
VIA_COST = (45, 60, 60)  # met1-met2, met2-met3, met3-met4
INFINITE = 1 << 30

START, RIGHT, LEFT, UP, DOWN, ABOVE, BELOW = range(7)
"""How a node was reached: from a source, by a wire to the right, left, up, down, or by a via to the
layer above or below."""


class NetTable(NamedTuple):
    """Pins of net n: `start[n]`..`start[n + 1]`; `x`, `y` in columns and tracks; `instance`."""

    start: np.ndarray
    x: np.ndarray
    y: np.ndarray
    instance: np.ndarray


class State(NamedTuple):
    """All that lives on between passes. `edges` and `taken` are pools: net n owns
    `edge_start[n]`..`+ edge_count[n]` (edge = node * 4 + axis, axis 0 to the right, 1 up, 2 a via)
    and likewise resources; `access` [pins] is what each pin uses (-1: none).
    `counters`: used entries of both pools, search marks, expanded nodes."""

    distance: np.ndarray
    visited: np.ndarray
    tree_mark: np.ndarray
    way: np.ndarray
    owner: np.ndarray
    price: np.ndarray
    history: np.ndarray
    users: np.ndarray
    heap_cost: np.ndarray
    heap_node: np.ndarray
    tree: np.ndarray
    edges: np.ndarray
    edge_start: np.ndarray
    edge_count: np.ndarray
    taken: np.ndarray
    taken_start: np.ndarray
    taken_count: np.ndarray
    access: np.ndarray
    failed: np.ndarray
    counters: np.ndarray


def new_state(nodes: int, resources: int, nets: int, pins: int, pool: int) -> State:
    """An empty state; `pool` is the room for edges and for resources of all nets."""

    def zeros(count: int, kind: type = np.int32) -> np.ndarray:
        return np.zeros(count, kind)

    return State(
        distance=zeros(nodes),
        visited=zeros(nodes),
        tree_mark=zeros(nodes),
        way=zeros(nodes, np.int8),
        owner=zeros(resources),
        price=zeros(resources),
        history=zeros(resources),
        users=zeros(resources, np.int16),
        heap_cost=zeros(1 << 22),
        heap_node=zeros(1 << 22),
        tree=zeros(1 << 20),
        edges=zeros(pool),
        edge_start=zeros(nets, np.int64),
        edge_count=zeros(nets),
        taken=zeros(2 * pool),
        taken_start=zeros(nets, np.int64),
        taken_count=zeros(nets),
        access=np.full(pins, -1, np.int32),
        failed=zeros(nets, np.int8),
        counters=zeros(8, np.int64),
    )


EDGES_USED, TAKEN_USED, MARK, EXPANDED, NET_MARK, REROUTED = range(6)


@numba.njit(cache=True)
def _push(heap_cost, heap_node, size, cost, node):
    k = size
    while k > 0:
        parent = (k - 1) >> 1
        if heap_cost[parent] <= cost:
            break
        heap_cost[k] = heap_cost[parent]
        heap_node[k] = heap_node[parent]
        k = parent
    heap_cost[k] = cost
    heap_node[k] = node
    return size + 1


@numba.njit(cache=True)
def _pop(heap_cost, heap_node, size):
    """Remove the cheapest entry; the caller has read it at position 0."""
    size -= 1
    cost, node = heap_cost[size], heap_node[size]
    k = 0
    while True:
        child = 2 * k + 1
        if child >= size:
            break
        if child + 1 < size and heap_cost[child + 1] < heap_cost[child]:
            child += 1
        if heap_cost[child] >= cost:
            break
        heap_cost[k] = heap_cost[child]
        heap_node[k] = heap_node[child]
        k = child
    heap_cost[k] = cost
    heap_node[k] = node
    return size


@numba.njit(cache=True)
def _due(price, owner, mark, resource):
    return 0 if owner[resource] == mark else int(price[resource])


@numba.njit(cache=True)
def _access_price(state, pins, access, mark):
    total = int(pins.cost[access])
    for k in range(pins.resource_start[access], pins.resource_start[access + 1]):
        total += _due(state.price, state.owner, mark, pins.resource[k])
    return total


@numba.njit(cache=True)
def _contact_fits(state, pins, nets, net, pin, access):
    """Whether the contact keeps its distance from other contacts of the net in the same cell."""
    x, y = pins.x[access], pins.y[access]
    if x < 0:
        return True
    for other in range(nets.start[net], nets.start[net + 1]):
        chosen = state.access[other]
        if other == pin or chosen < 0 or nets.instance[other] != nets.instance[pin]:
            continue
        if pins.x[chosen] < 0:
            continue
        dx = max(abs(pins.x[chosen] - x) - 170, 0)
        dy = max(abs(pins.y[chosen] - y) - 170, 0)
        if dx * dx + dy * dy < 190 * 190:
            return False
    return True


@numba.njit(cache=True)
def _relax(state, size, node, cost, way, bound):
    mark = state.counters[MARK]
    if state.visited[node] == mark and state.distance[node] <= cost:
        return size
    state.visited[node] = mark
    state.distance[node] = cost
    state.way[node] = way
    if size < len(state.heap_cost):
        return _push(state.heap_cost, state.heap_node, size, cost + bound, node)
    return size


@numba.njit(cache=True)
def _search(state, flags, pins, nx, targets, box, window, mark, size):
    """A* from the sources on the heap to the best of the accesses `targets` (an array of accesses).

    `box`: columns and tracks that enclose the targets. Returns the access reached, or -1.
    """
    price, owner = state.price, state.owner
    visited, distance = state.visited, state.distance
    row = 4 * nx
    gaps = len(visited)
    i_low, i_high, j_low, j_high = window[0], window[1], window[2], window[3]
    best, best_access = np.int64(INFINITE), np.int64(-1)
    expanded = 0
    while size > 0:
        cost, node = int(state.heap_cost[0]), int(state.heap_node[0])
        if cost >= best:
            break
        size = _pop(state.heap_cost, state.heap_node, size)
        layer = node & 3
        at = node >> 2
        j = at // nx
        i = at - j * nx
        so_far = int(distance[node])
        dx = max(box[0] - i, i - box[1], 0)
        dy = max(box[2] - j, j - box[3], 0)
        if so_far + dx * STEP_X + dy * STEP_Y != cost:
            continue
        expanded += 1
        if dx == 0 and dy == 0:
            for access in targets:
                if pins.node[access] == node:
                    total = so_far + _access_price(state, pins, access, mark)
                    if total < best:
                        best, best_access = total, access
        flag = flags[node]
        came = state.way[node]
        if layer == 0 or layer == 2:
            if i < i_high and not flag & 4 and not flags[node + 4] & 1:
                cost = so_far + STEP_X + _due(price, owner, mark, node + (4 if layer == 0 else 8))
                bound = max(box[0] - i - 1, i + 1 - box[1], 0) * STEP_X + dy * STEP_Y
                size = _relax(state, size, node + 4, cost, RIGHT, bound)
            if i > i_low and not flags[node - 4] & 5:
                cost = so_far + STEP_X + _due(price, owner, mark, node - 4)
                bound = max(box[0] - i + 1, i - 1 - box[1], 0) * STEP_X + dy * STEP_Y
                size = _relax(state, size, node - 4, cost, LEFT, bound)
        else:
            step = 1 if layer == 1 else 2
            jump = step * row
            if j + step <= j_high and not flag & 4 and not flags[node + jump] & 1:
                cost = so_far + step * STEP_Y
                cost += _due(price, owner, mark, node + (2 * row if layer == 1 else jump))
                bound = max(box[2] - j - step, j + step - box[3], 0) * STEP_Y + dx * STEP_X
                size = _relax(state, size, node + jump, cost, UP, bound)
            if j - step >= j_low and not flags[node - jump] & 5:
                cost = so_far + step * STEP_Y + _due(price, owner, mark, node - jump)
                bound = max(box[2] - j + step, j - step - box[3], 0) * STEP_Y + dx * STEP_X
                size = _relax(state, size, node - jump, cost, DOWN, bound)
        bound = dx * STEP_X + dy * STEP_Y
        if (
            layer < 3
            and not flag & 2
            and not flags[node + 1] & 1
            and not (layer == 2 and came == ABOVE)
        ):
            cost = so_far + VIA_COST[layer] + _due(price, owner, mark, node + 1)
            if layer == 0:
                cost += _due(price, owner, mark, node + 1 + row)
                cost += _due(price, owner, mark, gaps + at) + _due(
                    price, owner, mark, gaps + at + nx
                )
            elif layer == 1:
                cost += _due(price, owner, mark, node + 5)
            size = _relax(state, size, node + 1, cost, ABOVE, bound)
        if layer > 0 and not flags[node - 1] & 3 and not (layer == 2 and came == BELOW):
            cost = so_far + VIA_COST[layer - 1] + _due(price, owner, mark, node - 1)
            if layer == 1:
                cost += _due(price, owner, mark, gaps + at) + _due(
                    price, owner, mark, gaps + at + nx
                )
            elif layer == 2:
                cost += _due(price, owner, mark, node - 1 + row)
            size = _relax(state, size, node - 1, cost, BELOW, bound)
    state.counters[EXPANDED] += expanded
    return best_access


@numba.njit(cache=True)
def _take(state, resource, mark):
    """Add a resource to the net that is being routed."""
    if state.owner[resource] != mark:
        state.owner[resource] = mark
        state.taken[state.counters[TAKEN_USED]] = resource
        state.counters[TAKEN_USED] += 1


@numba.njit(cache=True)
def _take_access(state, pins, pin, access, mark):
    state.access[pin] = access
    for k in range(pins.resource_start[access], pins.resource_start[access + 1]):
        _take(state, int(pins.resource[k]), mark)


@numba.njit(cache=True)
def _join(state, node, count, mark, nx):
    """Add a node to the tree and take what metal there needs; returns the size of the tree."""
    if state.tree_mark[node] == mark:
        return count
    state.tree_mark[node] = mark
    state.tree[count] = node
    layer = node & 3
    _take(state, node, mark)
    if layer == 1:
        _take(state, node + 4 * nx, mark)
    elif layer == 2:
        _take(state, node + 4, mark)
    return count + 1


@numba.njit(cache=True)
def _trace(state, node, count, mark, nx):
    """Add the path that ends in `node` to the tree; returns (size of the tree, first node)."""
    row = 4 * nx
    gaps = len(state.visited)
    while True:
        count = _join(state, node, count, mark, nx)
        way = state.way[node]
        if way == START:
            return count, node
        layer = node & 3
        step = row if layer == 1 else 2 * row
        if way == RIGHT:
            node -= 4
            edge = node * 4
        elif way == LEFT:
            edge = node * 4
            node += 4
        elif way == UP:
            node -= step
            edge = node * 4 + 1
        elif way == DOWN:
            edge = node * 4 + 1
            node += step
        elif way == ABOVE:
            node -= 1
            edge = node * 4 + 2
        else:
            edge = node * 4 + 2
            node += 1
        if edge & 3 == 2 and (edge >> 2) & 3 == 0:
            at = edge >> 4
            _take(state, gaps + at, mark)
            _take(state, gaps + at + nx, mark)
        state.edges[state.counters[EDGES_USED]] = edge
        state.counters[EDGES_USED] += 1


@numba.njit(cache=True)
def _release(state, net, present):
    first = state.taken_start[net]
    for k in range(first, first + state.taken_count[net]):
        resource = int(state.taken[k])
        state.users[resource] -= 1
        state.price[resource] -= present
    state.taken_count[net] = 0
    state.edge_count[net] = 0


@numba.njit(cache=True)
def _in_conflict(state, net):
    first = state.taken_start[net]
    for k in range(first, first + state.taken_count[net]):
        if state.users[state.taken[k]] > 1:
            return True
    return False


@numba.njit(cache=True)
def _pin_box(pins, nodes, nx, pin):
    """Columns and tracks that enclose the accesses of a pin."""
    low_i, high_i, low_j, high_j = INFINITE, -1, INFINITE, -1
    for access in range(pins.start[pin], pins.start[pin + 1]):
        at = int(pins.node[access]) >> 2
        j = at // nx
        i = at - j * nx
        low_i, high_i = min(low_i, i), max(high_i, i)
        low_j, high_j = min(low_j, j), max(high_j, j)
    return np.array([low_i, high_i, low_j, high_j])


@numba.njit(cache=True)
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


@numba.njit(cache=True)
def _push_sources(state, pins, nets, net, nx, count, first_pin, box, window, mark):
    """Put the tree, or the accesses of the first pin when there is none yet, on the heap."""
    size = 0
    if count == 0:
        for access in range(pins.start[first_pin], pins.start[first_pin + 1]):
            node = int(pins.node[access])
            cost = _access_price(state, pins, access, mark)
            at = node >> 2
            j = at // nx
            i = at - j * nx
            bound = (
                max(box[0] - i, i - box[1], 0) * STEP_X + max(box[2] - j, j - box[3], 0) * STEP_Y
            )
            size = _relax(state, size, node, cost, START, bound)
        return size
    for k in range(count):
        node = int(state.tree[k])
        at = node >> 2
        j = at // nx
        i = at - j * nx
        if window[0] <= i <= window[1] and window[2] <= j <= window[3]:
            bound = (
                max(box[0] - i, i - box[1], 0) * STEP_X + max(box[2] - j, j - box[3], 0) * STEP_Y
            )
            size = _relax(state, size, node, 0, START, bound)
    return size


@numba.njit(cache=True)
def _source_access(state, pins, pin, node, mark):
    """The cheapest access of a pin at `node`."""
    best, best_price = -1, INFINITE
    for access in range(pins.start[pin], pins.start[pin + 1]):
        if pins.node[access] == node:
            price = _access_price(state, pins, access, mark)
            if price < best_price:
                best, best_price = access, price
    return best


@numba.njit(cache=True)
def _fitting(state, pins, nets, net, pin):
    """Accesses of a pin whose contact fits beside those the net already has."""
    result = np.empty(pins.start[pin + 1] - pins.start[pin], np.int64)
    count = 0
    for access in range(pins.start[pin], pins.start[pin + 1]):
        if _contact_fits(state, pins, nets, net, pin, access):
            result[count] = access
            count += 1
    return result[:count]


@numba.njit(cache=True)
def _route_net(state, flags, pins, nets, net, nx, ny, margin):
    """Route one net; returns False when a pin cannot be reached at any price."""
    state.counters[NET_MARK] += 1
    mark = state.counters[NET_MARK]
    state.edge_start[net] = state.counters[EDGES_USED]
    state.taken_start[net] = state.counters[TAKEN_USED]
    for pin in range(nets.start[net], nets.start[net + 1]):
        state.access[pin] = -1
    order, parent = _prim_order(nets, net)
    first = order[0]
    tree = np.int64(0)
    complete = True
    if len(order) == 1:
        # nothing to draw, but the surroundings of a port or macro pin stay its own
        access = int(pins.start[first])
        if pins.x[access] < 0:
            for k in range(pins.resource_start[access], pins.resource_start[access + 1]):
                _take(state, int(pins.resource[k]), mark)
    for k in range(1, len(order)):
        pin = order[k]
        box = _pin_box(pins, state.visited, nx, pin)
        near = _pin_box(pins, state.visited, nx, parent[k])
        targets = _fitting(state, pins, nets, net, pin)
        reached = np.int64(-1)
        wide = margin
        while reached < 0:
            window = np.array(
                [
                    max(min(box[0], near[0]) - wide, 0),
                    min(max(box[1], near[1]) + wide, nx - 2),
                    max(min(box[2], near[2]) - wide, 0),
                    min(max(box[3], near[3]) + wide, ny - 2),
                ]
            )
            state.counters[MARK] += 1
            size = _push_sources(state, pins, nets, net, nx, tree, first, box, window, mark)
            reached = _search(state, flags, pins, nx, targets, box, window, mark, size)
            whole = (
                window[0] == 0 and window[1] == nx - 2 and window[2] == 0 and window[3] == ny - 2
            )
            if reached < 0 and whole:
                break
            wide *= 4
        if reached < 0:
            complete = False
            continue
        fresh = tree == 0
        tree, start = _trace(state, int(pins.node[reached]), tree, mark, nx)
        if fresh:
            _take_access(state, pins, first, _source_access(state, pins, first, start, mark), mark)
        _take_access(state, pins, pin, reached, mark)
    state.edge_count[net] = state.counters[EDGES_USED] - state.edge_start[net]
    state.taken_count[net] = state.counters[TAKEN_USED] - state.taken_start[net]
    return complete


@numba.njit(cache=True)
def _open_pins(flags, pins, nets, net, saved):
    """Lift the flags at a net's own pins; returns how many were saved for `_close_pins`."""
    count = 0
    for pin in range(nets.start[net], nets.start[net + 1]):
        for k in range(pins.open_start[pin], pins.open_start[pin + 1]):
            node = pins.open[k]
            saved[count, 0], saved[count, 1] = node, flags[node]
            flags[node] &= 255 - pins.open_flags[k]
            count += 1
    return count


@numba.njit(cache=True)
def _close_pins(flags, saved, count):
    for k in range(count - 1, -1, -1):
        flags[saved[k, 0]] = saved[k, 1]


@numba.njit(cache=True)
def route_nets(state, flags, pins, nets, order, first, last, nx, ny, present, margin):
    """Route the nets `order[first:last]` that are unrouted or in conflict.

    Returns how far it came: less than `last` when a pool must be compacted first.
    """
    saved = np.zeros((100000, 2), np.int64)
    for k in range(first, last):
        net = int(order[k])
        routed = state.taken_count[net] > 0
        if routed and not _in_conflict(state, net) and not state.failed[net]:
            continue
        room = 400000
        if state.counters[EDGES_USED] + room > len(state.edges):
            return k
        if state.counters[TAKEN_USED] + room > len(state.taken):
            return k
        if routed:
            _release(state, net, present)
        count = _open_pins(flags, pins, nets, net, saved)
        complete = _route_net(state, flags, pins, nets, net, nx, ny, margin)
        _close_pins(flags, saved, count)
        state.failed[net] = 0 if complete else 1
        start = state.taken_start[net]
        for t in range(start, start + state.taken_count[net]):
            resource = state.taken[t]
            state.users[resource] += 1
            state.price[resource] += present
        state.counters[REROUTED] += 1
    return last
