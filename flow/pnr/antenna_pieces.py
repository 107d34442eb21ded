"""Pieces of nets while their metal is made layer by layer, and the charge each collects (numba).

While layer l is etched, the metal up to l and the cuts below it exist, and all pins. What touches
is one piece: layer after layer the parts of a net that meet are joined in disjoint sets. Then the
wires of layer l in each piece are held against the gates there. What lies between two vias counts
as longer by its width, for their pads.

Cost: for each net pairs of parts on adjoining layers, some thousands for a net of twenty pins.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from flow.pnr.rules import LAYERS, VIAS, WIDTH
from macros.disjoint import join, root

__all__ = ["LI1", "Parts", "charged_pieces"]

LI1 = -1
"""Layer of a pin's shape on local interconnect."""
METALS = len(LAYERS) - 1  # met5 carries no signals
BELOW = np.array([via.below for via in VIAS])
ABOVE = np.array([via.above for via in VIAS])
WIDTHS = np.array(WIDTH)


class Parts(NamedTuple):
    """What nets are made of, in order of nets; net n has rows `x_start[n]`..`x_start[n + 1]` of x.

    `wires` and `patches` [., 5]: layer, rectangle (of a wire, its centre line); `vias` [., 3]:
    layer above, x, y; `shapes` [., 6]: pin, layer, rectangle; of each pin `gate` and `diffusion`
    in um2.
    """

    wires: np.ndarray
    wire_start: np.ndarray
    vias: np.ndarray
    via_start: np.ndarray
    patches: np.ndarray
    patch_start: np.ndarray
    shapes: np.ndarray
    shape_start: np.ndarray
    pin_start: np.ndarray
    gate: np.ndarray
    diffusion: np.ndarray


@numba.njit(cache=True)
def _meet(a, b):
    """Whether two rectangles, of which lines and points are some, touch."""
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


@numba.njit(cache=True)
def _pads(vias, layer):
    """Rectangles [., 6] of the pads on a layer: via, 1 if the cut is below, rectangle."""
    pads = np.empty((len(vias), 6), np.int64)
    count = 0
    for v in range(len(vias)):
        below = vias[v, 0] == layer
        if not below and vias[v, 0] != layer + 1:
            continue
        half = ABOVE[layer] if below else BELOW[layer + 1]
        pads[count, 0], pads[count, 1] = v, 1 if below else 0
        pads[count, 2], pads[count, 4] = vias[v, 1] - half[0], vias[v, 1] + half[0]
        pads[count, 3], pads[count, 5] = vias[v, 2] - half[1], vias[v, 2] + half[1]
        count += 1
    return pads[:count]


@numba.njit(cache=True)
def _holds(rect, via):
    """Whether a via stands in a rectangle or on a line."""
    return rect[0] <= via[1] <= rect[2] and rect[1] <= via[2] <= rect[3]


@numba.njit(cache=True)
def _join_layer(parent, metal, vias, shapes, layer):
    """Join what touches on a layer, and the cuts below it to their pads.

    Members of `parent`: `metal`, which is wires and patches, pads under the cuts of vias, pads
    above them, pins.
    """
    first_pin = len(metal) + 2 * len(vias)
    pads = _pads(vias, layer)
    for k in range(len(pads)):
        v, is_above = pads[k, 0], pads[k, 1]
        pad = len(metal) + is_above * len(vias) + v
        if is_above:
            join(parent, pad, len(metal) + v)
        for other in range(k):
            if _holds(pads[other, 2:], vias[v]):
                join(parent, pad, len(metal) + pads[other, 1] * len(vias) + pads[other, 0])
        for m in range(len(metal)):
            if metal[m, 0] == layer and _meet(metal[m, 1:], pads[k, 2:]):
                join(parent, pad, m)
        for s in range(len(shapes)):
            contact = shapes[s, 1] == LI1 and is_above and layer == 0
            if (contact or shapes[s, 1] == layer) and _holds(shapes[s, 2:], vias[v]):
                join(parent, pad, first_pin + shapes[s, 0])
    for m in range(len(metal)):
        if metal[m, 0] != layer:
            continue
        for other in range(m):
            if metal[other, 0] == layer and _meet(metal[m, 1:], metal[other, 1:]):
                join(parent, m, other)
        for s in range(len(shapes)):
            if shapes[s, 1] == layer and _meet(metal[m, 1:], shapes[s, 2:]):
                join(parent, m, first_pin + shapes[s, 0])


@numba.njit(cache=True)
def _length(wires, vias, w):
    """nm of a wire and of a width for each of its pieces between vias."""
    layer = wires[w, 0]
    long = wires[w, 3] - wires[w, 1] + wires[w, 4] - wires[w, 2]
    pieces = 1
    for v in range(len(vias)):
        if not layer <= vias[v, 0] <= layer + 1 or not _holds(wires[w, 1:], vias[v]):
            continue
        away = vias[v, 1] - wires[w, 1] + vias[v, 2] - wires[w, 2]
        stacked = False
        for other in range(v):
            here = vias[other, 1] == vias[v, 1] and vias[other, 2] == vias[v, 2]
            stacked |= here and layer <= vias[other, 0] <= layer + 1
        pieces += 0 < away < long and not stacked
    return long + pieces * WIDTHS[layer]


@numba.njit(cache=True)
def charged_pieces(parts, least):
    """Pieces with more than `least` times as much length of wire in um on a layer as gate area in
    um2: (net, layer, um, gate area, diffusion area, pin of the largest gate, counted in the net).
    """
    found = [(0, 0, 0.0, 0.0, 0.0, 0)]
    for net in range(len(parts.pin_start) - 1):
        wires = parts.wires[parts.wire_start[net] : parts.wire_start[net + 1]]
        vias = parts.vias[parts.via_start[net] : parts.via_start[net + 1]]
        patches = parts.patches[parts.patch_start[net] : parts.patch_start[net + 1]]
        shapes = parts.shapes[parts.shape_start[net] : parts.shape_start[net + 1]]
        gates = parts.gate[parts.pin_start[net] : parts.pin_start[net + 1]]
        diffusions = parts.diffusion[parts.pin_start[net] : parts.pin_start[net + 1]]
        metal = np.concatenate((wires, patches))
        first_pin = len(metal) + 2 * len(vias)
        count = first_pin + len(gates)
        parent = np.arange(count)
        for layer in range(METALS):
            _join_layer(parent, metal, vias, shapes, layer)
            length = np.zeros(count)
            for w in range(len(wires)):
                if wires[w, 0] == layer:
                    length[root(parent, w)] += _length(wires, vias, w) / 1e3
            gate, diffusion = np.zeros(count), np.zeros(count)
            largest = np.zeros(count, np.int64)
            for k in range(len(gates)):
                piece = root(parent, first_pin + k)
                if gate[piece] == 0 or gates[k] > gates[largest[piece]]:
                    largest[piece] = k
                gate[piece] += gates[k]
                diffusion[piece] += diffusions[k]
            for piece in np.flatnonzero(gate):
                if length[piece] > least * gate[piece]:
                    row = (net, layer, length[piece], gate[piece], diffusion[piece])
                    found.append((*row, largest[piece]))
    return found[1:]
