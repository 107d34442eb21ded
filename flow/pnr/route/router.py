"""Detailed routing by negotiated congestion: passes, prices, and the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from flow.pnr.design import Design
from flow.pnr.route.grid import Grid, build_grid, fixed_metal
from flow.pnr.route.search import (
    EDGES_USED,
    EXPANDED,
    REROUTED,
    TAKEN_USED,
    NetTable,
    State,
    new_state,
    route_nets,
)
from flow.pnr.route.shapes import routes_of
from flow.pnr.rules import COLUMN, COLUMN_X, TRACK, TRACK_Y

__all__ = ["Pass", "RouteError", "RoutePlan", "route"]


class RouteError(RuntimeError):
    """The design could not be routed; the message says where."""


@dataclass(frozen=True)
class RoutePlan:
    """How prices grow. `present`: price of another user, first pass, factor per pass, and cap;
    `history`: what each pass adds per user too many; `margin`: search window around a connection
    in columns; `passes`: when to give up."""

    present: int = 60
    growth: float = 1.6
    present_cap: int = 800
    history: int = 300
    margin: int = 12
    passes: int = 80


class Pass(NamedTuple):
    """What one pass did: nets routed, resources shared, nets without a path, CPU seconds."""

    number: int
    rerouted: int
    overflow: int
    failed: int
    expanded: int
    seconds: float


def route(
    design: Design, plan: RoutePlan | None = None, report: Callable[[Pass], None] | None = None
) -> tuple[Design, dict[str, float]]:
    """Route every net of a placed design.

    Raises ValueError for pins without any access, RouteError naming the worst place when conflicts
    remain after the last pass.
    """
    plan = plan or RoutePlan()
    grid = build_grid(design)
    nets = _net_table(design)
    state = _negotiate(grid, nets, plan, report or (lambda _: None), design)
    routes = routes_of(grid, nets, state, fixed_metal(design))
    length = np.abs(routes.wires[:, 4] - routes.wires[:, 2]) + np.abs(
        routes.wires[:, 5] - routes.wires[:, 3]
    )
    metrics = {
        "route__wirelength": float(length.sum()) / 1e3,
        "route__vias": float(len(routes.vias)),
        "route__net": float(design.nets),
        "route__overflow": 0.0,
    }
    return replace(design, routes=routes), metrics


def _net_table(design: Design) -> NetTable:
    from flow.pnr.placement import pin_positions

    xs, ys = pin_positions(design)
    return NetTable(
        design.pin_start.astype(np.int32),
        ((xs - COLUMN_X) // COLUMN).astype(np.int32),
        ((ys - TRACK_Y) // TRACK).astype(np.int32),
        design.pin_instance.astype(np.int32),
    )


def _negotiate(
    grid: Grid, nets: NetTable, plan: RoutePlan, report: Callable[[Pass], None], design: Design
) -> State:
    count = len(nets.start) - 1
    pool = 2_000_000 + 400 * len(nets.x)
    state = new_state(len(grid.flags), grid.resources, count, len(nets.x), pool)
    order = _order(nets)
    present = plan.present
    for number in range(plan.passes):
        before, began = state.counters.copy(), time.process_time()
        state.price[:] = state.history + present * state.users
        margin = plan.margin + 4 * number
        done = 0
        while done < count:
            reached = route_nets(
                state,
                grid.flags,
                grid.pins,
                nets,
                order,
                done,
                count,
                grid.nx,
                grid.ny,
                present,
                margin,
            )
            if reached < count:
                _compact(state)
            done = reached
        over = state.users > 1
        overflow, failed = int(np.count_nonzero(over)), int(state.failed.sum())
        report(
            Pass(
                number,
                int(state.counters[REROUTED] - before[REROUTED]),
                overflow,
                failed,
                int(state.counters[EXPANDED] - before[EXPANDED]),
                time.process_time() - began,
            )
        )
        if not overflow:
            break
        state.history[over] += plan.history * (state.users[over].astype(np.int32) - 1)
        present = min(int(present * plan.growth), plan.present_cap)
    _verdict(grid, state, design)
    return state


def _order(nets: NetTable) -> np.ndarray:
    """Short nets first: they have the least choice."""
    starts = nets.start[:-1]
    spans = [
        np.maximum.reduceat(v, starts) - np.minimum.reduceat(v, starts) for v in (nets.x, nets.y)
    ]
    return np.argsort(46 * spans[0] + 34 * spans[1], kind="stable").astype(np.int32)


def _compact(state: State) -> None:
    """Drop what ripped-up nets left in the pools."""
    for pool, start, count, used in (
        (state.edges, state.edge_start, state.edge_count, EDGES_USED),
        (state.taken, state.taken_start, state.taken_count, TAKEN_USED),
    ):
        end = 0
        for net in np.argsort(start, kind="stable"):
            first, size = int(start[net]), int(count[net])
            pool[end : end + size] = pool[first : first + size].copy()
            start[net] = end
            end += size
        if end + 400_000 > len(pool):
            raise RouteError("the routing pools are full; the design is larger than planned for")
        state.counters[used] = end


def _verdict(grid: Grid, state: State, design: Design) -> None:
    if state.failed.any():
        nets = [design.net_names[k] for k in np.flatnonzero(state.failed)]
        raise RouteError(f"{len(nets)} nets have pins no wire can reach, the first is {nets[0]}")
    over = np.flatnonzero(state.users > 1)
    if len(over):
        x, y = _place(grid, int(over[len(over) // 2]))
        raise RouteError(
            f"{len(over)} conflicts are left, the middle one at ({x / 1e3:.2f}, {y / 1e3:.2f}) um"
        )


def _place(grid: Grid, resource: int) -> tuple[int, int]:
    nodes = 4 * grid.nx * grid.ny
    at = resource - nodes if resource >= nodes else resource // 4
    return COLUMN_X + COLUMN * (at % grid.nx), TRACK_Y + TRACK * (at // grid.nx)
