"""Capacitance of routed wires, node by node of the routing grid (numba).

Each node of a wire stands for half a step to both sides. What lies above and below it there is
taken as planes: a wire that crosses on the next layer covers a part of the step, wider than itself
because its field spreads, and one that ends just short of it covers some; one layer further on,
wires run along again and cover by how near they lie; what is left over sees the li1 that the cells
have there or the substrate below, and nothing above (straps of met5, under them and beside, for
met3 and met4). For each pair of planes, `wire_planes` gives what half a wire has to a neighbour 1
to 6 tracks away and to all else; they are added in proportion.

What the net itself has above or below holds charge back and takes none. Metal beyond the wires
(ends, pads, patches) counts as wire of the same area, a large patch by its edges.

The shares and spreads are fitted to field solutions of 328 windows (least squares, begun at a fit
to 208 windows of other routings): of random logic, of logic around a macro, and of a chip. The
corners `min` and `max` scale each value as the PDK's tables do (`wire_tables`). How far the result
is from a field solver, in windows drawn anew: `python -m verification.bench spef`.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from flow.pnr.rules import COLUMN, COLUMN_X, LAYERS, MET4, MET5, TRACK, TRACK_Y, WIDTH
from flow.pnr.wire_planes import HALF_WIRE
from macros.technology.wire_tables import SANDWICH

__all__ = [
    "FARTHEST",
    "GROUND_NET",
    "Couplings",
    "Segments",
    "Surroundings",
    "capacitances",
    "halves",
    "lay_out",
    "wire_for",
]

FARTHEST = 6
"""Tracks to the last neighbour that counts."""
GROUND_NET = -1  # occupancy of metal that belongs to no signal net
SPREAD_UM = np.array(
    [
        [0.0, 0.24, 0.0, 0.0, 0.0],
        [0.21, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.29, 0.0, 0.18, 0.0],
        [0.0, 0.0, 0.42, 0.0, 0.0],
    ]
)
"""[layer, crossing layer]: how far to each side a crossing wire acts beyond its edge."""
ALONG_SHARE = np.array([1.0, 0.85])
"""Cover by a wire two layers away: on the same track, and for each one on a track beside it."""
BESIDE_SHARE = np.array([0.36, 0.25, 0.23])
"""Cover by a crossing wire that ends one node short of this one, two, and three."""
STRAP_UM = np.array([1.65, 2.2])
"""How far beyond their edges straps of met5 act, less and less, on met4 and on met3."""
LONE = 0.037
"""What a side without a neighbour has more than in a field without any: to metal farther away."""
OWN_SHARE = np.array([0.06, 0.57])
"""What is left of the rest where a plane is the net itself, of wires and of metal beyond them: it
holds charge back, but takes none; around so small a plane the field goes on to others."""
OWN_REACH_UM = 0.07
"""How much farther a wire of the net itself holds charge back than one of another net covers."""
PLATE_REACH_UM = 0.13
"""How much farther straps and plates, which are wide, act than a crossing wire does."""
BEYOND = np.array([1.2, 1.65, 4.75, 3.6])
"""Wire that metal beyond a wire counts for, by area, per layer: it has a face of its own at the end
of a wire, but only edges beside one."""
FACE_UM = np.array([0.6, 0.75, 0.2, 0.2])
"""um of wire whose area ends and pads have at the most, per layer; a larger patch has that face, or
edges that are half as long as those of a square of its area, if that is more."""
STEPS_UM = (COLUMN / 1e3, TRACK / 1e3, COLUMN / 1e3, 2 * TRACK / 1e3)
PITCH_UM = (TRACK / 1e3, COLUMN / 1e3, 2 * TRACK / 1e3, 2 * COLUMN / 1e3)
WIDTH_UM = tuple(width / 1e3 for width in WIDTH)


class Segments(NamedTuple):
    """Runs of grid nodes, [n] each: net, layer, first column and track, number of steps, um of wire
    that a run of no step counts for, and whether that is metal beyond the wires."""

    net: np.ndarray
    layer: np.ndarray
    column: np.ndarray
    track: np.ndarray
    steps: np.ndarray
    pad: np.ndarray
    is_beyond: np.ndarray


class Surroundings(NamedTuple):
    """What the grid holds: `metal` [5, tracks, columns] net + 1, `GROUND_NET` or 0 (met1 to met5),
    `li1` [tracks, columns] share of the area around a node that the cells have li1 on."""

    metal: np.ndarray
    li1: np.ndarray


class Shares(NamedTuple):
    """The model's own figures: `SPREAD_UM`, `ALONG_SHARE`, `BESIDE_SHARE` and so on."""

    spread: np.ndarray
    along: np.ndarray
    beside: np.ndarray
    own: np.ndarray
    own_reach: float
    plate_reach: float
    strap: np.ndarray
    lone: float


