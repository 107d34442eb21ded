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

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from flow.pnr.access import CellAccess, access_of
from flow.pnr.design import Design
from flow.pnr.geometry import Rect, placed
from flow.pnr.lef import Master, Pin
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

__all__ = ["BLOCKED", "NO_EDGE", "NO_VIA", "Grid", "PinTable", "build_grid", "fixed_metal"]

BLOCKED, NO_VIA, NO_EDGE = 1, 2, 4
"""Flags of a node: no metal, no via to the layer above, no wire to the next node."""


class PinTable(NamedTuple):
    """Accesses of all pins of all nets, pins in the order of `Design.pin_instance`.

    Pin p has accesses `start[p]`..`start[p + 1]`; access a stands at `node[a]`, costs `cost[a]`,
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
    """Obstructions, supply pins and open pins of a placed macro on met1..met4; nothing for a cell.
    Pins on a net are left out: like a port, they are claimed by the net they belong to. So is all
    metal of a signal pin that the LEF calls an obstruction."""
    master = design.master(instance)
    if not master.is_macro:
        return []
    used = {int(design.pin_index[k]) for k in np.flatnonzero(design.pin_instance == instance)}
    connected = {pin.name for k, pin in enumerate(master.signal_pins) if k in used}
    claimed = {shape for name in connected for shape in _own_metal(master, master.pins[name])}
    shapes = [shape for pin in master.pins.values() for shape in pin.shapes] + master.obstructions
    left = [shape for shape in shapes if shape not in claimed]
    return _placed_shapes(design, instance, left)


@lru_cache(maxsize=4096)
def _own_metal(master: Master, pin: Pin) -> list[tuple[str, Rect]]:
    """Shapes of a pin, and thin obstructions that touch them, which can be nothing but its metal:
    the wire that was made the pin at its end, or the rim of a via pad wider than that wire."""
    return pin.shapes + [
        (layer, other)
        for layer, other in master.obstructions
        if layer in LAYERS and _thickness(other) <= THIN * SPACING[LAYERS.index(layer)]
        for on, rect in pin.shapes
        if on == layer and _touch(other, rect)
    ]


THIN = 2
"""Thickness in spacings up to which an obstruction is a wire or a pad, not a cover over many."""


def _thickness(rect: Rect) -> int:
    return min(rect[2] - rect[0], rect[3] - rect[1])


def _touch(a: Rect, b: Rect) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _placed_shapes(
    design: Design, instance: int, shapes: list[tuple[str, Rect]]
) -> list[tuple[int, Rect]]:
    """Shapes of an instance on met1..met4 where they stand in the design."""
    master = design.master(instance)
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


class _Template(NamedTuple):
    """Accesses of one pin of a master in one orientation, relative to the corner of the instance.

    `node` [a, 2] column and track; `cost` [a]; `contact` [a, 2] and `metal` [a, 4] in nm, -1 and
    `has_metal` False where the pin needs none; `resources` [r, 4]: access, 1 for a gap, column,
    track; `open` [o, 3]: column, track, flag.
    """

    node: np.ndarray
    cost: np.ndarray
    contact: np.ndarray
    metal: np.ndarray
    has_metal: np.ndarray
    resources: np.ndarray
    open: np.ndarray


def _template(master: Master, cell: CellAccess, pin: str, orient: int) -> _Template:
    columns, tracks = master.width // COLUMN, master.height // TRACK

    def turned(column: int, track: int) -> tuple[int, int]:
        return (
            columns - 1 - column if orient & 2 else column,
            tracks - 1 - track if orient & 1 else track,
        )

    accesses = cell.pins[pin]
    contacts, metals, resources = [], [], []
    for number, access in enumerate(accesses):
        point = access.contact or (0, 0)
        x, y, _, _ = placed((*point, *point), orient, master.width, master.height, 0, 0)
        contacts.append((x, y) if access.contact else (-1, -1))
        metal = access.metal or (0, 0, 0, 0)
        metals.append(placed(metal, orient, master.width, master.height, 0, 0))
        for resource in sorted(access.resources):
            column, track = turned(resource.column, resource.track)
            is_gap = resource.kind == "gap"
            # the gap below a track is the gap above it in a cell upside down
            resources.append((number, int(is_gap), column, track + (is_gap and orient & 1)))
    opened = [(*turned(*node), BLOCKED) for node in sorted(cell.own_wire[pin])]
    opened += [(*turned(*node), NO_VIA) for node in sorted(cell.own_via[pin])]
    return _Template(
        np.array([turned(a.column, a.track) for a in accesses], np.int64).reshape(-1, 2),
        np.array([a.cost // 10 for a in accesses], np.int64),
        np.array(contacts, np.int64).reshape(-1, 2),
        np.array(metals, np.int64).reshape(-1, 4),
        np.array([a.metal is not None for a in accesses], bool),
        np.array(resources, np.int64).reshape(-1, 4),
        np.array(opened, np.int64).reshape(-1, 3),
    )


class _Batch(NamedTuple):
    """Accesses of many pins that share a template, or of one fixed pin: rows start with the pin.

    `accesses` [n, 10]: pin, number, node, cost, contact x and y, metal; `metal_layer` [n];
    `resources` [r, 3]: pin, number, resource; `opened` [o, 3]: pin, node, flag.
    """

    accesses: np.ndarray
    metal_layer: np.ndarray
    resources: np.ndarray
    opened: np.ndarray


def _pin_table(design: Design, cells: dict[int, CellAccess], nx: int, ny: int) -> PinTable:
    batches = _cell_batches(design, cells, nx, ny) + _fixed_batches(design, nx, ny)
    accesses = np.concatenate([batch.accesses for batch in batches])
    metal_layer = np.concatenate([batch.metal_layer for batch in batches])
    resources = np.concatenate([batch.resources for batch in batches])
    opened = np.concatenate([batch.opened for batch in batches])
    order = np.lexsort((accesses[:, 1], accesses[:, 0]))
    accesses, metal_layer = accesses[order], metal_layer[order]
    count = len(design.pin_instance)
    start = np.searchsorted(accesses[:, 0], np.arange(count + 1))
    _check_reachable(design, start)
    owner = start[resources[:, 0]] + resources[:, 1]
    order = np.argsort(owner, kind="stable")
    opened = opened[np.argsort(opened[:, 0], kind="stable")]
    return PinTable(
        start=start.astype(np.int32),
        node=accesses[:, 2].astype(np.int32),
        cost=accesses[:, 3].astype(np.int32),
        x=accesses[:, 4].astype(np.int32),
        y=accesses[:, 5].astype(np.int32),
        metal=accesses[:, 6:].astype(np.int32),
        metal_layer=metal_layer.astype(np.int32),
        resource_start=np.searchsorted(owner[order], np.arange(len(accesses) + 1)).astype(np.int32),
        resource=resources[order, 2].astype(np.int32),
        open_start=np.searchsorted(opened[:, 0], np.arange(count + 1)).astype(np.int32),
        open=opened[:, 1].astype(np.int32),
        open_flags=opened[:, 2].astype(np.int32),
    )


def _check_reachable(design: Design, start: np.ndarray) -> None:
    lost = np.flatnonzero(np.diff(start) == 0)
    if len(lost):
        names = [
            design.pin_name(int(design.pin_instance[k]), int(design.pin_index[k])) for k in lost[:5]
        ]
        raise ValueError(f"{len(lost)} pins cannot be reached by any wire: {', '.join(names)}")


def _cell_batches(design: Design, cells: dict[int, CellAccess], nx: int, ny: int) -> list[_Batch]:
    masters = design.master_objects()
    pins = np.flatnonzero(design.pin_instance >= 0)
    instance = design.pin_instance[pins]
    number, orient = design.master_of[instance], design.orient[instance].astype(np.int64)
    index = design.pin_index[pins]
    order = np.lexsort((orient, index, number))
    keys = np.column_stack([number, index, orient])[order]
    first = np.flatnonzero((np.diff(keys, axis=0, prepend=-1) != 0).any(axis=1))
    batches = []
    for key, some in zip(keys[first].tolist(), np.split(order, first[1:]), strict=True):
        if key[0] not in cells:
            continue
        master = masters[key[0]]
        template = _template(master, cells[key[0]], master.signal_pins[key[1]].name, key[2])
        corner_x = design.x[instance[some]].astype(np.int64)
        corner_y = design.y[instance[some]].astype(np.int64)
        batches.append(_instantiated(template, pins[some], corner_x, corner_y, nx, ny))
    return batches


def _instantiated(
    template: _Template, pins: np.ndarray, x: np.ndarray, y: np.ndarray, nx: int, ny: int
) -> _Batch:
    """A template at every corner (x, y) for the pins of the same rows."""
    i, j = (x // COLUMN)[:, None], (y // TRACK)[:, None]
    many = len(template.cost)

    def spread(values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, (len(pins), values.shape[-1])).reshape(-1)

    def at(nodes: np.ndarray) -> np.ndarray:
        return ((j + nodes[:, 1]) * nx + i + nodes[:, 0]).reshape(-1)

    has_contact = template.contact[:, 0] >= 0
    corner = np.column_stack([x, y, x, y])[:, None, :]
    metal = np.where(template.has_metal[:, None], template.metal + corner, 0).reshape(-1, 4)
    accesses = np.column_stack(
        [
            np.repeat(pins, many),
            spread(np.arange(many)),
            4 * at(template.node),
            spread(template.cost),
            np.where(has_contact, template.contact[:, 0] + x[:, None], -1).reshape(-1),
            np.where(has_contact, template.contact[:, 1] + y[:, None], -1).reshape(-1),
            metal,
        ]
    )
    place = at(template.resources[:, 2:])
    resource = np.where(spread(template.resources[:, 1]) == 1, 4 * nx * ny + place, 4 * place)
    resources = np.column_stack(
        [np.repeat(pins, len(template.resources)), spread(template.resources[:, 0]), resource]
    )
    opened = np.column_stack(
        [
            np.repeat(pins, len(template.open)),
            4 * at(template.open[:, :2]),
            spread(template.open[:, 2]),
        ]
    )
    layer = np.where(spread(template.has_metal), MET1, -1)
    return _Batch(accesses, layer, resources, opened)


def _fixed_batches(design: Design, nx: int, ny: int) -> list[_Batch]:
    """Ports and pins of macros: nodes on or beside them, which take the pin's surroundings."""
    batches = []
    is_macro = np.array([master.is_macro for master in design.master_objects()], bool)
    fixed = design.pin_instance < 0
    fixed[~fixed] = is_macro[design.master_of[design.pin_instance[~fixed]]]
    for pin in np.flatnonzero(fixed).tolist():
        instance, index = int(design.pin_instance[pin]), int(design.pin_index[pin])
        shapes = _fixed_pin_shapes(design, instance, index)
        nodes = [
            (i, j, layer, metal)
            for layer, rect in shapes
            for i, j, metal in _nodes_of_shape(layer, rect, nx, ny)
        ]
        if any(metal is None for *_, metal in nodes):
            nodes = [node for node in nodes if node[3] is None]
        common = {r for shape in shapes for r in _surroundings(*shape, nx, ny)}
        rows: list[tuple[int, ...]] = []
        resources: list[tuple[int, int, int]] = []
        for number, (i, j, layer, metal) in enumerate(nodes):
            node = (j * nx + i) * 4 + layer
            shift = metal[2] - metal[0] + metal[3] - metal[1] if metal else 0
            rows.append((pin, number, node, shift // 10, -1, -1, *(metal or (0, 0, 0, 0))))
            beside = set(_surroundings(layer, metal, nx, ny)) if metal else set()
            resources += [(pin, number, r) for r in sorted(common | beside)]
        layers = [layer if metal else -1 for _, _, layer, metal in nodes]
        opened = [(pin, row[2], BLOCKED) for row in rows]
        batches.append(
            _Batch(
                np.array(rows, np.int64).reshape(-1, 10),
                np.array(layers, np.int64),
                np.array(resources, np.int64).reshape(-1, 3),
                np.array(opened, np.int64).reshape(-1, 3),
            )
        )
    return batches


def fixed_metal(design: Design) -> np.ndarray:
    """[n, 6] net, layer, rectangle of every port and every connected pin of a macro."""
    rows = [
        (net, layer, *rect)
        for net in range(design.nets)
        for instance, index in design.net_pins(net)
        if instance < 0 or design.master(instance).is_macro
        for layer, rect in _fixed_pin_shapes(design, instance, index)
    ]
    return np.array(rows, np.int32).reshape(-1, 6)


def _node_resources(i: int, j: int, layer: int, nx: int) -> list[int]:
    """What metal at a node takes."""
    at = (j * nx + i) * 4 + layer
    return {0: [at], 1: [at, at + 4 * nx], 2: [at, at + 4], 3: [at]}[layer]


def _fixed_pin_shapes(design: Design, instance: int, index: int) -> list[tuple[int, Rect]]:
    if instance >= 0:
        master = design.master(instance)
        return _placed_shapes(design, instance, _own_metal(master, master.signal_pins[index]))
    port = design.ports[-1 - instance]
    assert port.layer is not None, port.name
    assert port.rect is not None, port.name
    return [(port.layer, port.rect)]


def _is_node(i: int, j: int, layer: int) -> bool:
    return layer < MET3 or (j % 2 == 1 and (layer == MET3 or i % 2 == 0))


def _grid_span(
    rect: Rect, reach_x: int, reach_y: int, nx: int, ny: int
) -> Iterator[tuple[int, int]]:
    """Columns and tracks whose node lies in `rect` grown by the reaches."""
    i0 = max(0, -(-(rect[0] - reach_x - COLUMN_X) // COLUMN))
    i1 = min(nx - 2, (rect[2] + reach_x - COLUMN_X) // COLUMN)
    j0 = max(0, -(-(rect[1] - reach_y - TRACK_Y) // TRACK))
    j1 = min(ny - 2, (rect[3] + reach_y - TRACK_Y) // TRACK)
    for j in range(j0, j1 + 1):
        for i in range(i0, i1 + 1):
            yield i, j


def _surroundings(layer: int, rect: Rect, nx: int, ny: int) -> Iterator[int]:
    """Resources of the nodes where metal of another net would be too close to `rect`."""
    half, spacing = _node_half(layer), SPACING[layer]
    for i, j in _grid_span(rect, half[0] + spacing - 1, half[1] + spacing - 1, nx, ny):
        if _is_node(i, j, layer):
            yield from _node_resources(i, j, layer, nx)


def _nodes_of_shape(
    layer: int, rect: Rect, nx: int, ny: int
) -> Iterator[tuple[int, int, Rect | None]]:
    """Nodes on a fixed pin, and those up to a pitch beside it with the metal that joins them."""
    half = WIDTH[layer] // 2
    reach = (COLUMN, TRACK) if layer < MET3 else (COLUMN, 2 * TRACK)
    for i, j in _grid_span(rect, *reach, nx, ny):
        if not _is_node(i, j, layer):
            continue
        x, y = COLUMN_X + COLUMN * i, TRACK_Y + TRACK * j
        if (
            rect[0] <= x - half
            and x + half <= rect[2]
            and rect[1] <= y - half
            and y + half <= rect[3]
        ):
            yield i, j, None
            continue
        inner_x = min(max(x, rect[0] + half), max(rect[2] - half, rect[0] + half))
        inner_y = min(max(y, rect[1] + half), max(rect[3] - half, rect[1] + half))
        metal = (
            min(x, inner_x) - half,
            min(y, inner_y) - half,
            max(x, inner_x) + half,
            max(y, inner_y) + half,
        )
        yield i, j, metal
