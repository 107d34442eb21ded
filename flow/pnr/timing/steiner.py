"""How a net will probably be wired: a shortest tree over its pins, before there are routes.

Prim's algorithm on Manhattan distances, all nets in one call (numba); O(pins^2) per net.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from flow.pnr.design import Design
from flow.pnr.placement import pin_positions

__all__ = ["PinTrees", "pin_trees"]


class PinTrees(NamedTuple):
    """For every pin of the design, in the order of `pin_instance`: `x`, `y` (nm), `parent` (the
    position of the pin towards the driver, -1 for the driver itself), and `order` [pins], in which
    every pin comes after its parent within its net."""

    x: np.ndarray
    y: np.ndarray
    parent: np.ndarray
    order: np.ndarray

    def length(self) -> np.ndarray:
        """nm of wire from each pin to its parent, 0 at the driver."""
        far = np.abs(self.x - self.x[self.parent]) + np.abs(self.y - self.y[self.parent])
        return np.where(self.parent >= 0, far, 0).astype(np.int64)


def pin_trees(design: Design) -> PinTrees:
    """The tree of every net, rooted at its driver."""
    x, y = pin_positions(design)
    parent, order = _prim(design.pin_start, x, y, drivers(design))
    return PinTrees(x, y, parent, order)


def drivers(design: Design) -> np.ndarray:
    """[M] position in `pin_instance` of the pin that drives each net."""
    masters = design.master_objects()
    widest = max((len(master.signal_pins) for master in masters), default=1)
    output = np.zeros((len(masters), max(widest, 1)), bool)
    for number, master in enumerate(masters):
        for index, pin in enumerate(master.signal_pins):
            output[number, index] = pin.direction == "output"
    inward = np.array([port.direction == "input" for port in design.ports] or [False])
    cells = design.pin_instance >= 0
    drives = np.empty(len(design.pin_instance), bool)
    drives[cells] = output[design.master_of[design.pin_instance[cells]], design.pin_index[cells]]
    drives[~cells] = inward[-1 - design.pin_instance[~cells]]
    net = np.repeat(np.arange(design.nets), np.diff(design.pin_start))
    found = design.pin_start[:-1].astype(np.int64)  # a net without a driver: its first pin
    at = np.flatnonzero(drives)
    found[net[at]] = at
    return found


@numba.njit(cache=True)
def _prim(start, x, y, root):
    parent = np.full(len(x), -1, np.int64)
    order = np.empty(len(x), np.int64)
    distance = np.empty(len(x), np.int64)
    for net in range(len(start) - 1):
        first, last = start[net], start[net + 1]
        if first == last:
            continue
        distance[first:last] = 1 << 60
        at = root[net]
        for step in range(last - first):
            order[first + step] = at
            distance[at] = -1
            near = -1
            for k in range(first, last):
                if distance[k] < 0:
                    continue
                far = abs(x[k] - x[at]) + abs(y[k] - y[at])
                if far < distance[k]:
                    distance[k], parent[k] = far, at
                if near < 0 or distance[k] < distance[near]:
                    near = k
            at = near
    return parent, order
