"""Pins as the router sees them: where a net may reach each, and what that takes.

A pin of a cell has the same accesses wherever the cell stands and however it is turned, moved by
its corner; they are worked out once per master, pin and orientation. Ports and pins of macros have
nodes on or beside them, which take the pin's surroundings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numba
import numpy as np

from flow.pnr.access import access_of
from flow.pnr.cell_library import Library
from flow.pnr.design import Design
from flow.pnr.geometry import Rect, placed
from flow.pnr.lef import Master, Pin
from flow.pnr.route.state import BLOCKED, NO_VIA
from flow.pnr.rules import (
    COLUMN,
    COLUMN_X,
    LAYERS,
    MET1,
    MET3,
    SPACING,
    TRACK,
    TRACK_Y,
    WIDTH,
)

__all__ = [
    "PinTable",
    "fixed_metal",
    "node_half",
    "own_metal",
    "pin_table",
    "placed_shapes",
]


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


class _Template(NamedTuple):
    """Accesses of one pin of a master in one orientation, relative to the corner of the instance,
    or of a fixed pin, relative to the origin.

    `node` [a, 3] column, track and layer; `cost` [a]; `contact` [a, 2] and `metal` [a, 4] in nm, -1
    and `metal_layer` [a] -1 where the pin needs none; `resources` [r, 5]: access, 1 for a gap
    between pads, column, track, layer; `open` [o, 4]: column, track, layer, flag.
    """

    node: np.ndarray
    cost: np.ndarray
    contact: np.ndarray
    metal: np.ndarray
    metal_layer: np.ndarray
    resources: np.ndarray
    open: np.ndarray


def pin_table(design: Design, nx: int, ny: int) -> PinTable:
    """The accesses of all pins of a placed design on a grid of `nx` columns and `ny` tracks.

    Raises ValueError naming the pins that cannot be reached at all.
    """
    templates: list[_Template] = []
    which = np.zeros(len(design.pin_instance), np.int64)
    corner = np.zeros((len(which), 2), np.int64)
    fixed = _is_fixed(design)
    masters = design.master_objects()
    pins = np.flatnonzero(~fixed)
    instance = design.pin_instance[pins]
    number, index = design.master_of[instance], design.pin_index[pins]
    key = (number.astype(np.int64) << 32) | (index << 2) | design.orient[instance]
    kinds, first, kind = np.unique(key, return_index=True, return_inverse=True)
    for k in range(len(kinds)):
        master = masters[number[first[k]]]
        pin = master.signal_pins[index[first[k]]].name
        orient = int(design.orient[instance[first[k]]])
        templates.append(_cell_template(design.cell_library, master.name, pin, orient))
    which[pins] = kind
    corner[pins] = np.column_stack([design.x[instance], design.y[instance]])
    for pin in np.flatnonzero(fixed).tolist():
        which[pin] = len(templates)
        where = int(design.pin_instance[pin]), int(design.pin_index[pin])
        templates.append(_fixed_template(design, *where, nx, ny))
    table = _expanded(templates, which, corner, nx, ny)
    _check_reachable(design, table.start)
    return table


def _is_fixed(design: Design) -> np.ndarray:
    """[pins] whether a pin is a port or a pin of a macro."""
    is_macro = np.array([master.is_macro for master in design.master_objects()], bool)
    fixed = design.pin_instance < 0
    fixed[~fixed] = is_macro[design.master_of[design.pin_instance[~fixed]]]
    return fixed


def _check_reachable(design: Design, start: np.ndarray) -> None:
    lost = np.flatnonzero(np.diff(start) == 0)
    if len(lost):
        names = [
            design.pin_name(int(design.pin_instance[k]), int(design.pin_index[k])) for k in lost[:5]
        ]
        raise ValueError(f"{len(lost)} pins cannot be reached by any wire: {', '.join(names)}")


def _expanded(
    templates: list[_Template], which: np.ndarray, corner: np.ndarray, nx: int, ny: int
) -> PinTable:
    """The template `which` [pins] of every pin moved to its `corner` [pins, 2]."""

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(template, name) for template in templates])

    def starts(sizes: Iterable[int]) -> np.ndarray:
        return np.append(0, np.cumsum(np.fromiter(sizes, np.int64)))

    def node_number(places: np.ndarray) -> np.ndarray:
        return 4 * (places[:, 1] * nx + places[:, 0]) + places[:, 2]

    access_start = starts(len(template.cost) for template in templates)
    resources = joined("resources")
    of_access = resources[:, 0] + np.repeat(
        access_start[:-1], [len(template.resources) for template in templates]
    )
    gap = 4 * nx * ny + resources[:, 3] * nx + resources[:, 2]
    opened = joined("open")
    source = _Source(
        access_start,
        node_number(joined("node")),
        joined("cost"),
        joined("contact"),
        joined("metal"),
        joined("metal_layer"),
        np.searchsorted(of_access, np.arange(access_start[-1] + 1)),
        np.where(resources[:, 1] == 1, gap, node_number(resources[:, 2:])),
        resources[:, 1],
        starts(len(template.open) for template in templates),
        node_number(opened),
        opened[:, 3],
    )
    return PinTable(*_moved(source, which, corner, nx))


class _Source(NamedTuple):
    """All templates one after another; numbers of nodes and resources as at the origin."""

    start: np.ndarray
    node: np.ndarray
    cost: np.ndarray
    contact: np.ndarray
    metal: np.ndarray
    metal_layer: np.ndarray
    resource_start: np.ndarray
    resource: np.ndarray
    is_gap: np.ndarray
    open_start: np.ndarray
    open: np.ndarray
    open_flags: np.ndarray


@numba.njit(cache=True)
def _counts(source, which):
    """Where each pin's accesses and opened nodes begin, and how many resources there are."""
    start = np.zeros(len(which) + 1, np.int32)
    open_start = np.zeros(len(which) + 1, np.int32)
    resources = 0
    for pin in range(len(which)):
        t = which[pin]
        start[pin + 1] = start[pin] + source.start[t + 1] - source.start[t]
        open_start[pin + 1] = open_start[pin] + source.open_start[t + 1] - source.open_start[t]
        first, end = source.start[t], source.start[t + 1]
        resources += source.resource_start[end] - source.resource_start[first]
    return start, open_start, resources


