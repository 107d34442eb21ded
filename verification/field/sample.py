"""Windows of a routed design, the field in them, and what the extraction says of the same metal."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from flow.pnr.capacitance import STEPS_UM, Segments, capacitances
from flow.pnr.design import Design
from flow.pnr.geometry import Rect
from flow.pnr.parasitics import driver_of, resistance_tree, segments_of, surroundings
from flow.pnr.rules import ALONG_X, COLUMN, COLUMN_X, MET4, TRACK, TRACK_Y
from flow.pnr.wiring import wiring_of
from verification.field import window

__all__ = ["Extracted", "Place", "extracted", "places", "solved", "tree_ohms"]

HALF = (4 * COLUMN + COLUMN // 2, 6 * TRACK + TRACK // 2)
MARGIN = 2_000
"""Surroundings of a window that the field solution sees as well, nm."""
SHORTEST = 1_000
"""Wires that windows are laid about are at least so long, nm."""
STEPS = (0.14, 0.07)
"""The two grids of a solution, um; halving the step, as `ORDER` expects, tells what is left."""
ORDER = 4 / 3
"""How the error falls with the step: the charge at an edge of a right angle."""


class Place(NamedTuple):
    """A net in a window about the middle of one of its wires, on `layer`."""

    net: int
    layer: int
    inner: Rect


class Extracted(NamedTuple):
    """fF of the net in the window, and how much of it couples to nets on the same layer."""

    total: float
    coupling: float


def places(design: Design, count: int, seed: int = 1) -> list[Place]:
    """`count` windows for each layer of signal wires (fewer where there are not as many nets), each
    of another net; drawn by chance from all wires of the layer."""
    chance = random.Random(seed)
    found: list[Place] = []
    used: set[int] = set()
    wires = design.routes.wires
    long = wires[wires[:, 4] - wires[:, 2] + wires[:, 5] - wires[:, 3] >= SHORTEST]
    for layer in range(4):
        rows = long[long[:, 1] == layer].tolist()
        chance.shuffle(rows)
        chosen = 0
        for net, _, x0, y0, x1, y1 in rows:
            if net in used or chosen == count:
                continue
            x = COLUMN_X + ((x0 + x1) // 2 - COLUMN_X) // COLUMN * COLUMN
            y = TRACK_Y + ((y0 + y1) // 2 - TRACK_Y) // TRACK * TRACK
            inner = (x - HALF[0], y - HALF[1], x + HALF[0], y + HALF[1])
            found.append(Place(net, layer, inner))
            used.add(net)
            chosen += 1
    return found


def solved(design: Design, place: Place) -> float:
    """Capacitance of the net's metal in the window by the field solver, fF: two grids,
    extrapolated to no step."""
    inner = place.inner
    outer = (
        max(inner[0] - MARGIN, 0),
        max(inner[1] - MARGIN, 0),
        min(inner[2] + MARGIN, design.die[2]),
        min(inner[3] + MARGIN, design.die[3]),
    )
    shapes = window.shapes_in(design, place.net, outer, inner)
    coarse, fine = (window.solve(shapes, outer, inner, step).total for step in STEPS)
    return fine - (coarse - fine) / ((STEPS[0] / STEPS[1]) ** ORDER - 1)


def extracted(design: Design, chosen: Sequence[Place]) -> list[Extracted]:
    """What the extraction finds on the metal of each place inside its window, in the surroundings
    of the whole design. A run of wire is cut into its nodes, which is what it is the sum of."""
    segments, _ = segments_of(design, wiring_of(design))
    table = np.column_stack([np.asarray(column, float) for column in segments])
    rows = [row for place in chosen for row in _nodes(table[segments.net == place.net], place)]
    place_of = [
        k for k, place in enumerate(chosen) for _ in _nodes(table[segments.net == place.net], place)
    ]
    others = table[~np.isin(segments.net, [place.net for place in chosen])]
    whole = np.concatenate([np.array(rows).reshape(-1, 7), others])
    net, layer, column, track, steps, _, is_beyond = whole.astype(np.int64).T
    cut = Segments(net, layer, column, track, steps, whole[:, 5].copy(), is_beyond.astype(np.int8))
    ground, couplings = capacitances(surroundings(design), cut)
    total = np.bincount(place_of, ground[: len(rows)], len(chosen))
    coupling = np.zeros(len(chosen))
    owner = np.array(place_of)
    for side in (couplings.a, couplings.b):
        ours = side < len(rows)
        coupling += np.bincount(owner[side[ours]], couplings.farad[ours], len(chosen))
    return [Extracted(*pair) for pair in zip(total + coupling, coupling, strict=True)]


def _nodes(rows: np.ndarray, place: Place) -> list[tuple[float, ...]]:
    """The segments of a net inside the window, each node a segment of its own."""
    found = []
    x0, y0, x1, y1 = place.inner
    for net, layer, column, track, steps, pad, is_beyond in rows.tolist():
        flat = int(layer) in ALONG_X
        stride = 2 if layer == MET4 else 1
        pitch = COLUMN if flat else TRACK * stride
        low, high = (x0, x1) if flat else (y0, y1)
        for k in range(int(steps) + 1):
            i, j = (column + k, track) if flat else (column, track + k * stride)
            x, y = COLUMN_X + COLUMN * i, TRACK_Y + TRACK * j
            if not (x0 <= x <= x1 and y0 <= y <= y1):
                continue
            if not steps:
                found.append((net, layer, i, j, 0.0, pad, is_beyond))
                continue
            at = x if flat else y
            start = max(at - (pitch / 2 if k else 0), low)
            end = min(at + (pitch / 2 if k < steps else 0), high)
            um = STEPS_UM[int(layer)] * max(end - start, 0) / pitch
            found.append((net, layer, i, j, 0.0, um, 0.0))
    return found


def tree_ohms(design: Design, net: int) -> dict[int, float]:
    """Ohm from the driver of a net to each of its pins in the extracted tree."""
    tree = resistance_tree(design, net, wiring_of(design, [net])[net])
    away = {driver_of(design, net): 0.0}
    rest = list(tree)
    while rest:
        left = []
        for a, b, ohm in rest:
            if a in away:
                away[b] = away[a] + ohm
            elif b in away:
                away[a] = away[b] + ohm
            else:
                left.append((a, b, ohm))
        if len(left) == len(rest):
            raise RuntimeError(f"the tree of net {design.net_names[net]} is in pieces")
        rest = left
    return {node[1]: ohm for node, ohm in away.items() if node[0] == -1}
