"""Where the router may reach each pin of a cell, exactly, and what every choice excludes.

Grid of a cell: column i at x = 230 + 460 i, met1 track j at y = 170 + 340 j, both from the lower
left corner; mirroring a cell maps the grid on itself. An *access* is one contact (mcon) on the li1
of a pin with a rectangle of met1 that leads to a grid node, or a node on met1 the pin already has.

What a rectangle of met1 excludes is expressed in two kinds of resource, each for one net only:
  node (i, j)   metal of met1 at the node, at least half a via pad to both sides along the track
  gap  (i, j)   a pad at node (i, j - 1) or (i, j): two pads on adjacent tracks are too close
Two accesses without a common resource are clean by construction; `conflicts` proves that from the
rectangles themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import klayout.db as kdb

from flow.pnr.cell_library import CellShapes, Library, region_of
from flow.pnr.geometry import Rect, clearance_violated, hull
from flow.pnr.lef import Master, Pin
from flow.pnr.rules import (
    COLUMN,
    COLUMN_X,
    MCON_SPACING,
    MET1,
    SPACING,
    TRACK,
    TRACK_Y,
    VIAS,
    WIDTH,
)
from macros.technology.rules import GRID

__all__ = [
    "Access",
    "CellAccess",
    "Resource",
    "access_of",
    "analyse_cell",
    "conflicts",
    "simultaneous_access",
]

MARGIN = 70  # a shape stays this far inside its cell, so that neighbours never meet it
REACH_X, REACH_Y = 345, 230  # largest shift of a contact from its node
MOST_ACCESSES = 10

PAD = VIAS[0].above
VIA_PAD = VIAS[1].below
HALF = WIDTH[MET1] // 2


Nodes: TypeAlias = frozenset[tuple[int, int]]


class Resource(NamedTuple):
    """A node or a gap of met1, in columns and tracks of the cell."""

    kind: str
    column: int
    track: int


class Access(NamedTuple):
    """Access of a pin at node (column, track): met1 `metal` and the centre of its contact (None
    when the pin has met1 there), the resources taken, and the cost in nm of detour."""

    column: int
    track: int
    contact: tuple[int, int] | None
    metal: Rect | None
    resources: frozenset[Resource]
    cost: int


@dataclass(frozen=True)
class CellAccess:
    """Everything the router knows about a master.

    `pins`: accesses per signal pin, best first. `no_wire`, `no_via`: nodes where met1 of the cell
    leaves no room for a wire, or for a via pad. `no_edge`: nodes that cannot be left towards the
    next column. `own_wire`, `own_via`: access nodes of a pin that only its own met1 blocks, free
    for its own net.
    """

    pins: dict[str, tuple[Access, ...]]
    own_wire: dict[str, Nodes]
    own_via: dict[str, Nodes]
    no_wire: Nodes
    no_via: Nodes
    no_edge: Nodes


@lru_cache(maxsize=4096)
def access_of(library: Library, name: str) -> CellAccess:
    """`analyse_cell` of a cell of a library, once per process."""
    return analyse_cell(library.masters[name], library.shapes(name))


def analyse_cell(master: Master, shapes: CellShapes) -> CellAccess:
    """Pin accesses and obstacles of one standard cell."""
    nets = _met1_by_pin(master, shapes)
    everything = [rect for rects in nets.values() for rect in rects]
    no_wire, no_via, no_edge = _obstacles(master, everything)
    pins: dict[str, tuple[Access, ...]] = {}
    own_wire: dict[str, Nodes] = {}
    own_via: dict[str, Nodes] = {}
    for pin in master.signal_pins:
        mine = nets.get(pin.name, [])
        foreign = [rect for name, rects in nets.items() if name != pin.name for rect in rects]
        pins[pin.name] = tuple(_accesses(master, pin, shapes, mine, foreign))
        wire_blocked, via_blocked, _ = (
            _obstacles(master, foreign) if mine else (no_wire, no_via, None)
        )
        nodes = {(access.column, access.track) for access in pins[pin.name]}
        own_wire[pin.name] = frozenset(nodes & no_wire - wire_blocked)
        own_via[pin.name] = frozenset(nodes & no_via - via_blocked)
    return CellAccess(pins, own_wire, own_via, no_wire, no_via, no_edge)


def conflicts(a: Access, b: Access) -> bool:
    """Whether two accesses of different nets break a rule, from their rectangles alone."""
    if a.metal and b.metal and clearance_violated(a.metal, b.metal, SPACING[MET1]):
        return True
    return bool(a.contact and b.contact and _contacts_too_close(a.contact, b.contact))


def simultaneous_access(cell: CellAccess, pins: list[str]) -> dict[str, Access] | None:
    """One access for each pin so that all nets can leave to met2 at the same time, or None.

    Leaving to met2 takes both gaps at the node and keeps the nodes above and below on met2 free of
    other pins, which is more than a route needs and so a proof that one exists.
    """
    order = sorted(pins, key=lambda name: len(cell.pins[name]))
    chosen: dict[str, Access] = {}

    def extend(depth: int, taken: frozenset[Resource]) -> bool:
        if depth == len(order):
            return True
        name = order[depth]
        for access in cell.pins[name]:
            if (access.column, access.track) in cell.no_via - cell.own_via[name]:
                continue
            needed = access.resources | _via_resources(access.column, access.track)
            if taken & needed:
                continue
            chosen[name] = access
            if extend(depth + 1, taken | needed):
                return True
        return False

    return chosen if extend(0, frozenset()) else None


def _via_resources(column: int, track: int) -> frozenset[Resource]:
    return frozenset(
        Resource(kind, column, track + above)
        for kind, above in (("node", 0), ("gap", 0), ("gap", 1), ("met2", 0), ("met2", 1))
    )


def _met1_by_pin(master: Master, shapes: CellShapes) -> dict[str, list[Rect]]:
    """met1 rectangles of the cell by the pin they belong to; "" for inner nets and rails."""
    region = region_of(shapes.met1)
    result: dict[str, list[Rect]] = {}
    for polygon in region.merged().each():
        piece = kdb.Region(polygon)
        owner = next(
            (
                pin.name
                for pin in master.signal_pins
                for layer, rect in pin.shapes
                if layer == "met1" and piece.interacting(kdb.Region(kdb.Box(*rect))).count()
            ),
            "",
        )
        boxes = piece.decompose_trapezoids_to_region()
        result.setdefault(owner, []).extend(
            (box.left, box.bottom, box.right, box.top) for box in (p.bbox() for p in boxes.each())
        )
    return result


def _obstacles(master: Master, metal: list[Rect]) -> tuple[Nodes, Nodes, Nodes]:
    """Nodes without room for a wire, for a via pad, and edges without room, beside `metal`."""
    no_wire, no_via, no_edge = set(), set(), set()
    for column, track in _nodes(master, border=1):
        node = (column, track)
        if _hits(_around(node, VIA_PAD[0], HALF), metal):
            no_wire.add(node)
            no_via.add(node)
        elif _hits(_around(node, *VIA_PAD), metal):
            no_via.add(node)
        edge = hull(_around(node, HALF, HALF), _around((column + 1, track), HALF, HALF))
        if _hits(edge, metal):
            no_edge.add(node)
    return frozenset(no_wire), frozenset(no_via), frozenset(no_edge)


def _accesses(
    master: Master, pin: Pin, shapes: CellShapes, mine: list[Rect], foreign: list[Rect]
) -> list[Access]:
    """Accesses of a pin, best first; none that another one beats in every respect."""
    found = [
        access
        for access in (*_met1_accesses(master, mine), *_contact_accesses(master, pin, shapes))
        if not _hits_access(access, foreign) and not _leaves_notch(access, mine)
    ]
    found.sort(key=lambda access: (access.cost, access.track, access.column))
    kept: list[Access] = []
    for access in found:
        node = (access.column, access.track)
        if not any(
            node == (other.column, other.track) and other.resources <= access.resources
            for other in kept
        ):
            kept.append(access)
    return kept[:MOST_ACCESSES]


def _contact_accesses(master: Master, pin: Pin, shapes: CellShapes) -> Iterator[Access]:
    """Contacts on the li1 of a pin, on the grid or shifted to where the li1 is."""
    li1 = region_of(rect for layer, rect in pin.shapes if layer == "li1").merged()
    half = VIAS[0].cut // 2
    allowed = li1.sized(
        1 - half
    )  # 1 nm loose, so that a bar as narrow as the contact keeps its axis
    places = [
        part.bbox()
        for way in (kdb.Polygon.TD_simple, kdb.Polygon.TD_htrapezoids)
        for part in allowed.decompose_trapezoids_to_region(way).each()
    ]
    for node in _nodes(master, border=0):
        x0, y0 = _at(node)
        nearest = dict.fromkeys(
            (_clamp(x0, place.left, place.right), _clamp(y0, place.bottom, place.top))
            for place in places
        )
        for x, y in nearest:
            if abs(x - x0) > REACH_X or abs(y - y0) > REACH_Y:
                continue
            if any(
                clearance_violated((x - half, y - half, x + half, y + half), cut, MCON_SPACING)
                for cut in shapes.mcon
            ):
                continue
            pad = (x - PAD[0], y - PAD[1], x + PAD[0], y + PAD[1])
            metal = hull(pad, _around(node, HALF, HALF))
            if metal[0] < MARGIN or metal[2] > master.width - MARGIN:
                continue
            resources = _resources(node, metal)
            shift = abs(x - x0) + abs(y - y0)
            extra = sum(resource.kind == "node" for resource in resources) - 1
            yield Access(*node, (x, y), metal, resources, shift + COLUMN * extra)


def _met1_accesses(master: Master, mine: list[Rect]) -> Iterator[Access]:
    """Nodes whose wire square lies on met1 that the pin already has."""
    own = region_of(mine).merged()
    for node in _nodes(master, border=0) if mine else ():
        square = kdb.Region(kdb.Box(*_around(node, HALF, HALF)))
        if (square - own).is_empty():
            yield Access(*node, None, None, frozenset({Resource("node", *node)}), 0)


def _resources(node: tuple[int, int], metal: Rect) -> frozenset[Resource]:
    """What `metal`, which leads to `node`, excludes for other nets."""
    taken = {Resource("node", *node)}
    near = list(_nodes_near(metal))
    for other in near:
        if clearance_violated(metal, _around(other, VIA_PAD[0], HALF), SPACING[MET1]):
            taken.add(Resource("node", *other))
    nodes = {(resource.column, resource.track) for resource in taken}
    middle = (metal[1] + metal[3]) / 2
    for other in near:
        if other not in nodes and clearance_violated(
            metal, _around(other, *VIA_PAD), SPACING[MET1]
        ):
            column, track = other
            taken.add(Resource("gap", column, track + (_at(other)[1] < middle)))
    for column, track in near:
        ends = {(column, track), (column + 1, track)}
        edge = hull(_around((column, track), HALF, HALF), _around((column + 1, track), HALF, HALF))
        if not ends & nodes and clearance_violated(metal, edge, SPACING[MET1]):
            nodes.add((column, track))
            taken.add(Resource("node", column, track))
    return frozenset(taken)


def _nodes_near(metal: Rect) -> Iterator[tuple[int, int]]:
    """Nodes whose via pad may come too close to `metal`, and one more column to the left."""
    reach_x, reach_y = VIA_PAD[0] + SPACING[MET1], VIA_PAD[1] + SPACING[MET1]
    for track in range(
        (metal[1] - reach_y - TRACK_Y) // TRACK, (metal[3] + reach_y - TRACK_Y) // TRACK + 1
    ):
        for column in range(
            (metal[0] - reach_x - COLUMN_X) // COLUMN - 1,
            (metal[2] + reach_x - COLUMN_X) // COLUMN + 1,
        ):
            yield column, track


def _hits_access(access: Access, metal: list[Rect]) -> bool:
    return access.metal is not None and _hits(access.metal, metal)


def _leaves_notch(access: Access, mine: list[Rect]) -> bool:
    """Whether the access, with or without a via at its node, leaves a notch to the pin's met1."""
    if not mine:
        return False
    metal = region_of(mine)
    if access.metal:
        metal.insert(kdb.Box(*access.metal))
    node = (access.column, access.track)
    with_via = metal + kdb.Region(kdb.Box(*_around(node, *VIA_PAD)))
    return any(region.merged().space_check(SPACING[MET1]).count() for region in (metal, with_via))


def _hits(rect: Rect, metal: list[Rect]) -> bool:
    return any(clearance_violated(rect, other, SPACING[MET1]) for other in metal)


def _contacts_too_close(a: tuple[int, int], b: tuple[int, int]) -> bool:
    half = VIAS[0].cut // 2
    rects = [(x - half, y - half, x + half, y + half) for x, y in (a, b)]
    return clearance_violated(rects[0], rects[1], MCON_SPACING)


def _nodes(master: Master, border: int) -> Iterator[tuple[int, int]]:
    for track in range(-border, master.height // TRACK + border):
        for column in range(-border, master.width // COLUMN + border):
            yield column, track


def _at(node: tuple[int, int]) -> tuple[int, int]:
    return COLUMN_X + COLUMN * node[0], TRACK_Y + TRACK * node[1]


def _around(node: tuple[int, int], half_width: int, half_height: int) -> Rect:
    x, y = _at(node)
    return x - half_width, y - half_height, x + half_width, y + half_height


def _clamp(value: int, low: int, high: int) -> int:
    """`value` brought into [low, high] on the manufacturing grid."""
    low, high = -(-low // GRID) * GRID, high // GRID * GRID
    return min(max(value, low), high)
