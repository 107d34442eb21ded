"""The tree of a net: how it grows, and what of it stays when the net is ripped up (numba).

The way from the tree to one pin is a connection: `State.path_start` and `path_count` say which
edges of the net are its own, `attach` at which node it leaves the tree. Connections that share
nothing, and stand on such, stay; only the others are searched again. That saves half of the nodes
in all passes but the first. Cost: a few memory lines per edge.
"""

from __future__ import annotations

import numba
import numpy as np

from flow.pnr.route.search import (
    ABOVE,
    DOWN,
    LEFT,
    LEFT_LANDED,
    RIGHT,
    RIGHT_LANDED,
    ROW,
    START,
    UP,
    end_of,
    place_of,
    way_of,
)
from flow.pnr.route.state import EDGES_USED, NET_MARK, TAKEN_USED

__all__ = ["clean_paths", "edge_ends", "keep_paths", "take", "take_access", "trace"]

RIGHTWARD, UPWARD, THROUGH = range(3)
"""Axis of an edge: along x, along y, a via."""


@numba.njit(cache=True, nogil=True)
def take(state, worker, resource):
    """Add a resource to the net that is being routed; from now on it is free for it."""
    mark = worker.counters[NET_MARK]
    if state.owner[resource] != mark:
        state.owner[resource] = mark
        state.price[resource] = 0
        state.taken[worker.counters[TAKEN_USED]] = resource
        worker.counters[TAKEN_USED] += 1


@numba.njit(cache=True, nogil=True)
def take_access(state, worker, pins, pin, access):
    state.access[pin] = access
    for k in range(pins.resource_start[access], pins.resource_start[access + 1]):
        take(state, worker, pins.resource[k])


@numba.njit(cache=True, nogil=True)
def _join(state, worker, node, count, nx):
    """Add a node to the tree and take what metal there needs; returns the size of the tree."""
    mark = worker.counters[NET_MARK]
    if state.tree_mark[node] == mark:
        return count
    state.tree_mark[node] = mark
    worker.tree[count] = node
    layer = node & 3
    take(state, worker, node)
    if layer == 1:
        take(state, worker, node + 4 * nx)
    elif layer == 2:
        take(state, worker, node + 4)
    return count + 1


@numba.njit(cache=True, nogil=True)
def edge_ends(edge, nx):
    """The lower and the upper node of an edge (node * 4 + axis)."""
    node = edge >> 2
    axis = edge & 3
    if axis == RIGHTWARD:
        return node, node + 4
    if axis == THROUGH:
        return node, node + 1
    return node, node + (4 * nx if node & 3 == 1 else 8 * nx)


@numba.njit(cache=True, nogil=True)
def _take_edge(state, worker, edge, nx):
    """Add an edge to the net, and the gaps beside the pad on met1 when it is a via there."""
    if edge & 3 == THROUGH and (edge >> 2) & 3 == 0:
        gap = len(state.flags) + (edge >> 4)
        take(state, worker, gap)
        take(state, worker, gap + nx)
    state.edges[worker.counters[EDGES_USED]] = edge
    worker.counters[EDGES_USED] += 1


@numba.njit(cache=True, nogil=True)
def trace(state, worker, node, count, nx):
    """Add the path that ends in `node` to the tree; returns its size and the node it leaves."""
    row = worker.frame[ROW]
    j = (node >> 2) // nx
    place = place_of(worker, node, (node >> 2) - j * nx, j)
    slot = end_of(worker, place)
    while True:
        count = _join(state, worker, node, count, nx)
        way = way_of(worker, slot)
        if way == START:
            return count, node
        tracks = 1 if node & 3 == 1 else 2
        step, axis, place_step = 1, THROUGH, np.int64(1)
        if way in (RIGHT, RIGHT_LANDED, LEFT, LEFT_LANDED):
            step, axis, place_step = 4, RIGHTWARD, np.int64(4)
        elif way in (UP, DOWN):
            step, axis, place_step = tracks * 4 * nx, UPWARD, tracks * row
        if way in (RIGHT, RIGHT_LANDED, UP, ABOVE):
            node -= step
            place -= place_step
            edge = node * 4 + axis
        else:
            edge = node * 4 + axis
            node += step
            place += place_step
        slot = place - row if way in (RIGHT_LANDED, LEFT_LANDED) else place
        _take_edge(state, worker, edge, nx)