@numba.njit(cache=True)
def _moved(source, which, corner, nx):
    """The fields of `PinTable`."""
    start, open_start, count = _counts(source, which)
    total = start[-1]
    node, cost = np.empty(total, np.int32), np.empty(total, np.int32)
    x, y = np.full(total, -1, np.int32), np.full(total, -1, np.int32)
    metal, metal_layer = np.zeros((total, 4), np.int32), np.empty(total, np.int32)
    resource_start, resource = np.zeros(total + 1, np.int32), np.empty(count, np.int32)
    opened, flags = np.empty(open_start[-1], np.int32), np.empty(open_start[-1], np.int32)
    count = 0
    for pin in range(len(which)):
        t = which[pin]
        place = corner[pin, 1] // TRACK * nx + corner[pin, 0] // COLUMN
        for k in range(start[pin + 1] - start[pin]):
            a, b = source.start[t] + k, start[pin] + k
            node[b], cost[b] = source.node[a] + 4 * place, source.cost[a]
            if source.contact[a, 0] >= 0:
                x[b] = source.contact[a, 0] + corner[pin, 0]
                y[b] = source.contact[a, 1] + corner[pin, 1]
            metal_layer[b] = source.metal_layer[a]
            if metal_layer[b] >= 0:
                metal[b, 0::2] = source.metal[a, 0::2] + corner[pin, 0]
                metal[b, 1::2] = source.metal[a, 1::2] + corner[pin, 1]
            for r in range(source.resource_start[a], source.resource_start[a + 1]):
                step = 1 if source.is_gap[r] else 4
                resource[count] = source.resource[r] + step * place
                count += 1
            resource_start[b + 1] = count
        for k in range(open_start[pin + 1] - open_start[pin]):
            opened[open_start[pin] + k] = source.open[source.open_start[t] + k] + 4 * place
            flags[open_start[pin] + k] = source.open_flags[source.open_start[t] + k]
    return (
        start, node, cost, x, y, metal, metal_layer, resource_start, resource, open_start, opened,
        flags,
    )  # fmt: skip


