"""From routed edges to wires, vias and patches."""

from __future__ import annotations

import numba
import numpy as np

from flow.pnr.design import Routes
from flow.pnr.library import region_of
from flow.pnr.route.grid import Grid
from flow.pnr.route.state import NetTable, State
from flow.pnr.rules import COLUMN, COLUMN_X, MET1, MET2, MET3, SPACING, TRACK, TRACK_Y, VIAS, WIDTH

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
    while len(fresh := _gaps(looked_at, metal)):
        known = {tuple(row) for row in patches.tolist()}
        fresh = np.array([row for row in fresh.tolist() if tuple(row) not in known], np.int64)
        if not len(fresh):
            break
        patches = np.concatenate([patches, fresh])
        nets = np.unique(fresh[:, 0])
        looked_at = np.concatenate(
            [metal[np.isin(metal[:, 0], nets)], patches[np.isin(patches[:, 0], nets)]]
        )
    return np.concatenate([patches, _holes(metal, patches)])


def _gaps(looked_at: np.ndarray, metal: np.ndarray) -> np.ndarray:
    """The gaps to close, each once: [n, 6] net, layer, rectangle. `metal` is that of all nets."""
    found = []
    for layer in (MET1, MET2, MET3):
        rects = looked_at[looked_at[:, 1] == layer].astype(np.int64)
        rects = rects[np.lexsort((rects[:, 2], rects[:, 0]))]
        gaps = _close_pairs(rects, SPACING[layer])
        boxes = np.column_stack([gaps[:, 0], np.full(len(gaps), layer), gaps[:, 1:5]])
        for k in np.flatnonzero(_too_narrow(boxes, gaps[:, 5], WIDTH[layer])):
            boxes[k] = _widened(boxes[k], int(gaps[k, 5]), metal)
        found.append(boxes)
    rows = np.concatenate(found)
    rows = rows[np.lexsort(rows.T[::-1])]
    return rows[np.append(True, (rows[1:] != rows[:-1]).any(axis=1))[: len(rows)]]


def _too_narrow(boxes: np.ndarray, side: np.ndarray, width: int) -> np.ndarray:
    """Patches [n] that would be a neck between the two shapes they join: what lies across the gap
    is narrower than a wire."""
    across = np.where(side == 0, boxes[:, 4] - boxes[:, 2], boxes[:, 5] - boxes[:, 3])
    return (side >= 0) & (across < width)


def _widened(box: np.ndarray, side: int, metal: np.ndarray) -> np.ndarray:
    """A patch that meets both of the shapes it joins on the width of a wire: grown to both sides,
    for one shape ends at its left and the other at its right. As it was if another net would be too
    close."""
    net, layer = int(box[0]), int(box[1])
    grown = box.copy()
    grown[2 + side] = min(box[2 + side], box[4 + side] - WIDTH[layer])
    grown[4 + side] = max(box[4 + side], box[2 + side] + WIDTH[layer])
    foreign = metal[(metal[:, 1] == layer) & (metal[:, 0] != net)].astype(np.int64)
    gap_x = np.maximum(foreign[:, 2] - grown[4], grown[2] - foreign[:, 4]).clip(0)
    gap_y = np.maximum(foreign[:, 3] - grown[5], grown[3] - foreign[:, 5]).clip(0)
    return grown if (gap_x**2 + gap_y**2 >= SPACING[layer] ** 2).all() else box


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
    """Boxes between rectangles of one net that are apart by less than `spacing`: [n, 6] net, box,
    and the side across the gap (0 its width, 1 its height, -1 both: corner to corner). `rects` is
    sorted by net and left edge. Cost: pairs within one net that overlap in x."""
    result = np.empty((len(rects) * 4 + 16, 6), np.int64)
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
            result[count, 5] = -1 if gap_x and gap_y else 1 if gap_x else 0
            count += 1
    return result[:count]
