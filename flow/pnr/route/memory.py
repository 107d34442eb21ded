"""What one routing leaves for the next of nearly the same design.

Diodes come to stand in gaps between the cells; all other wires may stay. `carry_over` lets every
net keep its way, and its prices, except those with new pins and those in the way of a new cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from flow.pnr.design import Design
from flow.pnr.groups import row_numbers
from flow.pnr.route.grid import Grid
from flow.pnr.route.nets import all_moves, count_users
from flow.pnr.route.shapes import Drawn
from flow.pnr.route.state import BLOCKED, NO_EDGE, NO_VIA, NetTable, State

__all__ = ["Memory", "carry_over"]


_Pool: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Rows of all nets, and the first row and the number of rows of each."""


@dataclass
class Memory:
    """The last routing of a design: empty until there is one."""

    design: Design | None = None
    grid: Grid | None = None
    nets: NetTable | None = None
    state: State | None = None
    drawn: Drawn | None = None

    @property
    def instances(self) -> int:
        """How many instances the design had."""
        return self.design.instances if self.design else 0

    def keep(self, design: Design, grid: Grid, nets: NetTable, state: State, drawn: Drawn) -> None:
        self.design, self.grid, self.nets, self.state = design, grid, nets, state
        self.drawn = drawn

    def moves(self, grid: Grid) -> np.ndarray:
        """`State.moves` at the start of routing on a grid: as left behind when it is the same."""
        if self.grid and self.state and np.array_equal(self.grid.flags, grid.flags):
            return self.state.moves
        return all_moves(grid.flags, grid.nx)

    def recall(self, design: Design) -> None:
        """Forget everything when cells have moved since."""
        if self.design is not None and not _stands(self.design, design):
            self.design = self.grid = self.nets = self.state = self.drawn = None


def carry_over(memory: Memory, design: Design, grid: Grid, nets: NetTable, state: State) -> None:
    """Fill an empty state with what the last one knew."""
    before, known, old = memory.design, memory.state, memory.nets
    if before is None or known is None or old is None or memory.grid is None:
        return
    kept = _unchanged(before, design) & ~_hindered(memory.grid, grid, known) & (known.failed == 0)
    _copy(
        kept,
        (known.edges, known.edge_start, known.edge_count),
        (state.edges, state.edge_start, state.edge_count),
    )
    _copy(
        kept,
        (known.taken, known.taken_start, known.taken_count),
        (state.taken, state.taken_start, state.taken_count),
    )
    count_users(state.users, state.taken[: int(state.taken_count.sum())])
    state.history[:] = known.history
    state.top[:] = known.top
    state.fresh[:] = ~kept
    old_pins = row_numbers(old.start[:-1], np.diff(old.start))[np.repeat(kept, np.diff(old.start))]
    new_pins = row_numbers(nets.start[:-1], np.diff(nets.start))[
        np.repeat(kept, np.diff(nets.start))
    ]
    chosen = known.access[old_pins]
    moved = chosen - memory.grid.pins.start[old_pins] + grid.pins.start[new_pins]
    state.access[new_pins] = np.where(chosen >= 0, moved, -1)
    for name in ("path_start", "path_count", "attach"):
        getattr(state, name)[new_pins] = getattr(known, name)[old_pins]


def _copy(kept: np.ndarray, known: _Pool, pool: _Pool) -> None:
    """The rows of the nets that are kept, from one pool to an empty one."""
    rows, start, size = known
    own = rows[row_numbers(start, size)[np.repeat(kept, size)]]
    pool[0][: len(own)] = own
    pool[2][:] = np.where(kept, size, 0)
    pool[1][:] = np.cumsum(pool[2]) - pool[2]


def _stands(before: Design, design: Design) -> bool:
    """Whether all cells of `before` are where they were."""
    count = before.instances
    return (
        before.die == design.die
        and before.supplies == design.supplies
        and before.net_names == design.net_names
        and before.ports == design.ports
        and design.instance_names[:count] == before.instance_names
        and all(
            np.array_equal(getattr(before, name), getattr(design, name)[:count])
            for name in ("x", "y", "orient", "master_of")
        )
    )


def _unchanged(before: Design, design: Design) -> np.ndarray:
    """[M] nets with the pins they had."""
    same = np.diff(before.pin_start) == np.diff(design.pin_start)
    old, new = (
        np.column_stack([d.pin_instance, d.pin_index])[same[d.net_of_pin]] for d in (before, design)
    )
    changed = design.net_of_pin[same[design.net_of_pin]][(old != new).any(axis=1)]
    same[changed] = False
    return same


def _hindered(before: Grid, grid: Grid, known: State) -> np.ndarray:
    """[M] nets with metal at a node that allows less than it did."""
    worse = (grid.flags & ~before.flags & (BLOCKED | NO_EDGE | NO_VIA)) > 0
    count = len(known.edge_count)
    net = np.repeat(np.arange(count), known.edge_count)
    node = known.edges[row_numbers(known.edge_start, known.edge_count)] >> 2
    found = np.zeros(count, bool)
    found[net[worse[node]]] = True
    return found