@lru_cache(maxsize=1 << 16)
def _cell_template(library: Library, name: str, pin: str, orient: int) -> _Template:
    master, cell = library.masters[name], access_of(library, name)
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
            track += is_gap and orient & 1
            resources.append((number, int(is_gap), column, track, MET1))
    opened = [(*turned(*node), MET1, BLOCKED) for node in sorted(cell.own_wire[pin])]
    opened += [(*turned(*node), MET1, NO_VIA) for node in sorted(cell.own_via[pin])]
    return _Template(
        np.array([(*turned(a.column, a.track), MET1) for a in accesses], np.int64).reshape(-1, 3),
        np.array([a.cost // 10 for a in accesses], np.int64),
        np.array(contacts, np.int64).reshape(-1, 2),
        np.array(metals, np.int64).reshape(-1, 4),
        np.array([MET1 if a.metal is not None else -1 for a in accesses], np.int64),
        np.array(resources, np.int64).reshape(-1, 5),
        np.array(opened, np.int64).reshape(-1, 4),
    )


def _fixed_template(design: Design, instance: int, index: int, nx: int, ny: int) -> _Template:
    """Nodes on a port or a pin of a macro, or else beside it, with the metal that joins them."""
    shapes = _fixed_pin_shapes(design, instance, index)
    nodes = [
        (i, j, layer, metal)
        for layer, rect in shapes
        for i, j, metal in _nodes_of_shape(layer, rect, nx, ny)
    ]
    if any(metal is None for *_, metal in nodes):
        nodes = [node for node in nodes if node[3] is None]
    common = {r for shape in shapes for r in _surroundings(*shape, nx, ny)}
    costs: list[int] = []
    resources: list[tuple[int, ...]] = []
    for number, (_, _, layer, metal) in enumerate(nodes):
        costs.append((metal[2] - metal[0] + metal[3] - metal[1]) // 10 if metal else 0)
        beside = set(_surroundings(layer, metal, nx, ny)) if metal else set()
        for r in sorted(common | beside):
            resources.append((number, 0, (r >> 2) % nx, (r >> 2) // nx, r & 3))
    return _Template(
        np.array([node[:3] for node in nodes], np.int64).reshape(-1, 3),
        np.array(costs, np.int64),
        np.full((len(nodes), 2), -1, np.int64),
        np.array([metal or (0, 0, 0, 0) for *_, metal in nodes], np.int64).reshape(-1, 4),
        np.array([layer if metal else -1 for _, _, layer, metal in nodes], np.int64),
        np.array(resources, np.int64).reshape(-1, 5),
        np.array([(*node[:3], BLOCKED) for node in nodes], np.int64).reshape(-1, 4),
    )


def fixed_metal(design: Design) -> np.ndarray:
    """[n, 6] net, layer, rectangle of every port and every connected pin of a macro."""
    net = design.net_of_pin
    rows = [
        (int(net[pin]), layer, *rect)
        for pin in np.flatnonzero(_is_fixed(design)).tolist()
        for layer, rect in _fixed_pin_shapes(
            design, int(design.pin_instance[pin]), int(design.pin_index[pin])
        )
    ]
    return np.array(rows, np.int32).reshape(-1, 6)


def _node_resources(i: int, j: int, layer: int, nx: int) -> list[int]:
    """What metal at a node takes."""
    at = (j * nx + i) * 4 + layer
    return {0: [at], 1: [at, at + 4 * nx], 2: [at, at + 4], 3: [at]}[layer]


def _fixed_pin_shapes(design: Design, instance: int, index: int) -> list[tuple[int, Rect]]:
    if instance >= 0:
        master = design.master(instance)
        return placed_shapes(design, instance, own_metal(master, master.signal_pins[index]))
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
    half, spacing = node_half(layer), SPACING[layer]
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


@lru_cache(maxsize=4096)
def own_metal(master: Master, pin: Pin) -> list[tuple[str, Rect]]:
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


def placed_shapes(
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


def node_half(layer: int) -> tuple[int, int]:
    """Half size of the least metal a net has at a node: a via pad along the track."""
    return ((160, 70), (70, 160), (165, 165), (165, 165))[layer]
