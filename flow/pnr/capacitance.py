"""Capacitance of routed wires, node by node of the routing grid (numba).

Each node of a wire stands for half a step to both sides. What lies above and below it there is
taken as planes: a wire that crosses on the next layer covers a part of the step, wider than itself
by `SPREAD_UM` to both sides because its field spreads; one layer further on, wires run along again
and cover by how near they lie; what is left over sees the li1 of the cells or the substrate below,
and nothing above. For each pair of planes the published tables give area, coupling and fringe
capacitance; they are added in proportion. Same-layer neighbours are looked for up to `FARTHEST`
tracks away. Metal of via pads that sticks out of a wire counts as so much more wire.

How far the result is from a field solver stands in docs/pnr.md.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from flow.pnr.rules import COLUMN, COLUMN_X, MET4, TRACK, TRACK_Y, WIDTH
from macros.technology.wire_tables import SANDWICH, SPACINGS

__all__ = ["GROUND_NET", "Couplings", "Segments", "capacitances", "lay_out", "tables"]

FARTHEST = 3
GROUND_NET = -1  # occupancy of metal that belongs to no signal net
SPREAD_UM = (0.12, 0.12, 0.16, 0.16)
"""How far to each side a crossing wire of a layer acts beyond its edge."""
LI1_SHARE = 0.45
"""Share of the area under the wires in which li1 of the cells lies next below met1."""
ALONG_SHARE = (0.7, 0.3)
"""Cover by a wire two layers away: on the same track, and for each one on a track beside it."""
STEPS_UM = (COLUMN / 1e3, TRACK / 1e3, COLUMN / 1e3, 2 * TRACK / 1e3)
PITCH_UM = (TRACK / 1e3, COLUMN / 1e3, 2 * TRACK / 1e3, 2 * COLUMN / 1e3)
WIDTH_UM = tuple(width / 1e3 for width in WIDTH)


class Segments(NamedTuple):
    """Runs of grid nodes, [n] each: net, layer, first column and track, number of steps, and um of
    wire at a run of no step (a pad)."""

    net: np.ndarray
    layer: np.ndarray
    column: np.ndarray
    track: np.ndarray
    steps: np.ndarray
    pad: np.ndarray


class Couplings(NamedTuple):
    """Between segments `a` < `b` of different nets: fF each."""

    a: np.ndarray
    b: np.ndarray
    farad: np.ndarray


class Tables(NamedTuple):
    """`area` [layer, above, below] fF/um2, `side` [layer, above, below, tracks to the neighbour - 1
    (the last: none), coupling or fringe] fF/um. Above: none, the next layer, the one after; below:
    field, li1, two layers down, the next layer down."""

    area: np.ndarray
    side: np.ndarray


def tables(corner: str) -> Tables:
    """The published tables of a corner on the distances that occur on the grid."""
    area = np.zeros((4, 3, 4))
    side = np.zeros((4, 3, 4, FARTHEST + 1, 2))
    for (name, above, metal, below), wire in SANDWICH.items():
        if name != corner:
            continue
        layer = int(metal[-1]) - 1
        up = 0 if above == "none" else int(above[-1]) - 1 - layer
        down = {"field": 0, "li1": 1}.get(below)
        if down is None:
            down = 4 - (layer + 1 - int(below[-1]))
        area[layer, up, down] = wire.area
        for away in range(1, FARTHEST + 1):
            distance = away * PITCH_UM[layer] - WIDTH_UM[layer]
            side[layer, up, down, away - 1] = wire.edge(distance)
        side[layer, up, down, FARTHEST] = wire.edge(SPACINGS[metal][-1])
    return Tables(area, side)


def lay_out(wires: np.ndarray, static: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Net + 1 of the wire at each node ([4, tracks, columns], over `static`), and at how many sides
    of the node the wire goes on. `wires` [n, 6] as in `Routes`."""
    metal, arms = static.copy(), np.zeros(static.shape, np.uint8)
    for net, layer, x0, y0, x1, y1 in wires.tolist():
        i0, i1 = (x0 - COLUMN_X) // COLUMN, (x1 - COLUMN_X) // COLUMN
        j0, j1 = (y0 - TRACK_Y) // TRACK, (y1 - TRACK_Y) // TRACK
        metal[layer, j0 : j1 + 1, i0 : i1 + 1] = net + 1
        arms[layer, j0 : j1 + 1, i0 : i1 + 1] = 2
        arms[layer, j0, i0] -= 1
        arms[layer, j1, i1] -= 1
    return metal, arms


def capacitances(
    metal: np.ndarray, segments: Segments, corner: str = "nom"
) -> tuple[np.ndarray, Couplings]:
    """fF to ground of every segment, and between segments of neighbouring nets.

    What two segments see of each other is the mean of what each sees.
    """
    owner = np.full(metal.shape, -1, np.int32)
    _own(owner, segments)
    room = 2 * int((segments.steps + 1).sum()) + 1
    ground, pairs, farad = _all(metal, owner, segments, tables(corner), np.array(SPREAD_UM), room)
    low, high = pairs.min(axis=1), pairs.max(axis=1)
    key, place = np.unique(low.astype(np.int64) << 32 | high, return_inverse=True)
    total = np.bincount(place, farad / 2, len(key))
    return ground, Couplings(key >> 32, key & 0xFFFFFFFF, total)


