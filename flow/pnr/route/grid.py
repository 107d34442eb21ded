"""The routing grid: nodes, resources, obstacles and pin accesses as flat arrays.

Node (i, j, l): column i, met1 track j, layer l (0..3 for met1..met4); index (j * nx + i) * 4 + l.
met3 uses the odd tracks, met4 the even columns of the odd tracks. One column and one track more
than the die has pad the arrays, so that the gap above the last node exists.

Resources, each for one net:
  met1 node (i, j, 0) and met4 node (i, j, 3)        index of the node
  met2 gap between (i, j - 1) and (i, j)             index of node (i, j, 1); a node takes both
  met3 gap between (i - 1, j) and (i, j)             index of node (i, j, 2); likewise
  met1 pad gap between (i, j - 1) and (i, j)         4 * nx * ny + j * nx + i; taken by pads
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from flow.pnr.access import CellAccess, access_of
from flow.pnr.design import Design
from flow.pnr.geometry import Rect
from flow.pnr.power import supply_shapes
from flow.pnr.route.pins import (
    PinTable,
    node_half,
    own_metal,
    pin_table,
    placed_shapes,
)
from flow.pnr.route.state import BLOCKED, NO_EDGE, NO_VIA
from flow.pnr.rules import (
    COLUMN,
    COLUMN_X,
    MET1,
    MET4,
    SPACING,
    TRACK,
    TRACK_Y,
    VIAS,
    WIDTH,
)

__all__ = ["Grid", "build_grid"]


@dataclass(frozen=True)
class Grid:
    """`flags` [4 nx ny] and the pins of a design."""

    nx: int
    ny: int
    flags: np.ndarray
    pins: PinTable

    @property
    def resources(self) -> int:
        """How many resources there are."""
        return 5 * self.nx * self.ny


def build_grid(design: Design, before: Grid | None = None, instances: int = 0) -> Grid:
    """Obstacles and pin accesses of a placed design. `before` is the grid of the design when it had
    only its first `instances`.

    Raises ValueError naming the pins that cannot be reached at all.
    """
    nx = design.die[2] // COLUMN + 1
    ny = design.die[3] // TRACK + 1
    if before is None:
        flags = np.zeros((ny, nx, 4), np.uint8)
        _block_borders(flags)
        _block_shapes(flags, _fixed_shapes(design))
    else:
        flags = before.flags.reshape(ny, nx, 4).copy()
    cells = {
        number: access_of(design.cell_library, master.name)
        for number, master in enumerate(design.master_objects())
        if not master.is_macro
    }
    _stamp_cells(design, cells, flags, 0 if before is None else instances)
    return Grid(nx, ny, flags.reshape(-1), pin_table(design, nx, ny))


def _block_borders(flags: np.ndarray) -> None:
    flags[-1], flags[:, -1] = BLOCKED, BLOCKED
    flags[0::2, :, 2:] = BLOCKED  # met3 and met4 use odd tracks
    flags[:, 1::2, 3] = BLOCKED  # met4 uses even columns


def _fixed_shapes(design: Design) -> list[tuple[int, Rect]]:
    """(layer, rectangle) of the power grid and the macros. Ports are no obstacles: every net claims
    the nodes of its own port."""
    shapes = [(layer, rect) for layer, rect in supply_shapes(design.supplies) if layer <= MET4]
    shapes += [shape for k in range(design.instances) for shape in macro_shapes(design, k)]
    return shapes


def macro_shapes(design: Design, instance: int) -> list[tuple[int, Rect]]:
    """Obstructions, supply pins and open pins of a placed macro on met1..met4; nothing for a cell.
    Pins on a net are left out: like a port, they are claimed by the net they belong to. So is all
    metal of a signal pin that the LEF calls an obstruction."""
    master = design.master(instance)
    if not master.is_macro:
        return []
    used = {int(design.pin_index[k]) for k in np.flatnonzero(design.pin_instance == instance)}
    connected = {pin.name for k, pin in enumerate(master.signal_pins) if k in used}
    claimed = {shape for name in connected for shape in own_metal(master, master.pins[name])}
    shapes = [shape for pin in master.pins.values() for shape in pin.shapes] + master.obstructions
    left = [shape for shape in shapes if shape not in claimed]
    return placed_shapes(design, instance, left)


def _block_shapes(flags: np.ndarray, shapes: Iterable[tuple[int, Rect]]) -> None:
    """Mark what keeps too little distance to fixed metal, exactly per kind of shape."""
    for layer, rect in shapes:
        spacing = SPACING[layer]
        if layer >= 2 and min(rect[2] - rect[0], rect[3] - rect[1]) > 3000:
            spacing = 400  # m3.3 m4.5: next to metal wider than 3 um
        elif layer < 2 and min(rect[2] - rect[0], rect[3] - rect[1]) > 3000:
            spacing = 280  # m1.3 m2.3
        node = node_half(layer)
        _mark(flags, layer, rect, node, spacing, BLOCKED)
        along = (WIDTH[layer] // 2, WIDTH[layer] // 2)
        step = (COLUMN, 0) if layer in (0, 2) else (0, TRACK if layer == 1 else 2 * TRACK)
        _mark(flags, layer, rect, along, spacing, NO_EDGE, step)
        if layer < MET4:
            _mark(flags, layer, rect, VIAS[layer + 1].below, spacing, NO_VIA)
        if layer > MET1:
            _mark(flags, layer - 1, rect, VIAS[layer].above, spacing, NO_VIA)


def _mark(
    flags: np.ndarray,
    layer: int,
    rect: Rect,
    half: tuple[int, int],
    spacing: int,
    flag: int,
    step: tuple[int, int] = (0, 0),
) -> None:
    """Set `flag` at every node whose rectangle of half size `half`, drawn on by `step`, comes
    closer than `spacing` to `rect` (box distance; corners are taken as touching)."""
    reach_x, reach_y = half[0] + spacing - 1, half[1] + spacing - 1
    i0 = -(-(rect[0] - reach_x - step[0] - COLUMN_X) // COLUMN)
    i1 = (rect[2] + reach_x - COLUMN_X) // COLUMN
    j0 = -(-(rect[1] - reach_y - step[1] - TRACK_Y) // TRACK)
    j1 = (rect[3] + reach_y - TRACK_Y) // TRACK
    flags[max(j0, 0) : j1 + 1, max(i0, 0) : i1 + 1, layer] |= flag


def _stamp_cells(
    design: Design, cells: dict[int, CellAccess], flags: np.ndarray, first: int
) -> None:
    """Mark what met1 inside the cells from number `first` on blocks."""
    ny, nx, _ = flags.shape
    tables = {
        number: [
            (np.array(sorted(nodes), np.int64).reshape(-1, 2), flag)
            for nodes, flag in (
                (cell.no_wire, BLOCKED),
                (cell.no_via, NO_VIA),
                (cell.no_edge, NO_EDGE),
            )
        ]
        for number, cell in cells.items()
    }
    masters = design.master_objects()
    for number, table in tables.items():
        which = first + np.flatnonzero(design.master_of[first:] == number)
        width, height = masters[number].width // COLUMN, masters[number].height // TRACK
        for orient in range(4):
            some = which[design.orient[which] == orient]
            left, bottom = design.x[some] // COLUMN, design.y[some] // TRACK
            for nodes, flag in table:
                mirrored_edge = COLUMN if flag == NO_EDGE and orient & 2 else 0
                column = (
                    width - 1 - nodes[:, 0] - bool(mirrored_edge) if orient & 2 else nodes[:, 0]
                )
                track = height - 1 - nodes[:, 1] if orient & 1 else nodes[:, 1]
                i = (left[:, None] + column).ravel()
                j = (bottom[:, None] + track).ravel()
                inside = (i >= 0) & (i < nx) & (j >= 0) & (j < ny)
                np.bitwise_or.at(flags, (j[inside], i[inside], 0), np.uint8(flag))
