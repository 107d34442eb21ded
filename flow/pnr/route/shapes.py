"""From routed edges to wires, vias and patches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import NamedTuple

import klayout.db as kdb
import numba
import numpy as np

from flow.pnr.cell_library import region_of
from flow.pnr.design import Routes
from flow.pnr.geometry import Rect
from flow.pnr.groups import row_numbers
from flow.pnr.route.grid import Grid
from flow.pnr.route.state import NetTable, State
from flow.pnr.rules import (
    ALONG_X,
    COLUMN,
    COLUMN_X,
    MET1,
    MET2,
    MET3,
    SPACING,
    TRACK,
    TRACK_Y,
    VIAS,
    WIDTH,
)
from macros.technology.rules import GRID

__all__ = ["Drawn", "draw", "metal_rectangles", "open_routes", "routes_of", "same_nets"]

HOLE_AREA = 140_000  # nm2, m1.7 m2.7
AROUND = 1_000  # nm from a patch within which it may have made a neck or a hole


class Drawn(NamedTuple):
    """What a routing draws: `open`, with gaps of nets still open; `closing` [n, 6], what closes
    them; `necks` [n, 6], what makes that as wide as a wire where no other net is too close."""

    open: Routes
    closing: np.ndarray
    necks: np.ndarray


def draw(
    grid: Grid, nets: NetTable, state: State, fixed: np.ndarray, before: Drawn | None = None
) -> Drawn:
    """Draw all nets. `fixed` [n, 6] is metal that is there already and belongs to the nets: ports
    and pins of macros. Gaps are looked for in nets that `before`, with the same fixed metal, drew
    otherwise."""
    routes = open_routes(grid, nets, state, np.ones(len(state.failed), bool))
    metal = np.concatenate([metal_rectangles(routes), fixed]).astype(np.int64)
    if before is None:
        return Drawn(routes, *_closing(metal))
    same = same_nets(before.open, routes, len(state.failed))
    closing, necks = _closing(metal[~same[metal[:, 0]]])
    kept = (rows[same[rows[:, 0]]] for rows in (before.closing, before.necks))
    return Drawn(
        routes, *(np.concatenate(both) for both in zip(kept, (closing, necks), strict=True))
    )


def routes_of(drawn: Drawn, fixed: np.ndarray) -> Routes:
    """Wires, vias and patches of all nets, sorted by net."""
    routes, closing, necks = drawn
    metal = np.concatenate([metal_rectangles(routes), fixed]).astype(np.int64)
    patches = np.concatenate([routes.patches, closing, necks[_clear(necks, metal)]])
    patches = patches[np.lexsort(patches.T[::-1])].astype(np.int32)
    return Routes(routes.wires, routes.vias, patches)


def same_nets(before: Routes, after: Routes, count: int) -> np.ndarray:
    """[count] nets that are drawn alike in both, whose rows are in order of nets."""
    same = np.ones(count, bool)
    for old, new in zip(astuple(before), astuple(after), strict=True):
        same &= np.bincount(old[:, 0], minlength=count) == np.bincount(new[:, 0], minlength=count)
        old, new = (rows[same[rows[:, 0]]] for rows in (old, new))
        same[new[(old != new).any(axis=1), 0]] = False
    return same


def open_routes(grid: Grid, nets: NetTable, state: State, among: np.ndarray) -> Routes:
    """Wires, vias and the metal at pins of the nets `among` [M], sorted by net."""
    net, node, axis = _edges(state, among)
    layer = node & 3
    at = node >> 2
    i, j = at % grid.nx, at // grid.nx
    is_via = axis == 2
    wires = _wires(net[~is_via], layer[~is_via], i[~is_via], j[~is_via])
    vias = np.column_stack(
        [net[is_via], layer[is_via] + 1, COLUMN_X + COLUMN * i[is_via], TRACK_Y + TRACK * j[is_via]]
    )
    contacts, patches = _accesses(grid, nets, state, among)
    vias = np.concatenate([vias, contacts])
    order = np.lexsort(((vias[:, 2] << 32) | vias[:, 3], (vias[:, 0] << 2) | vias[:, 1]))
    vias = vias[order].astype(np.int32)
    patches = patches[np.argsort(patches[:, 0], kind="stable")]
    return Routes(wires.astype(np.int32), vias, patches.astype(np.int32))


def _edges(state: State, among: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Net, lower node and axis of every edge, each once."""
    counts = np.where(among, state.edge_count, 0)
    net = np.repeat(np.arange(len(counts)), counts)
    edge = state.edges[row_numbers(state.edge_start, counts)].astype(np.int64)
    pairs = np.sort((net << 32) | edge)
    pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]]
    edge = pairs & 0xFFFFFFFF
    return pairs >> 32, edge >> 2, edge & 3


