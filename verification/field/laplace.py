"""Laplace's equation between conductors, by finite volumes on a grid of uneven lines.

Nodes stand where three grid lines cross; a voxel between eight of them is dielectric or belongs to
a conductor. All nodes of a conductor have its potential, the rest follow from

    div(permittivity grad(potential)) = 0,    no flux through the sides of the grid.

Between two neighbouring nodes flows what the (up to four) voxels around their edge conduct. That is
a variational scheme: the capacitance it finds is never below the true one and falls to it as the
grid gets finer. Conjugate gradients with a symmetric sweep as preconditioner (Eisenstat's way, one
forward and one backward sweep for a step); single precision is enough, as the charge has twice the
digits of the potential. Lengths in um, charges in fF (at 1 V).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numba
import numpy as np

__all__ = ["EPSILON_0", "Grid", "charges", "lines"]

EPSILON_0 = 8.8541878e-3
"""fF/um."""
TOLERANCE = 2e-4
STEPS = 600


class Grid(NamedTuple):
    """`x`, `y`, `z`: lines; `permittivity` (relative) and `conductor` (0: none) of every voxel,
    [len(x) - 1, len(y) - 1, len(z) - 1]."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    permittivity: np.ndarray
    conductor: np.ndarray


def lines(edges: np.ndarray, low: float, high: float, step: float, nearest: float) -> np.ndarray:
    """Grid lines from `low` to `high`: one at every edge (edges closer than `nearest` to the one
    before share its line), and lines between, never further apart than `step`."""
    inside = np.unique(edges[(edges > low + nearest) & (edges < high - nearest)])
    kept = [low]
    for edge in inside:
        if edge - kept[-1] >= nearest:
            kept.append(edge)
    kept.append(high)
    parts = [
        np.linspace(a, b, max(1, int(np.ceil((b - a) / step - 1e-6))), endpoint=False)
        for a, b in pairwise(kept)
    ]
    return np.append(np.concatenate(parts), high)


def charges(grid: Grid, at_one: tuple[int, ...]) -> np.ndarray:
    """Charge of every conductor [highest number + 1], fF, with the conductors `at_one` at 1 V and
    all others at 0 V.

    Raises RuntimeError when the iteration does not converge.
    """
    label = _node_labels(grid.conductor)
    links = _links(grid)
    fixed = np.isin(label, at_one).astype(np.float32)
    free = label == 0
    potential = _solve(links, free, fixed)
    return _collect(links, potential, label)


def _node_labels(conductor: np.ndarray) -> np.ndarray:
    """Highest conductor number of the voxels around each node."""
    label = np.zeros([n + 1 for n in conductor.shape], np.int32)
    for dx in (0, 1):
        for dy in (0, 1):
            for dz in (0, 1):
                view = label[
                    dx : dx + conductor.shape[0],
                    dy : dy + conductor.shape[1],
                    dz : dz + conductor.shape[2],
                ]
                np.maximum(view, conductor, out=view)
    return label


def _links(grid: Grid) -> list[np.ndarray]:
    """Conductance from each node to the next in x, y and z [nodes], fF; 0 at the last."""
    steps = [np.diff(axis) for axis in (grid.x, grid.y, grid.z)]
    weight = EPSILON_0 * grid.permittivity
    found = []
    for axis in range(3):
        others = [k for k in range(3) if k != axis]
        flow = weight.astype(np.float64)
        for k in others:
            flow = flow * _along(steps[k] / 2, k)
        flow = flow / _along(steps[axis], axis)
        for k in others:  # the voxels on both sides of an edge
            pad = [(0, 0)] * 3
            pad[k] = (1, 1)
            wide = np.pad(flow, pad)
            flow = np.take(wide, range(1, wide.shape[k]), k) + np.take(
                wide, range(wide.shape[k] - 1), k
            )
        pad = [(0, 0)] * 3
        pad[axis] = (0, 1)
        found.append(np.pad(flow, pad).astype(np.float32))
    return found


def _along(values: np.ndarray, axis: int) -> np.ndarray:
    shape = [1, 1, 1]
    shape[axis] = len(values)
    return values.reshape(shape)


