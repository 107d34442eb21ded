"""From routed edges to wires, vias and patches."""

from __future__ import annotations

import klayout.db as kdb
import numba
import numpy as np

from flow.pnr.cell_library import region_of
from flow.pnr.design import Routes
from flow.pnr.route.grid import Grid
from flow.pnr.route.state import NetTable, State
from flow.pnr.rules import COLUMN, COLUMN_X, MET1, MET2, MET3, SPACING, TRACK, TRACK_Y, VIAS, WIDTH
from macros.technology.rules import GRID

__all__ = ["metal_rectangles", "routes_of"]

HOLE_AREA = 140_000  # nm2, m1.7


def routes_of(grid: Grid, nets: NetTable, state: State, fixed: np.ndarray | None) -> Routes:
    """Wires, vias and patches of all nets, sorted by net. `fixed` [n, 6] is metal that is there
    already and belongs to the nets: ports and pins of macros; with None notches stay open."""
    net, node, axis = _edges(state)
    layer = node & 3
    at = node >> 2
    i, j = at % grid.nx, at // grid.nx
    is_via = axis == 2
    wires = _wires(net[~is_via], layer[~is_via], i[~is_via], j[~is_via])
    vias = np.column_stack(
        [net[is_via], layer[is_via] + 1, COLUMN_X + COLUMN * i[is_via], TRACK_Y + TRACK * j[is_via]]
    )
    contacts, patches = _accesses(grid, nets, state)
    vias = np.concatenate([vias, contacts])
    vias = vias[np.lexsort(vias.T[::-1])].astype(np.int32)
    patches = patches[np.argsort(patches[:, 0], kind="stable")]
    routes = Routes(wires.astype(np.int32), vias, patches.astype(np.int32))
    if fixed is None:
        return routes
    filled = np.concatenate([routes.patches, _notches(routes, fixed)])
    return Routes(routes.wires, routes.vias, filled[np.lexsort(filled.T[::-1])].astype(np.int32))


