"""Where wires will crowd, before there are any, and how much room cells there should get.

The wire of every net is taken as its shortest tree, each piece of it spread evenly over the box
between its two pins; per square of `BIN` this is compared with the tracks of met1 to met4.
"""

from __future__ import annotations

import numba
import numpy as np

from flow.pnr.design import Design
from flow.pnr.rules import COLUMN, TRACK
from flow.pnr.timing.steiner import pin_trees

__all__ = ["demand", "wider"]

BIN = 10_000
TARGET = 0.40
"""Share of a square's tracks that wires may want before its cells move apart: the rest goes to
pins, vias and detours. On digits the squares with more than half lose three quarters of what is
beyond it, for 2 % more wire."""
WIDEST = 3.0
PER_NODE = 1_000
"""nm of wire at each pin beside the tree."""


def demand(design: Design) -> np.ndarray:
    """[rows, columns] share of the tracks of every square that wires want."""
    trees = pin_trees(design)
    shape = (design.die[3] // BIN + 1, design.die[2] // BIN + 1)
    wanted = _spread(shape, trees.x, trees.y, trees.parent)
    tracks = BIN / TRACK + BIN / COLUMN + BIN / (2 * TRACK) + BIN / (2 * COLUMN)
    return wanted / (tracks * BIN)


def wider(design: Design) -> np.ndarray:
    """[N] how many times its width each cell of a placed design should take, 1 where wires have
    room."""
    wanted = demand(design)
    widths, heights = design.sizes()
    row = np.clip((design.y + heights // 2) // BIN, 0, wanted.shape[0] - 1)
    column = np.clip((design.x + widths // 2) // BIN, 0, wanted.shape[1] - 1)
    return np.clip((wanted[row, column] / TARGET) ** 2, 1.0, WIDEST)


@numba.njit(cache=True)
def _spread(shape, x, y, parent):
    """nm of wire in every square."""
    wanted = np.zeros(shape)
    for k in range(len(x)):
        wanted[y[k] // BIN, x[k] // BIN] += PER_NODE
        p = parent[k]
        if p < 0:
            continue
        left, right = min(x[k], x[p]) // BIN, max(x[k], x[p]) // BIN
        low, high = min(y[k], y[p]) // BIN, max(y[k], y[p]) // BIN
        length = abs(x[k] - x[p]) + abs(y[k] - y[p])
        each = length / ((right - left + 1) * (high - low + 1))
        for row in range(low, high + 1):
            for column in range(left, right + 1):
                wanted[row, column] += each
    return wanted