def _wires(net: np.ndarray, layer: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Runs of edges on one track as single wires [n, 6], sorted."""
    parts = []
    for number in range(4):
        on = layer == number
        horizontal = number in ALONG_X
        along, across = (i[on], j[on]) if horizontal else (j[on], i[on])
        step = 2 if number == 3 else 1
        edges = np.sort((net[on] << 40) | (across << 20) | along)
        first = np.flatnonzero(np.diff(edges, prepend=-1 - step) != step)
        last = np.append(first[1:], len(edges))[: len(first)] - 1
        n, fixed = edges[first] >> 40, (edges[first] >> 20) & FIELD
        low, high = edges[first] & FIELD, (edges[last] & FIELD) + step
        if horizontal:
            x0, x1 = COLUMN_X + COLUMN * low, COLUMN_X + COLUMN * high
            y0 = y1 = TRACK_Y + TRACK * fixed
        else:
            y0, y1 = TRACK_Y + TRACK * low, TRACK_Y + TRACK * high
            x0 = x1 = COLUMN_X + COLUMN * fixed
        parts.append(np.column_stack([n, np.full(len(n), number), x0, y0, x1, y1]))
    wires = np.concatenate(parts)
    order = np.lexsort(((wires[:, 2] << 32) | wires[:, 3], (wires[:, 0] << 2) | wires[:, 1]))
    return wires[order]


FIELD = (1 << 20) - 1
"""Columns and tracks a sorting key has room for."""


def _accesses(
    grid: Grid, nets: NetTable, state: State, among: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Contacts [n, 4] of the accesses in use, and the metal [n, 6] that leads to their nodes."""
    pins = np.flatnonzero((state.access >= 0) & np.repeat(among, np.diff(nets.start)))
    net = np.searchsorted(nets.start, pins, side="right") - 1
    access = state.access[pins]
    drawn = grid.pins.metal_layer[access] >= 0
    layers, metal = grid.pins.metal_layer[access[drawn]], grid.pins.metal[access[drawn]]
    patches = np.column_stack([net[drawn], layers, metal])
    li1 = grid.pins.x[access] >= 0
    kind = np.zeros(int(li1.sum()), np.int64)
    contacts = np.column_stack([net[li1], kind, grid.pins.x[access[li1]], grid.pins.y[access[li1]]])
    return contacts, patches


def metal_rectangles(routes: Routes) -> np.ndarray:
    """Every rectangle of metal the routes draw: [n, 6] net, layer, x0, y0, x1, y1.

    The pad of a contact is part of the patch that leads to its node.
    """
    half = np.array(WIDTH)[routes.wires[:, 1]] // 2
    wires = routes.wires.copy()
    wires[:, 2] -= half
    wires[:, 3] -= half
    wires[:, 4] += half
    wires[:, 5] += half
    parts = [wires, routes.patches]
    for number, via in enumerate(VIAS):
        some = routes.vias[routes.vias[:, 1] == number]
        for layer, (hx, hy) in ((number - 1, via.below), (number, via.above)):
            if number == 0:
                continue
            parts.append(
                np.column_stack(
                    [
                        some[:, 0],
                        np.full(len(some), layer),
                        some[:, 2] - hx,
                        some[:, 3] - hy,
                        some[:, 2] + hx,
                        some[:, 3] + hy,
                    ]
                )
            )
    return np.concatenate(parts).astype(np.int32)


def _closing(metal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Patches that close every gap between shapes of one net that is too narrow to be legal, and
    small holes; and the necks among them, widened.

    A patch may come close to a third shape of its net, so what was drawn last is looked at again
    until nothing is left to close.
    """
    patches = np.zeros((0, 6), np.int64)
    fresh, others = metal, patches
    while len(fresh):
        fresh = _without(_gaps(fresh, others), patches)
        patches = np.concatenate([patches, fresh])
        others = np.concatenate([metal, patches])
        others = others[np.isin(others[:, 0], fresh[:, 0])]
    holes, necks = _mended(metal, patches)
    return np.concatenate([patches, holes]), necks


def _without(rows: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Each row once that is not known yet, sorted."""
    both = np.concatenate([known, rows])
    order = np.lexsort(both.T[::-1])
    new = np.append(True, (np.diff(both[order], axis=0) != 0).any(axis=1))[: len(both)]
    return both[order[new & (order >= len(known))]]


def _gaps(fresh: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The gaps to close that a fresh rectangle has to another one: [n, 6] net, layer, rectangle."""
    metal = np.concatenate([fresh, others])
    is_fresh = np.arange(len(metal)) < len(fresh)
    found = []
    for layer in (MET1, MET2, MET3):
        some = np.flatnonzero(metal[:, 1] == layer)
        some = some[np.lexsort((metal[some, 2], metal[some, 0]))]
        gaps = _close_pairs(metal[some], is_fresh[some], SPACING[layer])
        found.append(np.column_stack([gaps[:, 0], np.full(len(gaps), layer), gaps[:, 1:]]))
    return np.concatenate(found)


def _mended(metal: np.ndarray, patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Patches [n, 6] for what closing gaps has made: holes too small to stay (m1.7 m2.7), and necks
    narrower than a wire, where pads overlap by little."""
    holes, necks = [], []
    for layer in (MET1, MET2, MET3):
        rows = _patched(*(rows[rows[:, 1] == layer] for rows in (metal, patches)))
        region = region_of(rows[:, 2:].tolist()).merged()
        for pair in region.width_check(WIDTH[layer]).each():
            net = _net_at(rows, pair.bbox())
            necks.append((net, layer, *_widened(pair, WIDTH[layer])))
        if layer < MET3:
            for hole in region.holes().with_area(None, HOLE_AREA, False).each():
                box = hole.bbox()
                net = _net_at(rows, box)
                holes.append((net, layer, box.left, box.bottom, box.right, box.top))
    return _rows(holes), _rows(necks)


def _rows(patches: Sequence[tuple[int, ...]]) -> np.ndarray:
    return np.array(patches, np.int64).reshape(-1, 6)


def _patched(drawn: np.ndarray, patches: np.ndarray) -> np.ndarray:
    """The metal around patches of its net, and these."""
    drawn, patches = (rows[np.argsort(rows[:, 0], kind="stable")] for rows in (drawn, patches))
    return np.concatenate([drawn[_near(drawn, patches)], patches])


def _net_at(rows: np.ndarray, box: kdb.Box) -> int:
    """The net with metal at a box; metal of two nets never touches."""
    low = (rows[:, 2] <= box.right) & (rows[:, 3] <= box.top)
    high = (rows[:, 4] >= box.left) & (rows[:, 5] >= box.bottom)
    return int(rows[np.flatnonzero(low & high)[0], 0])


@numba.njit(cache=True)
def _near(drawn, patches):
    """[n] whether a rectangle is within `AROUND` of a patch of its net; both are sorted by net."""
    near = np.zeros(len(drawn), np.bool_)
    first = 0
    for k in range(len(drawn)):
        while first < len(patches) and patches[first, 0] < drawn[k, 0]:
            first += 1
        p = first
        while p < len(patches) and patches[p, 0] == drawn[k, 0] and not near[k]:
            gap_x = max(patches[p, 2] - drawn[k, 4], drawn[k, 2] - patches[p, 4])
            gap_y = max(patches[p, 3] - drawn[k, 5], drawn[k, 3] - patches[p, 5])
            near[k] = max(gap_x, gap_y) < AROUND
            p += 1
    return near


def _widened(pair: kdb.EdgePair, width: int) -> Rect:
    """The box between two edges that face each other too closely, grown to both sides so that it
    meets what is beyond each of them on the whole width."""
    box = pair.bbox()
    x0, y0 = (v // GRID * GRID for v in (box.left, box.bottom))
    x1, y1 = (-(-v // GRID) * GRID for v in (box.right, box.top))
    if pair.first.dx() == 0:
        return min(x0, x1 - width), y0, max(x1, x0 + width), y1
    return x0, min(y0, y1 - width), x1, max(y1, y0 + width)


def _clear(boxes: np.ndarray, metal: np.ndarray) -> np.ndarray:
    """[n] whether no metal of another net is too close to a box."""
    clear = np.ones(len(boxes), bool)
    for layer in (MET1, MET2, MET3):
        some = np.flatnonzero(boxes[:, 1] == layer)
        some = some[np.argsort(boxes[some, 2], kind="stable")]
        clear[some] = _clear_on_layer(boxes[some], metal[metal[:, 1] == layer], SPACING[layer])
    return clear


@numba.njit(cache=True)
def _clear_on_layer(boxes, metal, spacing):
    """The same on one layer; `boxes` are sorted by left edge. Cost: for each rectangle of metal the
    boxes that meet it in x."""
    clear = np.ones(len(boxes), np.bool_)
    left = boxes[:, 2].copy()
    widest = np.int64(0)
    for k in range(len(boxes)):
        widest = max(widest, boxes[k, 4] - boxes[k, 2])
    for other in range(len(metal)):
        k = np.searchsorted(left, metal[other, 2] - spacing - widest)
        while k < len(boxes) and left[k] < metal[other, 4] + spacing:
            gap_x = max(metal[other, 2] - boxes[k, 4], left[k] - metal[other, 4], 0)
            gap_y = max(metal[other, 3] - boxes[k, 5], boxes[k, 3] - metal[other, 5], 0)
            if metal[other, 0] != boxes[k, 0] and gap_x**2 + gap_y**2 < spacing**2:
                clear[k] = False
            k += 1
    return clear


@numba.njit(cache=True)
def _close_pairs(rects, fresh, spacing):
    """Boxes between rectangles of one net, one of them fresh, that are apart by less than
    `spacing`; `rects` is sorted by net and left edge. Cost: pairs of a net that overlap in x."""
    result = np.empty((len(rects) + 16, 5), np.int64)
    count = 0
    for a in range(len(rects)):
        for b in range(a + 1, len(rects)):
            if rects[b, 0] != rects[a, 0] or rects[b, 2] >= rects[a, 4] + spacing:
                break
            if not fresh[a] and not fresh[b]:
                continue
            gap_x = max(rects[b, 2] - rects[a, 4], 0)
            gap_y = max(rects[b, 3] - rects[a, 5], rects[a, 3] - rects[b, 5], 0)
            if gap_x == 0 and gap_y == 0:
                continue
            if gap_x * gap_x + gap_y * gap_y >= spacing * spacing:
                continue
            if count == len(result):
                result = np.concatenate((result, np.empty_like(result)))
            if gap_x:
                x0, x1 = rects[a, 4], rects[b, 2]
            else:
                x0, x1 = max(rects[a, 2], rects[b, 2]), min(rects[a, 4], rects[b, 4])
            if gap_y:
                y0, y1 = min(rects[a, 5], rects[b, 5]), max(rects[a, 3], rects[b, 3])
            else:
                y0, y1 = max(rects[a, 3], rects[b, 3]), min(rects[a, 5], rects[b, 5])
            result[count, 0] = rects[a, 0]
            result[count, 1], result[count, 2] = x0, y0
            result[count, 3], result[count, 4] = x1, y1
            count += 1
    return result[:count]
