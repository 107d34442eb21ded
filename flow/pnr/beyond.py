"""Metal of nets beyond their wires: ends, pads of vias and patches, each with the area that no wire
and no such shape before it covers (numba).

A wire is taken from end to end of its centre line; what sticks out there is an end.
"""

from __future__ import annotations

import numba
import numpy as np

from flow.pnr.design import Routes
from flow.pnr.rules import ALONG_X, VIAS, WIDTH

__all__ = ["metal_beyond"]


def metal_beyond(routes: Routes) -> np.ndarray:
    """[n, 5]: net, layer, x and y of the point it belongs to (end of a wire, centre of a via or of
    a patch), nm2 of area; rows without area are left out."""
    wires = routes.wires.astype(np.int64)
    half = np.array(WIDTH)[wires[:, 1]] // 2
    flat = np.isin(wires[:, 1], ALONG_X)
    x, y = np.where(flat, 0, half), np.where(flat, half, 0)
    cores = np.column_stack(
        [wires[:, :2], wires[:, 2] - x, wires[:, 3] - y, wires[:, 4] + x, wires[:, 5] + y]
    )
    patches = routes.patches.astype(np.int64)
    middle = (patches[:, 2:4] + patches[:, 4:]) // 2
    # patches first: a wire that ends in one has no face there
    parts = [np.column_stack([patches[:, :2], middle, patches[:, 2:]])]
    parts += [_around(wires[:, [0, 1, 2, 3]], half), _around(wires[:, [0, 1, 4, 5]], half)]
    vias = routes.vias.astype(np.int64)
    for kind, via in enumerate(VIAS):
        at = vias[vias[:, 1] == kind]
        for layer, (half_x, half_y) in ((kind - 1, via.below), (kind, via.above)):
            if layer >= 0:
                at[:, 1] = layer
                parts.append(_around(at, np.array(half_x), np.array(half_y)))
    shapes = np.concatenate(parts)
    shapes = shapes[np.lexsort((shapes[:, 1], shapes[:, 0]))]
    cores = cores[np.lexsort((cores[:, 1], cores[:, 0]))]
    area = _uncovered(cores, shapes)
    rows = np.column_stack([shapes[:, :4], area])[area > 0]
    rows = rows[np.lexsort(rows.T[::-1])]
    first = np.flatnonzero(
        np.append(True, (rows[1:, :4] != rows[:-1, :4]).any(axis=1))[: len(rows)]
    )
    rows[first, 4] = np.add.reduceat(rows[:, 4], first)
    return rows[first]


def _around(at: np.ndarray, half_x: np.ndarray, half_y: np.ndarray | None = None) -> np.ndarray:
    """Rows net, layer, x, y with a rectangle about the point."""
    half_y = half_x if half_y is None else half_y
    x, y = at[:, 2], at[:, 3]
    return np.column_stack([at, x - half_x, y - half_y, x + half_x, y + half_y])


@numba.njit(cache=True)
def _uncovered(cores, shapes):
    """Area of each shape [n, 8] less the cores [m, 6] and the shapes before it, of its net and
    layer; both are sorted by net and layer. A shape is cut along the edges of all that overlap it;
    each piece counts unless one of them covers it."""
    area = np.zeros(len(shapes), np.int64)
    overlapping = np.empty((64, 4), np.int64)
    first_core = first = 0
    for k in range(len(shapes)):
        net, layer = shapes[k, 0], shapes[k, 1]
        if net != shapes[first, 0] or layer != shapes[first, 1]:
            first = k
        while first_core < len(cores) and (
            cores[first_core, 0] < net
            or (cores[first_core, 0] == net and cores[first_core, 1] < layer)
        ):
            first_core += 1
        x0, y0, x1, y1 = shapes[k, 4], shapes[k, 5], shapes[k, 6], shapes[k, 7]
        count = 0
        other = first_core
        while other < len(cores) and cores[other, 0] == net and cores[other, 1] == layer:
            overlapping, count = _note(overlapping, count, cores[other, 2:], x0, y0, x1, y1)
            other += 1
        for other in range(first, k):
            overlapping, count = _note(overlapping, count, shapes[other, 4:], x0, y0, x1, y1)
        area[k] = _rest(overlapping[:count], x0, y0, x1, y1)
    return area


@numba.njit(cache=True)
def _note(overlapping, count, rect, x0, y0, x1, y1):
    """Add the part of a rectangle inside the box, if there is one; the array doubles when full."""
    a, b = max(rect[0], x0), max(rect[1], y0)
    c, d = min(rect[2], x1), min(rect[3], y1)
    if a >= c or b >= d:
        return overlapping, count
    if count == len(overlapping):
        overlapping = np.concatenate((overlapping, overlapping))
    overlapping[count, 0], overlapping[count, 1] = a, b
    overlapping[count, 2], overlapping[count, 3] = c, d
    return overlapping, count + 1


@numba.njit(cache=True)
def _rest(rects, x0, y0, x1, y1):
    """Area of the box that no rectangle covers."""
    xs = np.unique(np.concatenate((rects[:, 0], rects[:, 2], np.array([x0, x1]))))
    ys = np.unique(np.concatenate((rects[:, 1], rects[:, 3], np.array([y0, y1]))))
    total = 0
    for i in range(len(xs) - 1):
        for j in range(len(ys) - 1):
            covered = False
            for k in range(len(rects)):
                if (
                    rects[k, 0] <= xs[i]
                    and xs[i + 1] <= rects[k, 2]
                    and rects[k, 1] <= ys[j]
                    and ys[j + 1] <= rects[k, 3]
                ):
                    covered = True
                    break
            if not covered:
                total += (xs[i + 1] - xs[i]) * (ys[j + 1] - ys[j])
    return total
