"""Which nets are routed together: clock nets, the two halves of the die side by side, the rest.

The halves share no node and no resource, so two threads may work on them at once. The division
follows from the design alone, never from the number of threads: the result is the same bytes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flow.pnr.design import Design
from flow.pnr.route.grid import Grid
from flow.pnr.route.search import STEP_X, STEP_Y
from flow.pnr.route.state import NetTable

__all__ = ["Batch", "Schedule", "clock_nets", "make_schedule"]

FEWEST_NETS = 1500  # below that a division costs more than it saves
APART = 4  # columns on both sides of the border that neither half touches


class Batch(NamedTuple):
    """Nets in the order they are routed, and the columns and tracks they may use: `limits` [4]."""

    order: np.ndarray
    limits: np.ndarray


class Schedule(NamedTuple):
    """One pass: `clock`, then `halves` at the same time, then `rest`."""

    clock: Batch
    halves: tuple[Batch, ...]
    rest: Batch


def make_schedule(design: Design, grid: Grid, nets: NetTable, margin: int) -> Schedule:
    """Divide the nets; within a batch short ones go first, as they have the least choice."""
    order = _short_first(nets)
    is_clock = clock_nets(design)
    whole = np.array([0, grid.nx - 2, 0, grid.ny - 2], np.int64)
    clock = Batch(order[is_clock[order]], whole)
    order = order[~is_clock[order]]
    if len(order) < FEWEST_NETS:
        return Schedule(clock, (), Batch(order, whole))
    low, high = _columns(grid, nets)
    middle = int(np.median((low + high) / 2))
    left, right = whole.copy(), whole.copy()
    left[1], right[0] = middle - APART, middle + APART
    in_left = high[order] + margin < left[1]
    in_right = low[order] - margin > right[0]
    halves = (Batch(order[in_left], left), Batch(order[in_right], right))
    return Schedule(clock, halves, Batch(order[~in_left & ~in_right], whole))


def _short_first(nets: NetTable) -> np.ndarray:
    starts = nets.start[:-1]
    spans = [
        np.maximum.reduceat(v, starts) - np.minimum.reduceat(v, starts) for v in (nets.x, nets.y)
    ]
    return np.argsort(STEP_X * spans[0] + STEP_Y * spans[1], kind="stable").astype(np.int64)


def _columns(grid: Grid, nets: NetTable) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest column of all that the accesses of each net may take."""
    pins = grid.pins
    nodes = 4 * grid.nx * grid.ny
    resource = pins.resource.astype(np.int64)
    column = np.where(resource < nodes, resource >> 2, resource - nodes) % grid.nx
    first = pins.resource_start[pins.start[nets.start[:-1]]]
    return np.minimum.reduceat(column, first), np.maximum.reduceat(column, first)


def clock_nets(design: Design) -> np.ndarray:
    """[M] whether a net drives a clock pin, at once or through buffers and inverters."""
    is_clock = np.zeros(design.nets, bool)
    feeds: dict[int, int] = {}  # net at the output of a cell with one input -> net at the input
    inputs: dict[int, list[int]] = {}
    outputs: dict[int, list[int]] = {}
    for net in range(design.nets):
        for instance, index in design.net_pins(net):
            if instance < 0:
                continue
            pin = design.master(instance).signal_pins[index]
            is_clock[net] |= pin.use == "clock" and pin.direction == "input"
            (outputs if pin.direction == "output" else inputs).setdefault(instance, []).append(net)
    for instance, driven in outputs.items():
        if len(driven) == 1 and len(inputs.get(instance, [])) == 1:
            feeds[driven[0]] = inputs[instance][0]
    for net in np.flatnonzero(is_clock).tolist():
        while net in feeds and not is_clock[feeds[net]]:
            net = feeds[net]
            is_clock[net] = True
    return is_clock
