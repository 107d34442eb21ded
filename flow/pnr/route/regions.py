"""Which nets are routed together: clock nets, the two halves of the die side by side, the rest.

The halves share no node and no resource, so two threads may work on them at once. The division
follows from the design alone, never from the number of threads: the result is the same bytes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flow.pnr.design import Design
from flow.pnr.lef import Master
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
    net, instance = design.net_of_pin, design.pin_instance
    cell = np.maximum(instance, 0)
    output = (instance >= 0) & design.pin_values(lambda pin: pin.direction == "output").astype(bool)
    clocked = design.pin_values(lambda pin: pin.use == "clock" and pin.direction == "input")
    is_clock = np.zeros(design.nets, bool)
    is_clock[net[clocked > 0]] = True
    buffers = np.array([_is_buffer(master) for master in design.master_objects()])
    behind = output & buffers[design.master_of[cell]]
    before = (instance >= 0) & ~output & buffers[design.master_of[cell]]
    source = np.full(design.instances, -1)  # net at the input of a buffer
    source[instance[before]] = net[before]
    feeds = np.full(design.nets, -1)  # net at the output of a buffer -> net at its input
    feeds[net[behind]] = source[instance[behind]]
    at = np.flatnonzero(is_clock)
    while len(at := at[feeds[at] >= 0]):
        at = np.unique(feeds[at])
        at = at[~is_clock[at]]
        is_clock[at] = True
    return is_clock


def _is_buffer(master: Master) -> bool:
    return sorted(pin.direction for pin in master.signal_pins) == ["input", "output"]
