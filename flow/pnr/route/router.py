"""Detailed routing by negotiated congestion: passes, prices, and the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from flow.pnr.antenna import antenna_violations, top_after_hop
from flow.pnr.design import Design
from flow.pnr.groups import row_numbers
from flow.pnr.route import checkpoint
from flow.pnr.route.failure import RouteError, hopeless, unroutable
from flow.pnr.route.grid import Grid, build_grid
from flow.pnr.route.memory import Memory, carry_over
from flow.pnr.route.nets import raise_history, route_nets, set_prices
from flow.pnr.route.pins import fixed_metal
from flow.pnr.route.regions import Batch, Schedule, make_schedule
from flow.pnr.route.shapes import draw, open_routes, routes_of
from flow.pnr.route.state import (
    ANY_TOP,
    EDGES_END,
    EDGES_USED,
    EXPANDED,
    FAILED,
    FREED_TOP,
    REROUTED,
    ROOM,
    TAKEN_END,
    TAKEN_USED,
    NetTable,
    State,
    Worker,
    new_state,
    new_worker,
)
from flow.pnr.rules import COLUMN, COLUMN_X, MET3, TRACK, TRACK_Y
from macros.store import content_hash

__all__ = ["Memory", "Pass", "RouteError", "RoutePlan", "route"]

WORKERS = 3  # one for the whole die, one for each half
HOP_PASSES = 6  # passes with conflicts after which hops are given up
KEEPING = 30  # times what it takes to keep a state that passes take before it is kept again
WORTH = 3.0  # CPU seconds of passes that are worth keeping
STATE_FILE, HEAT_FILE = "routing.npz", "conflicts.png"


@dataclass(frozen=True)
class RoutePlan:
    """How prices grow. `present`: price of another user, first pass, factor per pass, and cap;
    `history`: what each pass adds per user too many; `margin`: search window around a connection
    in columns, `widen`: what each pass adds to it; `passes`: when to give up at the latest.

    `threads` changes the time, never the result. In `folder`, when given, the state is
    kept after passes until routing ends, and the heat map of a failure."""

    present: int = 200
    growth: float = 1.6
    present_cap: int = 800
    history: int = 600
    margin: int = 12
    widen: int = 4
    passes: int = 80
    threads: int = 2
    folder: Path | None = None


class Pass(NamedTuple):
    """What one pass did: nets routed, resources shared, nets without a path, CPU seconds."""

    number: int
    rerouted: int
    overflow: int
    failed: int
    expanded: int
    seconds: float


def route(
    design: Design,
    plan: RoutePlan | None = None,
    report: Callable[[Pass], None] | None = None,
    memory: Memory | None = None,
) -> tuple[Design, dict[str, float]]:
    """Route every net of a placed design. With `memory` the last routing is the start of this one
    as far as the design is the same, and this one will be that of the next.

    Raises ValueError for pins without any access, RouteError naming the worst place and its nets
    when the conflicts stop getting fewer.
    """
    plan = plan or RoutePlan()
    memory = memory or Memory()
    memory.recall(design)
    grid = build_grid(design, memory.grid, memory.instances)
    nets = _net_table(design)
    state, passes = _negotiate(grid, nets, plan, report or (lambda _: None), design, memory)
    fixed = fixed_metal(design)
    drawn = draw(grid, nets, state, fixed, memory.drawn)
    memory.keep(design, grid, nets, state, drawn)
    routes = routes_of(drawn, fixed)
    length = np.abs(routes.wires[:, 4] - routes.wires[:, 2]) + np.abs(
        routes.wires[:, 5] - routes.wires[:, 3]
    )
    metrics = {
        "route__wirelength": float(length.sum()) / 1e3,
        "route__vias": float(len(routes.vias)),
        "route__net": float(design.nets),
        "route__overflow": 0.0,
        "route__passes": float(passes),
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
    grid: Grid,
    nets: NetTable,
    plan: RoutePlan,
    report: Callable[[Pass], None],
    design: Design,
    memory: Memory,
) -> tuple[State, int]:
    """Passes until no resource is shared; returns the state and how many there were."""
    count = len(nets.start) - 1
    pool = 4 * ROOM * WORKERS + 400 * len(nets.x)
    moves = memory.moves(grid)
    state = new_state(grid.flags.copy(), moves, grid.resources, count, len(nets.x), pool)
    workers = [new_worker(k, grid.nx, grid.ny) for k in range(WORKERS)]
    carry_over(memory, design, grid, nets, state)
    schedule = make_schedule(design, grid, nets, plan.margin)
    kept = plan.folder / STATE_FILE if plan.folder else None
    key = _key(grid, nets, plan, state) if kept else ""
    passes: list[Pass] = []
    if kept and (known := checkpoint.load(kept, key, state)) is not None:
        passes = [_as_pass(row.tolist()) for row in known]
    _compact(state, workers)
    priced = -1
    saved, keeping = time.process_time(), 0.0
    while True:
        if passes:
            _free_stuck(state, passes)
            if not passes[-1].overflow and not passes[-1].failed:
                if not _hop(design, grid, nets, state):
                    break
            elif len(passes) >= plan.passes or hopeless(
                [done.overflow for done in passes], [done.failed for done in passes]
            ):
                picture = plan.folder / HEAT_FILE if plan.folder else None
                raise unroutable(design, grid, nets, state, picture)
        present = int(min(plan.present * plan.growth ** len(passes), plan.present_cap))
        if present != priced:
            set_prices(state, present)
            priced = present
        passes.append(_pass(len(passes), present, grid, nets, state, workers, schedule, plan))
        report(passes[-1])
        if kept and time.process_time() - saved > max(WORTH, KEEPING * keeping):
            began = time.process_time()
            checkpoint.save(kept, key, state, np.array(passes, float))
            saved = time.process_time()
            keeping = saved - began
    if kept:
        kept.unlink(missing_ok=True)
    return state, len(passes)


def _as_pass(row: list[float]) -> Pass:
    number, rerouted, overflow, failed, expanded, seconds = row
    return Pass(int(number), int(rerouted), int(overflow), int(failed), int(expanded), seconds)


def _hop(design: Design, grid: Grid, nets: NetTable, state: State) -> bool:
    """Keep nets whose metal collects too much charge on lower layers, as far as that cures them;
    returns whether there are such nets, which are then to be routed again."""
    among = state.fresh > 0
    state.fresh[:] = 0
    routed = replace(design, routes=open_routes(grid, nets, state, among))
    found = False
    violations = antenna_violations(routed, layers=(MET3,))
    for net, top in top_after_hop(design, violations).items():
        if state.top[net] == ANY_TOP:
            state.top[net], state.failed[net], found = top, FAILED, True
    return found


def _free_stuck(state: State, passes: list[Pass]) -> None:
    """Lift the limits of hops that leave a net without a path or others in conflict for long."""
    limited = state.top < ANY_TOP
    recent = [done.overflow for done in passes[-HOP_PASSES:]]
    stuck = len(recent) == HOP_PASSES and min(recent) > 0
    state.top[limited & (stuck | (state.failed > 0))] = FREED_TOP


def _key(grid: Grid, nets: NetTable, plan: RoutePlan, start: State) -> str:
    """What a kept state belongs to: everything routing depends on."""
    numbers = replace(plan, threads=0, folder=None)
    dear = np.flatnonzero(start.history)
    arrays = [grid.flags, *grid.pins, *nets, dear, start.history[dear], start.edge_count]
    return content_hash(repr(numbers), grid.nx, *(array.tobytes() for array in arrays))


def _pass(
    number: int,
    present: int,
    grid: Grid,
    nets: NetTable,
    state: State,
    workers: list[Worker],
    schedule: Schedule,
    plan: RoutePlan,
) -> Pass:
    """Rip up and route every net in conflict, then raise the history of what is still shared."""
    began = time.process_time()
    for worker in workers:
        worker.counters[[EXPANDED, REROUTED]] = 0
    margin = plan.margin + plan.widen * number

    def run(worker: Worker, batch: Batch, first: int) -> int:
        return int(
            route_nets(
                state, worker, grid.pins, nets, batch.order, first, grid.nx, batch.limits, present,
                margin, number == 0,
            )
        )  # fmt: skip

    def run_all(batches: list[Batch]) -> None:
        done = [0] * len(batches)
        while True:
            jobs = [(workers[k + 1], batch, done[k]) for k, batch in enumerate(batches)]
            if len(batches) < 2 or plan.threads < 2:
                done = [run(*job) for job in jobs]
            else:
                with ThreadPoolExecutor(len(batches)) as pool:
                    done = [future.result() for future in [pool.submit(run, *job) for job in jobs]]
            if all(d == len(b.order) for d, b in zip(done, batches, strict=True)):
                break
            _compact(state, workers)

    run_all([schedule.clock])
    run_all(list(schedule.halves))
    inside = [batch.order[state.failed[batch.order] > 0] for batch in schedule.halves]
    rest = np.concatenate([*inside, schedule.rest.order])
    run_all([Batch(rest, schedule.rest.limits)])

    return Pass(
        number,
        int(sum(worker.counters[REROUTED] for worker in workers)),
        int(raise_history(state, plan.history)),
        int(np.count_nonzero(state.failed)),
        int(sum(worker.counters[EXPANDED] for worker in workers)),
        time.process_time() - began,
    )


def _compact(state: State, workers: list[Worker]) -> None:
    """Drop what ripped-up nets left in the pools, and give each worker its part of the room."""
    for pool, start, count, used, end in (
        (state.edges, state.edge_start, state.edge_count, EDGES_USED, EDGES_END),
        (state.taken, state.taken_start, state.taken_count, TAKEN_USED, TAKEN_END),
    ):
        order = np.argsort(start, kind="stable")
        size = count[order].astype(np.int64)
        filled = int(size.sum())
        pool[:filled] = pool[row_numbers(start[order], size)]
        start[order] = np.cumsum(size) - size
        room = (len(pool) - filled) // len(workers)
        if room < 2 * ROOM:
            raise RouteError("the routing pools are full; the design is larger than planned for")
        for k, worker in enumerate(workers):
            worker.counters[used] = filled + k * room
            worker.counters[end] = filled + (k + 1) * room
