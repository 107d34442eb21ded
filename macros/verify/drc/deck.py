"""What a rule is written in: layers of one layout, measurements on them, and the markers found.

Distances between small polygons are those of KLayout's checks. Where a layer has large ones, they
are searched among its edges: that takes the same time whatever the polygons' size, where a supply
net as wide as the chip is a neighbour of all. But edges do not hide one another, so what is found
is settled by the polygons around it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import klayout.db as kdb

from macros.technology import layers
from macros.technology.layers import Layer
from macros.technology.rules import rule
from macros.verify.drc.enclosed import OpenCuts

if TYPE_CHECKING:
    from macros.verify.drc.arrays import Hole

__all__ = [
    "PROJECTION",
    "Deck",
    "Marker",
    "Rules",
    "meeting",
    "violations",
    "violations_among_edges",
]

PROJECTION = kdb.Metrics.Projection
LARGE = 30_000
"""Polygons wider or higher than this are searched by their edges, nm; edges take twice the time of
small polygons."""
Found = kdb.Region | kdb.EdgePairs | kdb.Edges


class Marker(NamedTuple):
    """A violation: the rule's name, its place as a box (x0, y0, x1, y1), and its outline, in nm."""

    rule: str
    box: tuple[int, int, int, int]
    outline: tuple[tuple[int, int], ...] = ()


class Deck:
    """One layout under check.

    Parameters
    ----------
    layout, top : what is checked, with a database unit of 1 nm
    open_cuts : the cuts whose enclosure is not known yet, if not all
    hole : a part of the layout of which some layers have been checked and are not read

    Members
    -------
    markers : what was found so far, in the order of the rules, in coordinates of `top`
    checked : names of the rules that were run
    """

    def __init__(
        self,
        layout: kdb.Layout,
        top: kdb.Cell,
        open_cuts: OpenCuts | None = None,
        hole: Hole | None = None,
    ) -> None:
        self.layout, self.top = layout, top
        self._open, self._hole = open_cuts, hole
        self.markers: list[Marker] = []
        self.checked: set[str] = set()
        self._regions: dict[Layer, kdb.Region] = {}

    def read(self, layer: Layer) -> kdb.Region:
        """Everything drawn on a layer, merged; read once."""
        if layer not in self._regions:
            index = self.layout.layer(layer.layer, layer.datatype)
            shapes = self.top.begin_shapes_rec(index)
            wanted = self._wanted(layer)
            if wanted is not None:
                shapes = kdb.RecursiveShapeIterator(self.layout, self.top, index, wanted, False)
            self._regions[layer] = kdb.Region(shapes).merged()
        return self._regions[layer]

    def open_cuts(self, layer: Layer) -> kdb.Region:
        """The cuts of a layer whose enclosure is to be checked, merged."""
        if self._open is None:
            return self.read(layer)
        cuts = self._open.on(layer)
        wanted = self._wanted(layer)
        return cuts if wanted is None else cuts.interacting(wanted)

    def _wanted(self, layer: Layer) -> kdb.Region | None:
        """Where a layer is read; None for everywhere."""
        return self._hole.region(layer, self.top.bbox()) if self._hole else None

    @cached_property
    def nwell(self) -> kdb.Region:
        return self.read(layers.NWELL)

    @cached_property
    def diff(self) -> kdb.Region:
        return self.read(layers.DIFF)

    @cached_property
    def tap(self) -> kdb.Region:
        return self.read(layers.TAP)

    @cached_property
    def active(self) -> kdb.Region:
        return (self.diff + self.tap).merged()

    @cached_property
    def poly(self) -> kdb.Region:
        return self.read(layers.POLY)

    @cached_property
    def licon(self) -> kdb.Region:
        return self.read(layers.LICON)

    @cached_property
    def gate(self) -> kdb.Region:
        return self.poly & self.diff

    @cached_property
    def source_drain(self) -> kdb.Region:
        return self.diff - self.poly

    @cached_property
    def p_diff(self) -> kdb.Region:
        return self.diff & self.nwell

    @cached_property
    def n_diff(self) -> kdb.Region:
        return self.diff - self.nwell

    @cached_property
    def n_tap(self) -> kdb.Region:
        return self.tap & self.nwell

    @cached_property
    def p_tap(self) -> kdb.Region:
        return self.tap - self.nwell

    @cached_property
    def tap_contacts(self) -> kdb.Region:
        return self.licon & self.tap

    @cached_property
    def standard_cells(self) -> kdb.Region:
        return self.read(layers.AREAID_STANDARD_CELL)

    def report(self, name: str, found: Found) -> None:
        """Every polygon, edge or edge pair of `found` is a violation of rule `name`."""
        self.checked.add(name)
        for item in found.each():
            box = item.bbox()
            outline = _outline(item)
            marker = Marker(name, (box.left, box.bottom, box.right, box.top), outline)
            if self._hole is None or not self._hole.covers(marker):
                self.markers.append(marker)

    def width(self, name: str, region: kdb.Region) -> None:
        """Between the edges of one polygon: the large ones are not in the way of the others."""
        large, small = (region.with_bbox_max(LARGE, None, inverse) for inverse in (False, True))
        self.report(name, small.width_check(rule(name)))
        self.report(name, violations("width_check", rule(name), large))

    def space(self, name: str, region: kdb.Region) -> None:
        """Distance between polygons, and across the notches of one."""
        self.report(name, violations("space_check", rule(name), region))

    def apart(self, name: str, one: kdb.Region, other: kdb.Region, **how: Any) -> None:
        """`one` and `other` keep their distance; where they touch or overlap is another rule."""
        self.report(name, violations("separation_check", rule(name), one, other, **how))

    def outside(self, name: str, one: kdb.Region, other: kdb.Region) -> None:
        """`one` and `other` keep their distance and do not overlap."""
        near = _near(other, one, rule(name))
        self.apart(name, one, near)
        self.report(name, one & near)

    def encloses(self, name: str, outer: kdb.Region, inner: kdb.Region) -> None:
        """`inner` lies in `outer`, its edges at least the rule's value from those of `outer`."""
        tight = _leaving(inner, outer, rule(name), rule(name))
        self.report(name, violations("enclosed_check", rule(name), tight, outer))
        self.report(name, tight - outer)

    def encloses_two_sides(self, name: str, outer: kdb.Region, cuts: kdb.Region) -> None:
        """Of any two adjacent sides of a cut, one is enclosed by the rule's value: two edges that
        are not never meet in a corner."""
        for x, y in ((rule(name), 0), (0, rule(name))):
            cuts = _leaving(cuts, outer, x, y)
        sides, rim = cuts.edges(), outer.edges()  # nothing hides a rim seen straight from inside
        found = sides.enclosed_check(rim, rule(name), metrics=PROJECTION)
        self.report(name, cuts.interacting(meeting(found.first_edges()).polygons(1)))

    def area(self, name: str, region: kdb.Region) -> None:
        self.report(name, region.with_area(0, rule(name), False))

    def holes(self, name: str, region: kdb.Region) -> None:
        self.area(name, region.holes())

    def exact_square(self, name: str, cuts: kdb.Region) -> None:
        side, boxes = rule(name), cuts.rectangles()
        self.report(name, cuts.non_rectangles())
        self.report(name, boxes.with_bbox_width(side, True))
        self.report(name, boxes.with_bbox_width(side, False).with_bbox_height(side, True))


