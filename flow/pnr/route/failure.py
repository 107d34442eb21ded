"""When routing does not come to an end: stop early, say where and which nets, draw the place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from flow.pnr.design import FIXED, Design
from flow.pnr.placement import pin_positions
from flow.pnr.route.grid import Grid
from flow.pnr.route.state import NetTable, State
from flow.pnr.rules import COLUMN, COLUMN_X, TRACK, TRACK_Y

__all__ = ["RouteError", "hopeless", "unroutable"]

SQUARE = 10_000  # nm, side of the squares in which conflicts are counted
PATIENCE, PATIENCE_LAST = 8, 30  # passes without progress, with many and with few conflicts left
FEW = 20
PROGRESS = 0.9  # conflicts left must fall below this share of the best so far


class RouteError(RuntimeError):
    """The design could not be routed; the message says where. `cells` are the instances at the
    last few conflicts, none when there are many."""

    def __init__(self, message: str, cells: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.cells = tuple(cells)


def hopeless(overflow: Sequence[int], failed: Sequence[int]) -> bool:
    """Whether to give up, from the conflicts left and the nets without a path after each pass."""
    if len(failed) > PATIENCE and min(failed[-PATIENCE:]) > 0:
        return min(failed[-PATIENCE:]) >= min(failed[:-PATIENCE])
    patience = PATIENCE if overflow[-1] > FEW else PATIENCE_LAST
    before, recent = overflow[:-patience], overflow[-patience:]
    return bool(before) and min(recent) > PROGRESS * min(before)


def unroutable(
    design: Design, grid: Grid, nets: NetTable, state: State, picture: Path | None
) -> RouteError:
    """The error that names the worst square and its nets; the heat map goes to `picture`."""
    hint = ""
    if picture is not None:
        from flow.pnr.picture import draw_heat  # matplotlib is slow to load and seldom needed

        draw_heat(design, _heat(grid, state), picture)
        hint = f"; heat map in {picture}"
    if state.failed.any():
        names = [design.net_names[k] for k in np.flatnonzero(state.failed)]
        pin = _lost_pin(design, nets, state)
        return RouteError(
            f"{len(names)} nets have pins no wire can reach: {_some(names)}, first {pin}{hint}"
        )
    over = np.flatnonzero(state.users > 1)
    x, y = _place(grid, over)
    squares = Counter(zip((x // SQUARE).tolist(), (y // SQUARE).tolist(), strict=True))
    (column, row), worst = min(squares.items(), key=lambda item: (-item[1], item[0]))
    inside = over[(x // SQUARE == column) & (y // SQUARE == row)]
    names = [design.net_names[k] for k in _users(state, inside)]
    side = SQUARE // 1000
    return RouteError(
        f"cannot be routed: {len(over)} conflicts are left, {worst} of them in the square of"
        f" {side} um at ({column * side}, {row * side}) um, between {_some(names)}{hint}",
        _cells_near(design, x, y, _users(state, over)) if len(over) <= FEW else (),
    )


NEAR = 3_000
"""nm from a conflict within which the pins of its nets count as concerned."""


def _cells_near(design: Design, x: np.ndarray, y: np.ndarray, nets: list[int]) -> list[int]:
    """Cells with a pin on one of the nets near one of the places."""
    xs, ys = pin_positions(design)
    found = set()
    for net in nets:
        for k in range(design.pin_start[net], design.pin_start[net + 1]):
            instance = int(design.pin_instance[k])
            far = np.maximum(np.abs(x - xs[k]), np.abs(y - ys[k])).min()
            if far <= NEAR and instance >= 0 and design.status[instance] != FIXED:
                found.add(instance)
    return sorted(found)


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _place(grid: Grid, resource: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    nodes = 4 * grid.nx * grid.ny
    at = np.where(resource >= nodes, resource - nodes, resource >> 2)
    return COLUMN_X + COLUMN * (at % grid.nx), TRACK_Y + TRACK * (at // grid.nx)


def _users(state: State, resources: np.ndarray) -> list[int]:
    """Nets that hold one of the resources."""
    wanted = np.zeros(len(state.users), bool)
    wanted[resources] = True
    return [
        net
        for net, (start, count) in enumerate(
            zip(state.taken_start.tolist(), state.taken_count.tolist(), strict=True)
        )
        if wanted[state.taken[start : start + count]].any()
    ]


def _lost_pin(design: Design, nets: NetTable, state: State) -> str:
    net = int(np.flatnonzero(state.failed)[0])
    pins = range(int(nets.start[net]), int(nets.start[net + 1]))
    lost = [k for k in pins if state.access[k] < 0] or list(pins)
    return design.pin_name(int(design.pin_instance[lost[-1]]), int(design.pin_index[lost[-1]]))


def _heat(grid: Grid, state: State) -> tuple[np.ndarray, int]:
    """[rows, columns] conflicts per square, counted over all passes, and the side of a square."""
    some = np.flatnonzero((state.history > 0) | (state.users > 1))
    x, y = _place(grid, some)
    columns, rows = COLUMN * grid.nx // SQUARE + 1, TRACK * grid.ny // SQUARE + 1
    heat = np.zeros((rows, columns), np.int64)
    np.add.at(heat, (y // SQUARE, x // SQUARE), np.maximum(state.users[some] - 1, 0) + 1)
    return heat, SQUARE