def _solve(links: list[np.ndarray], free: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Potential of all nodes, given that of the fixed ones."""
    shape = free.shape
    strides = (shape[1] * shape[2], shape[2], 1)
    pad = strides[0]
    flat = [np.pad(link.ravel(), pad) for link in links]
    padded_free = np.pad(free.ravel(), pad)
    padded_fixed = np.pad(fixed.ravel(), pad)
    source, scale = _scaled(*flat, padded_free, padded_fixed, *strides)
    solution, residual = _conjugate_gradients(*flat, source, *strides, TOLERANCE, STEPS)
    if not residual <= TOLERANCE:
        raise RuntimeError(f"field solution did not converge: residual {residual:.1e}")
    potential = np.where(padded_free, solution * scale, padded_fixed)
    return potential[pad : len(potential) - pad].reshape(shape)


@numba.njit(cache=True)
def _scaled(gx, gy, gz, free, fixed, sx, sy, sz):
    """Right side and scale; divides the links in place by the roots of both diagonals, and cuts
    those that do not join two free nodes."""
    n = len(gx)
    source, scale = np.zeros(n, np.float32), np.zeros(n, np.float32)
    for k in range(sx, n - sx):
        if free[k]:
            total = gx[k] + gx[k - sx] + gy[k] + gy[k - sy] + gz[k] + gz[k - sz]
            scale[k] = 1 / np.sqrt(total)
            source[k] = scale[k] * (
                gx[k] * fixed[k + sx]
                + gx[k - sx] * fixed[k - sx]
                + gy[k] * fixed[k + sy]
                + gy[k - sy] * fixed[k - sy]
                + gz[k] * fixed[k + sz]
                + gz[k - sz] * fixed[k - sz]
            )
    for k in range(n - sx):
        gx[k] *= scale[k] * scale[k + sx]
        gy[k] *= scale[k] * scale[k + sy]
        gz[k] *= scale[k] * scale[k + sz]
    return source, scale


@numba.njit(cache=True, fastmath=True)
def _conjugate_gradients(gx, gy, gz, source, sx, sy, sz, tolerance, steps):
    """Solve (I - L - L^T) u = source, L the links to earlier nodes, by conjugate gradients on
    (I - L)^-1 (I - L - L^T) (I - L^T)^-1. A product with that matrix is t + (I - L)^-1 (p - t) with
    t = (I - L^T)^-1 p: two sweeps."""
    n = len(source)
    r = source.copy()
    _forward(gx, gy, gz, r, sx, sy, sz)
    p, u = r.copy(), np.zeros_like(r)
    t, w = np.zeros_like(r), np.zeros_like(r)
    first = rr = _dot(r, r)
    for _ in range(steps):
        if rr <= tolerance * tolerance * first:
            break
        for k in range(n):
            t[k] = p[k]
        _backward(gx, gy, gz, t, sx, sy, sz)
        for k in range(n):
            w[k] = p[k] - t[k]
        _forward(gx, gy, gz, w, sx, sy, sz)
        pq = 0.0
        for k in range(n):
            w[k] += t[k]
            pq += p[k] * w[k]
        alpha = rr / pq
        last, rr = rr, 0.0
        for k in range(n):
            u[k] += alpha * p[k]
            r[k] -= alpha * w[k]
            rr += r[k] * r[k]
        beta = rr / last
        for k in range(n):
            p[k] = r[k] + beta * p[k]
    _backward(gx, gy, gz, u, sx, sy, sz)
    return u, np.sqrt(rr / first) if first > 0 else 0.0


@numba.njit(cache=True, fastmath=True)
def _dot(a, b):
    total = 0.0
    for k in range(len(a)):
        total += a[k] * b[k]
    return total


@numba.njit(cache=True, fastmath=True)
def _forward(gx, gy, gz, v, sx, sy, sz):
    """v <- (I - L)^-1 v in place."""
    for k in range(sx, len(v) - sx):
        v[k] += gx[k - sx] * v[k - sx] + gy[k - sy] * v[k - sy] + gz[k - sz] * v[k - sz]


@numba.njit(cache=True, fastmath=True)
def _backward(gx, gy, gz, v, sx, sy, sz):
    """v <- (I - L^T)^-1 v in place."""
    for k in range(len(v) - sx - 1, sx - 1, -1):
        v[k] += gx[k] * v[k + sx] + gy[k] * v[k + sy] + gz[k] * v[k + sz]


def _collect(links: list[np.ndarray], potential: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Flux out of the nodes of each conductor."""
    found = np.zeros(int(label.max()) + 1)
    for axis, link in enumerate(links):
        here = [slice(None)] * 3
        there = [slice(None)] * 3
        here[axis], there[axis] = slice(None, -1), slice(1, None)
        a, b = label[tuple(here)], label[tuple(there)]
        flux = link[tuple(here)] * (potential[tuple(here)] - potential[tuple(there)])
        edge = a != b
        for side, sign in ((a, 1.0), (b, -1.0)):
            found += np.bincount(side[edge], sign * flux[edge], len(found))
    return found