Rules = Callable[[Deck], None]
"""A chapter of the deck: runs its rules on a deck and reports into it."""


def _leaving(inner: kdb.Region, outer: kdb.Region, x: int, y: int) -> kdb.Region:
    """The polygons that do not stay in `outer` when they grow by `x` and `y` on both sides, and
    perhaps some near them."""
    return inner.interacting((inner.sized(x, y, 2) - outer).sized(x, y, 2))


def _near(one: kdb.Region, other: kdb.Region, distance: int) -> kdb.Region:
    """The polygons of `one` that come to `other` when they grow, and perhaps some near them."""
    return one.interacting((one.sized(distance) & other).sized(distance))


def meeting(sides: kdb.Edges) -> kdb.EdgePairs:
    """Pairs of sides of one polygon that meet in a convex corner."""
    return sides.width_check(1, ignore_angle=100)


def violations(
    check: str, value: int, one: kdb.Region, *other: kdb.Region, **how: Any
) -> kdb.EdgePairs:
    """What the check of that name of `kdb.Region` finds, fast on large polygons."""
    if all(region.with_bbox_max(LARGE, None, False).is_empty() for region in (one, *other)):
        return getattr(one, check)(*other, value, **how)
    return violations_among_edges(check, value, one, *other, **how)


def violations_among_edges(
    check: str, value: int, one: kdb.Region, *other: kdb.Region, **how: Any
) -> kdb.EdgePairs:
    """The same, found among edges and settled among the polygons around what is found."""
    edges = (region.edges() for region in (one, *other))
    candidates: kdb.EdgePairs = getattr(next(edges), check)(*edges, value, **how)
    if candidates.is_empty():
        return candidates
    spots = candidates.extents(1)
    local, *others = (region & spots.sized(2 * value) for region in (one, *other))
    index, found = kdb.Shapes(), kdb.EdgePairs()
    index.insert(spots)
    for pair in getattr(local, check)(*others, value, **how).each():
        if any(True for _ in index.each_touching(pair.bbox())):  # else at the rim of `local`
            found.insert(pair)
    return found


def _outline(item: kdb.Polygon | kdb.EdgePair | kdb.Edge) -> tuple[tuple[int, int], ...]:
    if isinstance(item, kdb.EdgePair):
        item = item.polygon(0)
    if isinstance(item, kdb.Edge):
        return ((item.x1, item.y1), (item.x2, item.y2))
    return tuple((point.x, point.y) for point in item.each_point_hull())
