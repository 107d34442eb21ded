"""Where macros stand when nobody says: packed into shelves at the bottom and the top of the core.

All macros of a shelf stand side by side, pins towards the cells in the middle where they can. A
channel on each side holds the halo and a track for every pin on that side, so that each pin can be
left and a wire can go round; towards the cells, where rows follow, a track for every fourth pin is
enough (`channels`). `on_grid`
then moves a macro by less than a track, so that wires meet its pins.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from flow.pnr.geometry import ORIENTATIONS, placed
from flow.pnr.lef import Master
from flow.pnr.rules import COLUMN, COLUMN_X, ROW, SITE, TRACK, TRACK_Y

__all__ = ["Arrangement", "arrange", "channels", "on_grid", "pins_by_side"]

PIN_TRACK = 680
"""Width of channel for each pin on a side, nm: a track of met3, or more than one of met2."""
LEAST_STRIP = 150_000
"""A strip of rows beside the macros must be this wide: a narrower one ends in a bottleneck at the
corner of the macro, where all wires from one side to the other pass."""


class Arrangement(NamedTuple):
    """Width and height of the core in nm, and (x, y, orientation) of each macro's lower left corner
    from the corner of the core."""

    width: int
    height: int
    places: list[tuple[int, int, str]]


class _Shelf(NamedTuple):
    """Macros side by side: `x` of each, `width` with all channels, `height` of the tallest, and the
    channels below and above."""

    members: list[int]
    x: list[int]
    width: int
    height: int
    below: int
    above: int


def pins_by_side(master: Master, orient: int) -> tuple[int, int, int, int]:
    """Signal pins on the west, north, east and south side of a master so turned."""
    counts = [0, 0, 0, 0]
    for pin in master.signal_pins:
        for _, rect in pin.shapes[:1]:
            x0, y0, x1, y1 = placed(rect, orient, master.width, master.height, 0, 0)
            distances = (x0, master.height - y1, master.width - x1, y0)
            counts[distances.index(min(distances))] += 1
    return counts[0], counts[1], counts[2], counts[3]


def channels(master: Master, orient: int) -> tuple[int, int, int, int]:
    """Room for wires in nm on the west, north, east and south side of a macro so turned, beyond its
    halo: half of the wires go to either side, and each runs along half of its way."""
    west, north, east, south = (PIN_TRACK * pins // 4 for pins in pins_by_side(master, orient))
    return west, north, east, south


def on_grid(master: Master, orient: int, x: int, y: int) -> tuple[int, int]:
    """The corner (x, y) of a macro moved right by less than two columns and up by less than two
    tracks, so that as many pins as may be have their centre on a track of their layer: met2 and
    met4 tracks count across, met1 and met3 tracks up."""
    across: Counter[int] = Counter()
    up: Counter[int] = Counter()
    for pin in master.signal_pins:
        for layer, rect in pin.shapes[:1]:
            x0, y0, x1, y1 = placed(rect, orient, master.width, master.height, x, y)
            if layer in ("met2", "met4"):
                _vote(across, COLUMN_X - (x0 + x1) // 2, COLUMN, layer == "met2")
            elif layer in ("met1", "met3"):
                _vote(up, TRACK_Y + TRACK - (y0 + y1) // 2, TRACK, layer == "met1")
    return x + _winner(across), y + _winner(up)


def _vote(votes: Counter[int], shift: int, pitch: int, every_track: bool) -> None:
    """A pin's vote for the shift that brings it to a track; upper layers use every second one."""
    votes[shift % (2 * pitch)] += 1
    if every_track:
        votes[(shift + pitch) % (2 * pitch)] += 1


def _winner(votes: Counter[int]) -> int:
    return min(votes, key=lambda shift: (-votes[shift], shift), default=0)