@numba.njit(cache=True, nogil=True)
def _node_shared(state, node, nx):
    layer = node & 3
    if state.users[node] > 1:
        return True
    if layer == 1:
        return state.users[node + 4 * nx] > 1
    return layer == 2 and state.users[node + 4] > 1


@numba.njit(cache=True, nogil=True)
def _access_shared(state, pins, access):
    for k in range(pins.resource_start[access], pins.resource_start[access + 1]):
        if state.users[pins.resource[k]] > 1:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _is_clean(state, pins, net, pin, nx):
    """Whether a connection shares nothing and stays below the net's highest layer."""
    if _access_shared(state, pins, state.access[pin]) or _node_shared(state, state.attach[pin], nx):
        return False
    first = state.edge_start[net] + state.path_start[pin]
    for k in range(first, first + state.path_count[pin]):
        edge = np.int64(state.edges[k])
        low, high = edge_ends(edge, nx)
        if high & 3 > state.top[net]:
            return False
        if _node_shared(state, low, nx) or _node_shared(state, high, nx):
            return False
        if edge & 3 == THROUGH and low & 3 == 0:
            gap = len(state.flags) + (low >> 2)
            if state.users[gap] > 1 or state.users[gap + nx] > 1:
                return False
    return True


@numba.njit(cache=True, nogil=True)
def clean_paths(state, pins, net, order, nx):
    """[pins of the net, in the order they were reached] which connections may stay: none when the
    first may not, as all others stand on it, nor when a pin was not reached."""
    clean = np.zeros(len(order), np.bool_)
    for pin in order:
        if state.access[pin] < 0:
            return clean
    if _access_shared(state, pins, state.access[order[0]]):
        return clean
    for k in range(1, len(order)):
        clean[k] = _is_clean(state, pins, net, order[k], nx)
        if not clean[1]:
            break
    return clean


@numba.njit(cache=True, nogil=True)
def _keep_path(state, worker, pins, pin, old, tree, nx):
    """Add a connection to the tree as it was, its edges from `old` on; returns the tree's size."""
    tree = _join(state, worker, np.int64(state.attach[pin]), tree, nx)
    for k in range(old, old + state.path_count[pin]):
        edge = np.int64(state.edges[k])
        low, high = edge_ends(edge, nx)
        tree = _join(state, worker, low, tree, nx)
        tree = _join(state, worker, high, tree, nx)
        _take_edge(state, worker, edge, nx)
    take_access(state, worker, pins, pin, state.access[pin])
    return tree


@numba.njit(cache=True, nogil=True)
def keep_paths(state, worker, pins, net, order, clean, old, nx):
    """Begin the tree of a net with its `clean` connections that hang together with the first; its
    edges stood from `old` on. `clean` becomes what was kept; returns the size of the tree."""
    tree = np.int64(0)
    if len(order) < 2 or not clean[1]:
        clean[:] = False
        return tree
    take_access(state, worker, pins, order[0], state.access[order[0]])
    kept = np.zeros(len(order), np.bool_)
    kept[0] = True
    grew = True
    while grew:
        grew = False
        for k in range(1, len(order)):
            pin = order[k]
            stands = k == 1 or state.tree_mark[state.attach[pin]] == worker.counters[NET_MARK]
            if kept[k] or not clean[k] or not stands:
                continue
            start = worker.counters[EDGES_USED] - state.edge_start[net]
            tree = _keep_path(state, worker, pins, pin, old + state.path_start[pin], tree, nx)
            state.path_start[pin] = start
            kept[k] = grew = True
    clean[:] = kept
    return tree
