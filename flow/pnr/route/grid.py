"""The routing grid: nodes, resources, obstacles and pin accesses as flat arrays.

Node (i, j, l): column i, met1 track j, layer l (0..3 for met1..met4); index (j * nx + i) * 4 + l.
met3 uses the odd tracks, met4 the even columns of the odd tracks. One column and one track more
than the die has pad the arrays, so that the gap above the last node exists.

Resources, each for one net:
  met1 node (i, j, 0) and met4 node (i, j, 3)        index of the node
  met2 gap between (i, j - 1) and (i, j)             index of node (i, j, 1); a node takes both its gaps
  met3 gap between (i - 1, j) and (i, j)             index of node (i, j, 2); likewise
  met1 pad gap between (i, j - 1) and (i, j)         4 * nx * ny + j * nx + i; taken by pads
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from flow.pnr.access import CellAccess, analyse_cell
from flow.pnr.design import Design
from flow.pnr.geometry import Rect, placed
from flow.pnr.power import supply_shapes
from flow.pnr.rules import (
    COLUMN,
    COLUMN_X,
    LAYERS,
    MET1,
    MET3,
    MET4,
    SPACING,
    TRACK,
    TRACK_Y,
    VIAS,
    WIDTH,
)

__all__ = ["BLOCKED", "NO_EDGE", "NO_VIA", "Grid", "PinTable", "build_grid"]

BLOCKED, NO_VIA, NO_EDGE = 1, 2, 4
"""Flags of a node: no metal, no via to the layer above, no wire to the next node along the track."""


class PinTable(NamedTuple):
    """Accesses of all pins of all nets, pins in the order of `Design.pin_instance`.

    Pin p has accesses `start[p]`..`start[p + 1]`; access a stands at node `node[a]`, costs `cost[a]`,
    has its contact at (`x[a]`, `y[a]`) (-1 when none), takes the resources
    `resource[resource_start[a]:resource_start[a + 1]]` and draws the rectangle `metal[a]` on layer
    `metal_layer[a]` (-1 when none). Nodes `open[open_start[p]:open_start[p + 1]]` lose the flags
    `open_flags` while the net of pin p is routed.
    """

    start: np.ndarray
    node: np.ndarray
    cost: np.ndarray
    x: np.ndarray
    y: np.ndarray
    metal: np.ndarray
    metal_layer: np.ndarray
    resource_start: np.ndarray
    resource: np.ndarray
    open_start: np.ndarray
    open: np.ndarray
    open_flags: np.ndarray


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


def build_grid(design: Design) -> Grid:
    """Obstacles and pin accesses of a placed design.

    Raises ValueError naming the pins that cannot be reached at all.
    """
    nx = design.die[2] // COLUMN + 1
    ny = design.die[3] // TRACK + 1
    flags = np.zeros((ny, nx, 4), np.uint8)
    _block_borders(flags)
    _block_shapes(flags, _fixed_shapes(design))
    cells = {
        number: analyse_cell(master, design.library.shapes(master.name))
        for number, master in enumerate(design.master_objects())
        if not master.is_macro
    }
    _stamp_cells(design, cells, flags)
    pins = _pin_table(design, cells, nx, ny)
    return Grid(nx, ny, flags.reshape(-1), pins)


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
    """Pins and obstructions of a placed macro on met1..met4; nothing for a cell."""
    master = design.master(instance)
    if not master.is_macro:
        return []
    shapes = [shape for pin in master.pins.values() for shape in pin.shapes] + master.obstructions
    where = (master.width, master.height, int(design.x[instance]), int(design.y[instance]))
    return [
        (LAYERS.index(layer), placed(rect, int(design.orient[instance]), *where))
        for layer, rect in shapes
        if layer in LAYERS[:4]
    ]


def _block_shapes(flags: np.ndarray, shapes: Iterable[tuple[int, Rect]]) -> None:
    """Mark what keeps too little distance to fixed metal, exactly per kind of shape."""
    for layer, rect in shapes:
        spacing = SPACING[layer]
        if layer >= 2 and min(rect[2] - rect[0], rect[3] - rect[1]) > 3000:
            spacing = 400  # m3.3 m4.5: next to metal wider than 3 um
        elif layer < 2 and min(rect[2] - rect[0], rect[3] - rect[1]) > 3000:
            spacing = 280  # m1.3 m2.3
        node = _node_half(layer)
        _mark(flags, layer, rect, node, spacing, BLOCKED)
        along = (WIDTH[layer] // 2, WIDTH[layer] // 2)
        step = (COLUMN, 0) if layer in (0, 2) else (0, TRACK if layer == 1 else 2 * TRACK)
        _mark(flags, layer, rect, along, spacing, NO_EDGE, step)
        if layer < MET4:
            _mark(flags, layer, rect, VIAS[layer + 1].below, spacing, NO_VIA)
        if layer > MET1:
            _mark(flags, layer - 1, rect, VIAS[layer].above, spacing, NO_VIA)


def _node_half(layer: int) -> tuple[int, int]:
    """Half size of the least metal a net has at a node: a via pad along the track."""
    return ((160, 70), (70, 160), (165, 165), (165, 165))[layer]


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


def _stamp_cells(design: Design, cells: dict[int, CellAccess], flags: np.ndarray) -> None:
    """Mark what met1 inside the cells blocks."""
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
        which = np.flatnonzero(design.master_of == number)
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


class _Template:
    """Accesses of one pin of a master in one orientation, as arrays relative to its corner."""

    def __init__(
        self, design: Design, number: int, cell: CellAccess, pin: str, orient: int
    ) -> None:
        master = design.master_objects()[number]
        self.width, self.height = master.width, master.height
        self.columns, self.tracks = master.width // COLUMN, master.height // TRACK
        self.orient = orient
        self.accesses = []
        for access in cell.pins[pin]:
            node = self._node(access.column, access.track)
            resources = [
                (
                    resource.kind == "gap",
                    *self._resource(resource.kind, resource.column, resource.track),
                )
                for resource in sorted(access.resources)
            ]
            x, y, metal = -1, -1, None
            if access.contact is not None and access.metal is not None:
                point = (*access.contact, *access.contact)
                x, y, _, _ = placed(point, orient, self.width, self.height, 0, 0)
                metal = placed(access.metal, orient, self.width, self.height, 0, 0)
            self.accesses.append((node, access.cost, x, y, metal, resources))
        self.open = [(self._node(*node), BLOCKED) for node in sorted(cell.own_wire[pin])]
        self.open += [(self._node(*node), NO_VIA) for node in sorted(cell.own_via[pin])]

    def _node(self, column: int, track: int) -> tuple[int, int]:
        if self.orient & 2:
            column = self.columns - 1 - column
        if self.orient & 1:
            track = self.tracks - 1 - track
        return column, track

    def _resource(self, kind: str, column: int, track: int) -> tuple[int, int]:
        column, mirrored = self._node(column, track)
        if kind == "gap" and self.orient & 1:
            mirrored += 1
        return column, mirrored


def _pin_table(design: Design, cells: dict[int, CellAccess], nx: int, ny: int) -> PinTable:
    masters = design.master_objects()
    templates: dict[tuple[int, int, int], _Template] = {}
    start, node, cost, xs, ys = [0], [], [], [], []
    metal, metal_layer, resource_start, resource = [], [], [0], []
    open_start, open_nodes, open_flags = [0], [], []
    unreachable = []
    gaps = 4 * nx * ny
    for instance, index in zip(
        design.pin_instance.tolist(), design.pin_index.tolist(), strict=True
    ):
        if instance >= 0 and not masters[design.master_of[instance]].is_macro:
            number, orient = int(design.master_of[instance]), int(design.orient[instance])
            key = (number, index, orient)
            if key not in templates:
                pin = masters[number].signal_pins[index].name
                templates[key] = _Template(design, number, cells[number], pin, orient)
            template = templates[key]
            x0, y0 = int(design.x[instance]), int(design.y[instance])
            i0, j0 = x0 // COLUMN, y0 // TRACK
            for (i, j), price, x, y, rect, resources in template.accesses:
                node.append(((j0 + j) * nx + i0 + i) * 4)
                cost.append(price // 10)
                xs.append(x0 + x if x >= 0 else -1)
                ys.append(y0 + y if y >= 0 else -1)
                metal_layer.append(MET1 if rect else -1)
                metal.append(
                    (rect[0] + x0, rect[1] + y0, rect[2] + x0, rect[3] + y0)
                    if rect
                    else (0, 0, 0, 0)
                )
                for is_gap, di, dj in resources:
                    at = (j0 + dj) * nx + i0 + di
                    resource.append(gaps + at if is_gap else 4 * at)
                resource_start.append(len(resource))
            for (i, j), flag in template.open:
                open_nodes.append(((j0 + j) * nx + i0 + i) * 4)
                open_flags.append(flag)
        else:
            nodes = _fixed_pin_nodes(design, instance, index, nx, ny)
            taken = sorted({r for i, j, layer in nodes for r in _node_resources(i, j, layer, nx)})
            for i, j, layer in nodes:
                node.append((j * nx + i) * 4 + layer)
                cost.append(0)
                xs.append(-1)
                ys.append(-1)
                metal.append((0, 0, 0, 0))
                metal_layer.append(-1)
                resource += taken
                resource_start.append(len(resource))
        start.append(len(node))
        open_start.append(len(open_nodes))
        if start[-1] == start[-2]:
            unreachable.append(design.pin_name(instance, index))
    if unreachable:
        raise ValueError(
            f"{len(unreachable)} pins cannot be reached by any wire: {', '.join(unreachable[:5])}"
        )
    return PinTable(
        *(np.array(values, np.int32) for values in (start, node, cost, xs, ys)),
        np.array(metal, np.int32).reshape(-1, 4),
        *(
            np.array(values, np.int32)
            for values in (
                metal_layer,
                resource_start,
                resource,
                open_start,
                open_nodes,
                open_flags,
            )
        ),
    )


def _node_resources(i: int, j: int, layer: int, nx: int) -> list[int]:
    """What metal at a node takes."""
    at = (j * nx + i) * 4 + layer
    return {0: [at], 1: [at, at + 4 * nx], 2: [at, at + 4], 3: [at]}[layer]


def _fixed_pin_nodes(
    design: Design, instance: int, index: int, nx: int, ny: int
) -> list[tuple[int, int, int]]:
    """Nodes on a port or on a pin of a macro: (column, track, layer)."""
    if instance < 0:
        port = design.ports[-1 - instance]
        assert port.layer is not None and port.rect is not None
        shapes = [(port.layer, port.rect)]
    else:
        shapes = macro_pin_shapes(design, instance, index)
    nodes = []
    for layer, (x0, y0, x1, y1) in shapes:
        for j in range(
            max(0, -(-(y0 - TRACK_Y) // TRACK)), min(ny - 2, (y1 - TRACK_Y) // TRACK) + 1
        ):
            for i in range(
                max(0, -(-(x0 - COLUMN_X) // COLUMN)), min(nx - 2, (x1 - COLUMN_X) // COLUMN) + 1
            ):
                if layer < MET3 or (j % 2 and (layer == MET3 or i % 2 == 0)):
                    nodes.append((i, j, layer))
    return nodes


def macro_pin_shapes(design: Design, instance: int, index: int) -> list[tuple[int, Rect]]:
    """Shapes of a signal pin of a placed macro on met1..met4."""
    master = design.master(instance)
    where = (master.width, master.height, int(design.x[instance]), int(design.y[instance]))
    return [
        (LAYERS.index(layer), placed(rect, int(design.orient[instance]), *where))
        for layer, rect in master.signal_pins[index].shapes
        if layer in LAYERS[:4]
    ]
