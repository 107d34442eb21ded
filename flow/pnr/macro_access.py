"""Whether a wire can get away from every pin of every macro, found before the cells are placed.

A pin counts as reachable when a search over the free nodes of the routing grid, from the nodes on
or beside it, comes further than `FAR` away: past what surrounds it and into the open.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flow.pnr.design import Design
from flow.pnr.route.grid import Grid, build_grid
from flow.pnr.route.state import BLOCKED, NO_EDGE, NO_VIA
from flow.pnr.rules import COLUMN, MET1, MET2, MET3, MET4, TRACK

__all__ = ["check_macro_access"]

FAR = 10_000
"""Distance in nm from a pin at which a wire is in the open."""


def check_macro_access(design: Design) -> None:
    """Raise ValueError naming the pins of macros that no wire can leave: off the grid, under an
    obstruction, walled in by the power grid or by another macro."""
    macros = [k for k in range(design.instances) if design.master(k).is_macro]
    if not macros:
        return
    alone = _macros_alone(design, macros)
    grid = build_grid(alone)
    lost = [
        alone.pin_name(int(alone.pin_instance[pin]), int(alone.pin_index[pin]))
        for pin in range(len(alone.pin_instance))
        if not _escapes(grid, pin)
    ]
    if lost:
        raise ValueError(
            f"{len(lost)} pins of macros are off the grid, under an obstruction or walled in:"
            f" {', '.join(lost[:5])}"
        )


def _macros_alone(design: Design, macros: list[int]) -> Design:
    """The design without ports and standard cells: a net for each connected pin of a macro."""
    number = {old: new for new, old in enumerate(macros)}
    pins = np.flatnonzero(np.isin(design.pin_instance, macros))
    return replace(
        design,
        instance_names=tuple(design.instance_names[k] for k in macros),
        master_of=design.master_of[macros],
        x=design.x[macros],
        y=design.y[macros],
        orient=design.orient[macros],
        status=design.status[macros],
        net_names=tuple(f"pin_{k}" for k in range(len(pins))),
        pin_start=np.arange(len(pins) + 1, dtype=np.int32),
        pin_instance=np.array([number[int(design.pin_instance[p])] for p in pins], np.int32),
        pin_index=design.pin_index[pins],
        ports=(),
    )


def _escapes(grid: Grid, pin: int) -> bool:
    """Search from the accesses of a pin until one node is far from the first."""
    table = grid.pins
    starts = table.node[table.start[pin] : table.start[pin + 1]].tolist()
    opened = set(table.open[table.open_start[pin] : table.open_start[pin + 1]].tolist())
    if not starts:
        return False
    home = starts[0] // 4
    i0, j0 = home % grid.nx, home // grid.nx
    seen, queue = set(starts), list(starts)
    while queue:
        node = queue.pop()
        at = node // 4
        if abs(at % grid.nx - i0) * COLUMN > FAR or abs(at // grid.nx - j0) * TRACK > FAR:
            return True
        for other in _next_nodes(grid, node):
            if other not in seen and (other in opened or not grid.flags[other] & BLOCKED):
                seen.add(other)
                queue.append(other)
    return False


def _next_nodes(grid: Grid, node: int) -> list[int]:
    """Nodes one wire or via away."""
    layer, row = node % 4, 4 * grid.nx
    step = {MET1: 4, MET2: row, MET3: 4, MET4: 2 * row}[layer]
    found = []
    if not grid.flags[node] & NO_EDGE:
        found.append(node + step)
    if node >= step and not grid.flags[node - step] & NO_EDGE:
        found.append(node - step)
    if layer < MET4 and not grid.flags[node] & NO_VIA:
        found.append(node + 1)
    if layer > MET1 and not grid.flags[node - 1] & NO_VIA:
        found.append(node - 1)
    return [other for other in found if other < len(grid.flags)]
