"""What the router knows between passes, and the scratch memory of each thread."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = [
    "ANY_TOP",
    "BLOCKED",
    "EDGES_END",
    "EDGES_USED",
    "EXPANDED",
    "FAILED",
    "FREED_TOP",
    "MARK",
    "NET_MARK",
    "NO_EDGE",
    "NO_VIA",
    "REROUTED",
    "ROOM",
    "SPAN",
    "STRAY",
    "STRIDE",
    "TAKEN_END",
    "TAKEN_USED",
    "TILE_SHIFT",
    "NetTable",
    "State",
    "Worker",
    "new_state",
    "new_worker",
]

SPAN = 1 << 16  # costs a search can tell apart ahead of the cheapest one
ENTRIES = 1 << 23  # nodes one search may queue
ROOM = 400_000  # what one net may add to a pool
ANY_TOP, FREED_TOP = 3, 4  # no limit; and none again after one that cost too much
BLOCKED, NO_VIA, NO_EDGE = 1, 2, 4
"""Flags of a node: no metal, no via to the layer above, no wire to the next node."""
STRAY, FAILED = 1, 2  # a net for the last batch of this pass; a net to be routed again
TILE_SHIFT = 4  # a tile is 1 << TILE_SHIFT columns and tracks
STRIDE = 4  # net marks of different workers never meet: each counts in steps of this

MARK, NET_MARK, EXPANDED, REROUTED, EDGES_USED, EDGES_END, TAKEN_USED, TAKEN_END = range(8)
"""Counters of a worker: marks of the last search and the last net, nodes expanded, nets routed,
and its part of both pools: first free entry and end."""


class NetTable(NamedTuple):
    """Pins of net n: `start[n]`..`start[n + 1]`; `x`, `y` in columns and tracks; `instance`."""

    start: np.ndarray
    x: np.ndarray
    y: np.ndarray
    instance: np.ndarray


class State(NamedTuple):
    """The routing of all nets.

    Per node: `tree_mark`, `flags`, `moves` (which steps the flags allow). Per resource: `price`,
    what a net pays for it (0 while the net that is being routed holds it); `history`; `users`;
    `owner`, the net mark.
    `edges` and `taken` are pools: net n owns `edge_start[n]`..`+ edge_count[n]` (edge =
    node * 4 + axis, axis 0 to the right, 1 up, 2 a via) and likewise resources; `access` [pins]
    is what each pin uses (-1: none), and `path_start`, `path_count` which edges of its net lead
    there, counted from `edge_start`, from the node `attach` of the tree on; `failed` [nets] is
    `FAILED` where a pin could not be reached; `top` [nets] is the highest layer a net may climb to;
    `fresh` [nets] is 1 where a net was routed since antennas were last looked
    for.
    """

    tree_mark: np.ndarray
    flags: np.ndarray
    moves: np.ndarray
    price: np.ndarray
    history: np.ndarray
    users: np.ndarray
    owner: np.ndarray
    edges: np.ndarray
    edge_start: np.ndarray
    edge_count: np.ndarray
    taken: np.ndarray
    taken_start: np.ndarray
    taken_count: np.ndarray
    access: np.ndarray
    path_start: np.ndarray
    path_count: np.ndarray
    attach: np.ndarray
    failed: np.ndarray
    top: np.ndarray
    fresh: np.ndarray


class Worker(NamedTuple):
    """Scratch of one thread: a bucket queue (`head` [SPAN] of linked lists of `entries`: next,
    node, cost, track), labels of nodes (search mark << 33 | distance << 4 | way; where: `frame`,
    see `search`), the tree of the net in work, flags to restore, counters, and marks of tiles (see
    `corridor`)."""

    head: np.ndarray
    entries: np.ndarray
    queue: np.ndarray
    label: np.ndarray
    frame: np.ndarray
    tree: np.ndarray
    saved: np.ndarray
    counters: np.ndarray
    tiles: np.ndarray


def new_state(
    flags: np.ndarray, moves: np.ndarray, resources: int, nets: int, pins: int, pool: int
) -> State:
    """An empty state; `pool` is the room for edges of all nets, half that for resources."""

    def zeros(count: int, kind: type = np.int32) -> np.ndarray:
        return np.zeros(count, kind)

    return State(
        tree_mark=zeros(len(flags)),
        flags=flags,
        moves=moves,
        price=zeros(resources),
        history=zeros(resources),
        users=zeros(resources, np.int16),
        owner=zeros(resources),
        edges=zeros(pool),
        edge_start=zeros(nets, np.int64),
        edge_count=zeros(nets),
        taken=zeros(2 * pool),
        taken_start=zeros(nets, np.int64),
        taken_count=zeros(nets),
        access=np.full(pins, -1, np.int32),
        path_start=zeros(pins),
        path_count=zeros(pins),
        attach=zeros(pins),
        failed=zeros(nets, np.int8),
        top=np.full(nets, ANY_TOP, np.int8),
        fresh=np.ones(nets, np.int8),
    )


def new_worker(number: int, nx: int, ny: int) -> Worker:
    """The scratch of worker `number` (below STRIDE) on a grid of `nx` columns and `ny` tracks."""
    counters = np.zeros(8, np.int64)
    counters[NET_MARK] = number
    return Worker(
        head=np.full(SPAN, -1, np.int32),
        entries=np.zeros((ENTRIES, 4), np.int32),
        queue=np.zeros(3, np.int64),
        label=np.zeros(4 * nx * (ny + 1), np.int64),
        frame=np.zeros(3, np.int64),
        tree=np.zeros(1 << 20, np.int32),
        saved=np.zeros((100_000, 2), np.int64),
        counters=counters,
        tiles=np.zeros(((ny >> TILE_SHIFT) + 2, (nx >> TILE_SHIFT) + 2), np.int64),
    )