@numba.njit(cache=True)
def _own(owner, segments):
    for k in range(len(segments.net)):
        layer, i, j = segments.layer[k], segments.column[k], segments.track[k]
        across = layer == 0 or layer == 2
        for _ in range(segments.steps[k] + 1):
            if segments.steps[k] > 0 or owner[layer, j, i] < 0:
                owner[layer, j, i] = k
            if across:
                i += 1
            else:
                j += 2 if layer == 3 else 1


@numba.njit(cache=True)
def _at(metal, layer, j, i):
    if 0 <= j < metal.shape[1] and 0 <= i < metal.shape[2]:
        return metal[layer, j, i]
    return 0


@numba.njit(cache=True)
def _cover(metal, layer, j, i, towards, net, spread):
    """Share of the node at (layer, j, i) covered by the next layer (`towards` 1 or -1), and by the
    one after, and which part of the first is of the net itself."""
    near, far, own = 0.0, 0.0, 0.0
    other = layer + towards
    if 0 <= other <= MET4:
        found = _at(metal, other, j, i)
        width = WIDTH_UM[other] + 2 * spread[other]
        if found:
            near = min(1.0, width / STEPS_UM[layer])
            if found == net:
                own = 1.0
        elif other >= 2 and layer == 1:
            # met3 stands on every second track only, and reaches over the tracks beside
            beside = (_at(metal, other, j - 1, i) != 0) + (_at(metal, other, j + 1, i) != 0)
            near = min(1.0, beside * max(0.0, (width - TRACK / 1e3) / 2 / (TRACK / 1e3)))
    other = layer + 2 * towards
    if 0 <= other <= MET4:
        dj, di = (1, 0) if layer == 0 or layer == 2 else (0, 1)
        if _at(metal, other, j, i):
            far += ALONG_SHARE[0]
        far += ALONG_SHARE[1] * (_at(metal, other, j + dj, i + di) != 0)
        far += ALONG_SHARE[1] * (_at(metal, other, j - dj, i - di) != 0)
    return near, min(far, 1.0), own


@numba.njit(cache=True)
def _beside(metal, layer, j, i, side, net):
    """Tracks to the next other wire at a side (FARTHEST + 1: none), and where it is."""
    for away in range(1, FARTHEST + 1):
        reach = side * away * (1 if layer < 2 else 2)
        jj, ii = (j + reach, i) if layer == 0 or layer == 2 else (j, i + reach)
        found = _at(metal, layer, jj, ii)
        if found != 0 and found != net:
            return away, jj, ii
    return FARTHEST + 1, 0, 0


@numba.njit(cache=True)
def _all(metal, owner, segments, tables, spread, room):
    ground = np.zeros(len(segments.net))
    pairs = np.empty((room, 2), np.int32)
    farad = np.empty(room)
    count = 0
    for k in range(len(segments.net)):
        layer, i, j = segments.layer[k], segments.column[k], segments.track[k]
        steps, net = segments.steps[k], segments.net[k] + 1
        across = layer == 0 or layer == 2
        for step in range(steps + 1):
            length = STEPS_UM[layer] * (0.5 if step == 0 or step == steps else 1.0)
            if steps == 0:
                length = segments.pad[k]
            above, above_far, above_own = _cover(metal, layer, j, i, 1, net, spread)
            below, below_far, below_own = _cover(metal, layer, j, i, -1, net, spread)
            ups = (1 - above) * (1 - above_far), above, (1 - above) * above_far
            rest = (1 - below) * (1 - below_far) if layer >= 2 else 1 - below
            li1 = LI1_SHARE
            downs = rest * (1 - li1), rest * li1, (1 - below) * below_far, below
            if layer < 2:
                downs = rest * (1 - li1), rest * li1, 0.0, below
            near = _beside(metal, layer, j, i, -1, net), _beside(metal, layer, j, i, 1, net)
            plane = 0.0
            coupled = [0.0, 0.0]
            for up in range(3):
                for down in range(4):
                    share = ups[up] * downs[down]
                    if share == 0.0:
                        continue
                    # planes of the net itself hold charge back but take none
                    free = 1.0 - 0.5 * (above_own * (up == 1) + below_own * (down == 3))
                    plane += share * free * tables.area[layer, up, down] * WIDTH_UM[layer]
                    for side in range(2):
                        value = tables.side[layer, up, down, near[side][0] - 1]
                        coupled[side] += share * value[0]
                        plane += share * free * value[1]
            ground[k] += plane * length
            for side in range(2):
                away, jj, ii = near[side]
                other = owner[layer, jj, ii] if away <= FARTHEST else -1
                if other >= 0:
                    pairs[count, 0], pairs[count, 1] = k, other
                    farad[count] = coupled[side] * length
                    count += 1
                else:
                    ground[k] += coupled[side] * length
            if across:
                i += 1
            else:
                j += 2 if layer == 3 else 1
    return ground, pairs[:count], farad[:count]