class Couplings(NamedTuple):
    """Between segments `a` < `b` of different nets: fF each."""

    a: np.ndarray
    b: np.ndarray
    farad: np.ndarray


def wire_for(area: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """um of wire that metal beyond the wires counts for: [n] of nm2 and of layers."""
    length = area / np.array(WIDTH)[layer] / 1e3
    face = BEYOND[layer] * np.minimum(length, FACE_UM[layer])
    return np.maximum(face, np.where(length > FACE_UM[layer], 2 * np.sqrt(area) / 1e3, 0.0))


def halves(corner: str) -> np.ndarray:
    """[layer, above, below, tracks to the neighbour - 1 (the last: none), coupling or rest] fF/um
    of half a wire at a corner. Above: none, the next layer, the one after; below: field, li1, two
    layers down, the next layer down."""
    table = np.zeros((4, 3, 4, FARTHEST + 1, 2))
    for (metal, above, below), rows in HALF_WIRE.items():
        layer = LAYERS.index(metal)
        up = 0 if above == "none" else LAYERS.index(above) - layer
        down = {"field": 0, "li1": 1}.get(below)
        if down is None:
            down = 4 - (layer - LAYERS.index(below))
        for k, row in enumerate(rows):
            factor = _factor(corner, (above, metal, below), k)
            table[layer, up, down, k] = row[0] * factor[0], row[1] * factor[1]
    return table


def _factor(corner: str, planes: tuple[str, str, str], neighbour: int) -> tuple[float, float]:
    """By how much coupling and rest differ from nominal in the PDK's tables."""
    layer = LAYERS.index(planes[1])
    found = []
    for wire in (SANDWICH[(corner, *planes)], SANDWICH[("nom", *planes)]):
        if neighbour == FARTHEST:
            coupling, fringe = wire.edge(wire.spacing[-1])
            found.append((1.0, wire.area * WIDTH_UM[layer] / 2 + coupling + fringe))
        else:
            distance = (neighbour + 1) * PITCH_UM[layer] - WIDTH_UM[layer]
            coupling, fringe = wire.edge(distance)
            found.append((coupling, wire.area * WIDTH_UM[layer] / 2 + fringe))
    return found[0][0] / found[1][0], found[0][1] / found[1][1]


def lay_out(wires: np.ndarray, static: np.ndarray) -> np.ndarray:
    """Net + 1 of the wire at each node (over `static`). `wires` [n, 6] as in `Routes`."""
    metal = static.copy()
    for net, layer, x0, y0, x1, y1 in wires.tolist():
        i0, i1 = (x0 - COLUMN_X) // COLUMN, (x1 - COLUMN_X) // COLUMN
        j0, j1 = (y0 - TRACK_Y) // TRACK, (y1 - TRACK_Y) // TRACK
        metal[layer, j0 : j1 + 1, i0 : i1 + 1] = net + 1
    return metal


def capacitances(
    around: Surroundings, segments: Segments, corner: str = "nom"
) -> tuple[np.ndarray, Couplings]:
    """fF to ground of every segment, and between segments of neighbouring nets.

    What two segments see of each other is the mean of what each sees.
    """
    owner = np.full(around.metal.shape, -1, np.int32)
    _own(owner, segments)
    room = 2 * int((segments.steps + 1).sum()) + 1
    shares = Shares(
        SPREAD_UM,
        ALONG_SHARE,
        BESIDE_SHARE,
        OWN_SHARE,
        OWN_REACH_UM,
        PLATE_REACH_UM,
        STRAP_UM,
        LONE,
    )
    ground, pairs, farad = _all(
        around.metal, around.li1, owner, segments, halves(corner), shares, room
    )
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
def _cover(metal, layer, j, i, towards, net, shares):
    """Share of the node at (layer, j, i) covered by the next layer (`towards` 1 or -1), and by the
    one after, and which part of the first is of the net itself."""
    near, far, own = 0.0, 0.0, 0.0
    other = layer + towards
    dj, di = (0, 1) if layer == 0 or layer == 2 else (1, 0)  # along the wire
    if 0 <= other <= MET4:
        reach = WIDTH_UM[other] / 2 + shares.spread[layer, other]
        half = STEPS_UM[layer] / 2
        pitch = (COLUMN if di else TRACK) / 1e3
        for away in range(-3, 4):
            jj, ii = j + away * dj, i + away * di
            found = _at(metal, other, jj, ii)
            more = shares.own_reach * (found == net) + shares.plate_reach * (found == GROUND_NET)
            part = min(half, away * pitch + reach + more) - max(-half, away * pitch - reach - more)
            if part > 0:
                near += part / STEPS_UM[layer] * (found != 0)
                own += part / STEPS_UM[layer] * (found == net)
                if found == 0:
                    near += part / STEPS_UM[layer] * _ends(metal, other, jj, ii, shares)
    elif other == MET5:
        near = _strap_cover(metal, j, i, shares.strap[0])
    other = layer + 2 * towards
    if other == MET5:
        far = _strap_cover(metal, j, i, shares.strap[1])
    elif 0 <= other <= MET4:
        far += shares.along[0] * (_at(metal, other, j, i) != 0)
        far += shares.along[1] * (_at(metal, other, j + di, i + dj) != 0)
        far += shares.along[1] * (_at(metal, other, j - di, i - dj) != 0)
    return min(near, 1.0), min(far, 1.0), own / near if near > 0 else 0.0


@numba.njit(cache=True)
def _strap_cover(metal, j, i, reach):
    """Share of a node that straps of met5 cover: all of it under them, less and less up to `reach`
    um beyond their edges."""
    if _at(metal, MET5, j, i):
        return 1.0
    share = 0.0
    for side in (-1, 1):
        away = 1
        while (away - 0.5) * TRACK / 1e3 < reach:
            if _at(metal, MET5, j + side * away, i):
                share += 1 - (away - 0.5) * TRACK / 1e3 / reach
                break
            away += 1
    return min(share, 1.0)


@numba.njit(cache=True)
def _ends(metal, layer, j, i, shares):
    """Share of a free node that wires cover which end to both sides of it along their way."""
    dj, di = (0, 1) if layer == 0 or layer == 2 else (1, 0)
    step = 2 if layer == 3 else 1
    found = 0.0
    for side in (-step, step):
        for away in range(len(shares.beside)):
            reach = side * (away + 1)
            if _at(metal, layer, j + reach * dj, i + reach * di) != 0:
                found += shares.beside[away]
                break
    return found


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
def _all(metal, li1, owner, segments, halves, shares, room):
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
            above, above_far, above_own = _cover(metal, layer, j, i, 1, net, shares)
            below, below_far, below_own = _cover(metal, layer, j, i, -1, net, shares)
            ups = (1 - above) * (1 - above_far), above, (1 - above) * above_far
            rest = (1 - below) * (1 - below_far)
            low = li1[j, i]
            downs = rest * (1 - low), rest * low, (1 - below) * below_far, below
            near = _beside(metal, layer, j, i, -1, net), _beside(metal, layer, j, i, 1, net)
            plane = 0.0
            coupled = [0.0, 0.0]
            for up in range(3):
                for down in range(4):
                    share = ups[up] * downs[down]
                    if share == 0.0:
                        continue
                    taken = above_own * (up == 1) + below_own * (down == 3)
                    free = 1.0 - (1.0 - shares.own[segments.is_beyond[k]]) * taken
                    for side in range(2):
                        value = halves[layer, up, down, near[side][0] - 1]
                        more = 1 + shares.lone * (near[side][0] > FARTHEST)
                        coupled[side] += share * value[0] * more
                        plane += share * free * value[1] * more
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