def _edges(state: State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Net, lower node and axis of every edge, each once."""
    counts = state.edge_count
    net = np.repeat(np.arange(len(counts)), counts)
    offset = np.arange(len(net)) - np.repeat(np.cumsum(counts) - counts, counts)
    edge = state.edges[np.repeat(state.edge_start, counts) + offset].astype(np.int64)
    pairs = np.unique((net << 32) | edge)
    edge = pairs & 0xFFFFFFFF
    return pairs >> 32, edge >> 2, edge & 3


def _wires(net: np.ndarray, layer: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Runs of edges on one track as single wires [n, 6]."""
    parts = []
    for number in range(4):
        on = layer == number
        horizontal = number in (MET1, MET3)
        along, across = (i[on], j[on]) if horizontal else (j[on], i[on])
        step = 2 if number == 3 else 1
        order = np.lexsort((along, across, net[on]))
        n, a, c = net[on][order], along[order], across[order]
        if not len(n):
            continue
        new = np.ones(len(n), bool)
        new[1:] = (n[1:] != n[:-1]) | (c[1:] != c[:-1]) | (a[1:] != a[:-1] + step)
        first = np.flatnonzero(new)
        last = np.append(first[1:], len(n)) - 1
        low, high, fixed = a[first], a[last] + step, c[first]
        if horizontal:
            x0, x1 = COLUMN_X + COLUMN * low, COLUMN_X + COLUMN * high
            y0 = y1 = TRACK_Y + TRACK * fixed
        else:
            y0, y1 = TRACK_Y + TRACK * low, TRACK_Y + TRACK * high
            x0 = x1 = COLUMN_X + COLUMN * fixed
        parts.append(np.column_stack([n[first], np.full(len(first), number), x0, y0, x1, y1]))
    wires = np.concatenate(parts) if parts else np.zeros((0, 6), np.int64)
    return wires[np.lexsort(wires.T[::-1])]


def _accesses(grid: Grid, nets: NetTable, state: State) -> tuple[np.ndarray, np.ndarray]:
    """Contacts [n, 4] of the accesses in use, and the metal [n, 6] that leads to their nodes."""
    pins = np.flatnonzero(state.access >= 0)
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


def _notches(routes: Routes, fixed: np.ndarray) -> np.ndarray:
    """Patches that close every gap between shapes of one net that is too narrow to be legal.

    A patch may come close to a third shape of its net, so the nets patched last are looked at again
    until nothing is left to close.
    """
    metal = np.concatenate([metal_rectangles(routes), fixed])
    patches = np.zeros((0, 6), np.int64)
    looked_at = metal
    while len(fresh := _gaps(looked_at)):
        known = {tuple(row) for row in patches.tolist()}
        fresh = np.array([row for row in fresh.tolist() if tuple(row) not in known], np.int64)
        if not len(fresh):
            break
        patches = np.concatenate([patches, fresh])
        nets = np.unique(fresh[:, 0])
        looked_at = np.concatenate(
            [metal[np.isin(metal[:, 0], nets)], patches[np.isin(patches[:, 0], nets)]]
        )
    return np.concatenate([patches, _necks(metal, patches), _holes(metal, patches)])


def _gaps(metal: np.ndarray) -> np.ndarray:
    """The gaps to close, each once: [n, 6] net, layer, rectangle."""
    found = []
    for layer in (MET1, MET2, MET3):
        rects = metal[metal[:, 1] == layer].astype(np.int64)
        rects = rects[np.lexsort((rects[:, 2], rects[:, 0]))]
        gaps = _close_pairs(rects, SPACING[layer])
        found.append(np.column_stack([gaps[:, 0], np.full(len(gaps), layer), gaps[:, 1:]]))
    rows = np.concatenate(found)
    rows = rows[np.lexsort(rows.T[::-1])]
    return rows[np.append(True, (rows[1:] != rows[:-1]).any(axis=1))[: len(rows)]]


def _necks(metal: np.ndarray, patches: np.ndarray) -> np.ndarray:
    """Patches [n, 6] that widen what closing left narrower than a wire, where no other net is too
    close: a gap between pads that overlap by little becomes a neck."""
    width = np.array(WIDTH)[patches[:, 1]]
    small = np.minimum(patches[:, 4] - patches[:, 2], patches[:, 5] - patches[:, 3]) < width
    found = []
    for net, layer in np.unique(patches[small][:, :2], axis=0).tolist():
        own = [rows[(rows[:, 0] == net) & (rows[:, 1] == layer)] for rows in (metal, patches)]
        region = region_of(np.concatenate(own)[:, 2:].tolist()).merged()
        for pair in region.width_check(WIDTH[layer]).each():
            wider = _widened(pair, WIDTH[layer])
            if _clear(wider, metal[(metal[:, 0] != net) & (metal[:, 1] == layer)], SPACING[layer]):
                found.append((net, layer, *wider))
    return np.array(found, np.int64).reshape(-1, 6)


def _widened(pair: kdb.EdgePair, width: int) -> tuple[int, int, int, int]:
    """The box between two edges that face each other too closely, grown to both sides so that it
    meets what is beyond each of them on the whole width."""
    box = pair.bbox()
    x0, y0 = (v // GRID * GRID for v in (box.left, box.bottom))
    x1, y1 = (-(-v // GRID) * GRID for v in (box.right, box.top))
    if pair.first.dx() == 0:
        return min(x0, x1 - width), y0, max(x1, x0 + width), y1
    return x0, min(y0, y1 - width), x1, max(y1, y0 + width)


def _clear(box: tuple[int, int, int, int], others: np.ndarray, spacing: int) -> bool:
    """Whether no rectangle of the others [n, 6] is closer to the box than the spacing."""
    gap_x = np.maximum(others[:, 2] - box[2], box[0] - others[:, 4]).clip(0).astype(np.int64)
    gap_y = np.maximum(others[:, 3] - box[3], box[1] - others[:, 5]).clip(0).astype(np.int64)
    return bool((gap_x**2 + gap_y**2 >= spacing**2).all())


def _holes(metal: np.ndarray, notches: np.ndarray) -> np.ndarray:
    """Patches over holes of met1 that are too small (m1.7); only closed notches can make one."""
    on_met1 = notches[notches[:, 1] == MET1]
    nets, counts = np.unique(on_met1[:, 0], return_counts=True)
    rects = np.concatenate([metal[metal[:, 1] == MET1], on_met1])
    rects = rects[np.argsort(rects[:, 0], kind="stable")]
    found = []
    for net in nets[counts > 1].tolist():
        first, last = np.searchsorted(rects[:, 0], (net, net + 1))
        region = region_of(rects[first:last, 2:].tolist())
        for hole in region.merged().holes().each():
            if hole.area() < HOLE_AREA:
                box = hole.bbox()
                found.append((net, MET1, box.left, box.bottom, box.right, box.top))
    return np.array(found, np.int64).reshape(-1, 6)


@numba.njit(cache=True)
def _close_pairs(rects, spacing):
    """Boxes between rectangles of one net that are apart by less than `spacing`; `rects` is sorted
    by net and left edge. Cost: pairs within one net that overlap in x."""
    result = np.empty((len(rects) * 4 + 16, 5), np.int64)
    count = 0
    longest = 0
    for k in range(len(rects)):
        longest = max(longest, rects[k, 4] - rects[k, 2])
    for a in range(len(rects)):
        for b in range(a + 1, len(rects)):
            if rects[b, 0] != rects[a, 0] or rects[b, 2] >= rects[a, 4] + spacing:
                break
            gap_x = max(rects[b, 2] - rects[a, 4], 0)
            gap_y = max(rects[b, 3] - rects[a, 5], rects[a, 3] - rects[b, 5], 0)
            if gap_x == 0 and gap_y == 0:
                continue
            if gap_x * gap_x + gap_y * gap_y >= spacing * spacing or count >= len(result):
                continue
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
