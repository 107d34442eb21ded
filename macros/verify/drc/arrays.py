"""The inside of a large regular array (of bit cells), checked on a few of its cells.

Where every layer repeats with the pitch of the array, what the rules say at one place they say at
all places a pitch apart. So the deck runs on one window of the array; when that is clean, the
layers that repeat are left out of the layout's own check, but for a rim. An array that is not
clean or does not repeat is checked like everything else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import klayout.db as kdb

from macros.technology import layers
from macros.technology.layers import Layer
from macros.verify.drc.deck import Marker
from macros.verify.drc.emptied import RIM, below, is_of, rim_of
from macros.verify.drc.grid import DRAWN, PINS

__all__ = ["Hole", "find_hole"]

MANY = 1_000
"""Cells that make an array worth it."""
READ = (*DRAWN, layers.AREAID_STANDARD_CELL)
"""What the rules look at."""


class Hole(NamedTuple):
    """Where `layers` have been checked: at every place in `box`."""

    box: kdb.Box
    layers: frozenset[Layer]

    def region(self, layer: Layer, around: kdb.Box) -> kdb.Region | None:
        """Where a layer is still needed; None for everywhere."""
        if layer not in self.layers:
            return None
        return kdb.Region(around) - kdb.Region(self.box.enlarged(-rim_of(layer)))

    def covers(self, marker: Marker) -> bool:
        """Whether a marker lies where its rule has been checked."""
        judged = is_of(marker.rule, self.layers) and not marker.rule.startswith("x_")
        return judged and kdb.Box(*marker.box).touches(self.box)


class _Array(NamedTuple):
    cell: kdb.Cell
    box: kdb.Box
    pitch: tuple[int, int]


def find_hole(
    layout: kdb.Layout,
    top: kdb.Cell,
    places: Mapping[int, Sequence[kdb.Trans]],
    check: Callable[[kdb.Layout, kdb.Cell], Iterable[Marker]],
) -> Hole | None:
    """The checked inside of the largest array among the `places` of small cells, if any. `check`
    gives what is wrong in a window; no rule may reach farther than the rim."""
    number = max(places, key=lambda n: len(places[n]), default=None)
    if number is None or len(places[number]) < MANY:
        return None
    cell = layout.cell(number)
    array = _lattice(cell, places[number])
    if array is None or _stands_elsewhere(layout, top, cell, places[number]):
        return None
    size = [2 * RIM + 3 * pitch for pitch in array.pitch]
    if size[0] > array.box.width() or size[1] > array.box.height():
        return None
    irregular = [layer for layer in READ if not _repeats(layout, top, layer, array)]
    emptied = frozenset(below(irregular))
    pins = [pin for pin, metal in PINS if metal in emptied]
    if any(not _shapes(layout, top, pin, array.box).is_empty() for pin in pins):
        return None
    low = array.box.p1
    window = kdb.Box(low, low + kdb.Vector(*size))
    part, piece = _cut_out(layout, top, window)
    inside = window.enlarged(-RIM)
    for marker in check(part, piece):
        grid = marker.rule.startswith("x_")
        if (grid or is_of(marker.rule, emptied)) and kdb.Box(*marker.box).touches(inside):
            return None
    return Hole(array.box.enlarged(-RIM), emptied) if emptied else None


def _lattice(cell: kdb.Cell, places: Sequence[kdb.Trans]) -> _Array | None:
    """Whether a cell stands at every place of a lattice, with the same pitch in each orientation;
    the array without its outermost cells."""
    whole = {(place.rot, place.disp.x, place.disp.y) for place in places}
    turn, _ = Counter(rot for rot, _, _ in whole).most_common(1)[0]
    pitch = []
    for axis in (1, 2):
        values = sorted({place[axis] for place in whole if place[0] == turn})
        pitch.append(min((b - a for a, b in pairwise(values)), default=0))
    if not all(pitch):
        return None
    box = kdb.Box()
    for place in places:
        box += place * cell.bbox()
    core = box.enlarged(-pitch[0], -pitch[1])
    steps = ((pitch[0], 0), (0, pitch[1]), (-pitch[0], 0), (0, -pitch[1]))
    for rot, x, y in whole:
        spot = kdb.Trans(rot % 4, rot >= 4, x, y) * cell.bbox()
        for dx, dy in steps if spot.touches(core) else ():
            if spot.moved(dx, dy).touches(core) and (rot, x + dx, y + dy) not in whole:
                return None
    return _Array(cell, core, (pitch[0], pitch[1]))


def _stands_elsewhere(
    layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell, places: Sequence[kdb.Trans]
) -> bool:
    """Whether a cell is placed more often, which is within another small cell."""
    instances = kdb.RecursiveInstanceIterator(layout, top)
    instances.targets = [cell.cell_index()]
    return sum(1 for _ in instances.each()) != len(places)


def _repeats(layout: kdb.Layout, top: kdb.Cell, layer: Layer, array: _Array) -> bool:
    """Whether what others than the array's cells draw over it repeats with its pitch."""
    drawn = _shapes(layout, top, layer, array.box, array.cell) & kdb.Region(array.box)
    for step in (kdb.Vector(array.pitch[0], 0), kdb.Vector(0, array.pitch[1])):
        first = kdb.Region(array.box & array.box.moved(-step))
        moved = (drawn & first).moved(step)
        if not (moved ^ (drawn & first.moved(step))).is_empty():
            return False
    return True


def _shapes(
    layout: kdb.Layout, top: kdb.Cell, layer: Layer, box: kdb.Box, but: kdb.Cell | None = None
) -> kdb.Region:
    shapes = kdb.RecursiveShapeIterator(layout, top, layout.layer(*layer), box, True)
    if but is not None:
        shapes.unselect_cells([but.cell_index()])
    region = kdb.Region()
    region.insert(shapes)
    return region


def _cut_out(layout: kdb.Layout, top: kdb.Cell, window: kdb.Box) -> tuple[kdb.Layout, kdb.Cell]:
    """A layout of what lies in a window."""
    part = kdb.Layout()
    cell = part.create_cell(top.name)
    for layer in READ:
        region = _shapes(layout, top, layer, window).merged() & kdb.Region(window)
        cell.shapes(part.layer(*layer)).insert(region)
    return part, cell