def arrange(macros: Sequence[Master], cells: float, aspect: float, halo: int) -> Arrangement:
    """Place macros in a core that also has rows for `cells` nm2 (already over the utilisation), as
    near as may be to the aspect ratio (height / width).

    Every number of macros per shelf is tried; the core nearest to the aspect ratio wins, the
    smaller one of two.
    """
    candidates = (
        _fit(macros, per_shelf, cells, aspect, halo) for per_shelf in range(1, len(macros) + 1)
    )
    return min(
        candidates,
        key=lambda c: (
            c.width * c.height * (1 + abs(math.log(c.height / c.width / aspect))),
            c.width,
        ),
    )


def _fit(
    macros: Sequence[Master], per_shelf: int, cells: float, aspect: float, halo: int
) -> Arrangement:
    order = sorted(range(len(macros)), key=lambda k: -macros[k].height)
    groups = [order[k : k + per_shelf] for k in range(0, len(order), per_shelf)]
    bottom = [_shelf(macros, group, True, halo) for group in groups[0::2]]
    top = [_shelf(macros, group, False, halo) for group in groups[1::2]]
    shelves = bottom + top
    inner = max(shelf.width for shelf in shelves)
    heights = sum(shelf.height + shelf.below + shelf.above for shelf in shelves)
    total = cells + inner * heights
    width = max(inner, math.sqrt(total / aspect))
    strip = width - inner
    if strip < LEAST_STRIP or strip * heights > cells:
        width = inner
    width = math.ceil(width / SITE) * SITE
    height = math.ceil(max(heights, total_height(width, inner, heights, cells)) / ROW) * ROW
    places: list[tuple[int, int, str]] = [(0, 0, "N")] * len(macros)
    y = 0
    for shelf in bottom:
        y += shelf.below
        _put(places, macros, shelf, _down(y, ROW), True)
        y += shelf.height + shelf.above
    y = height
    for shelf in top:
        y -= shelf.above + shelf.height
        _put(places, macros, shelf, _down(y, ROW), False)
        y -= shelf.below
    return Arrangement(width, height, places)


def total_height(width: int, inner: int, heights: int, cells: float) -> float:
    """Height of a core whose rows, beside and between the shelves, offer `cells` nm2."""
    beside = (width - inner) * heights
    return heights + max(0.0, cells - beside) / width


def _shelf(macros: Sequence[Master], group: list[int], at_bottom: bool, halo: int) -> _Shelf:
    xs: list[int] = []
    x = 0
    sides = [pins_by_side(macros[k], _turn(macros[k], at_bottom)) for k in group]
    before = 0
    for k, (west, _, east, _) in zip(group, sides, strict=True):
        x += _up(before + halo + PIN_TRACK * west, SITE)
        xs.append(x)
        x += _up(macros[k].width, SITE)
        before = halo + PIN_TRACK * east
    x += _up(before, SITE)
    outer = max(halo + PIN_TRACK * side[3 if at_bottom else 1] for side in sides)
    facing = 1 if at_bottom else 3
    inner = halo + max(channels(macros[k], _turn(macros[k], at_bottom))[facing] for k in group)
    below, above = (outer, inner) if at_bottom else (inner, outer)
    height = max(macros[k].height for k in group)
    return _Shelf(group, xs, x, _up(height, ROW), _up(below, ROW), _up(above, ROW))


def _put(
    places: list[tuple[int, int, str]],
    macros: Sequence[Master],
    shelf: _Shelf,
    y: int,
    at_bottom: bool,
) -> None:
    for k, x in zip(shelf.members, shelf.x, strict=True):
        drop = 0 if not at_bottom else shelf.height - macros[k].height
        places[k] = (x, y + _down(drop, ROW), ORIENTATIONS[_turn(macros[k], at_bottom)])


def _turn(master: Master, at_bottom: bool) -> int:
    """The orientation with most pins towards the cells and fewest towards the edge, of those most
    towards the east, where a strip of rows may be."""

    def merit(orient: int) -> tuple[int, int, int]:
        west, north, east, south = pins_by_side(master, orient)
        towards, away = (north, south) if at_bottom else (south, north)
        return towards - away, east - west, -orient

    return max(range(4), key=merit)


def _up(value: int, step: int) -> int:
    return -(-value // step) * step


def _down(value: int, step: int) -> int:
    return value // step * step
