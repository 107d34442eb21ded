"""Flat extraction of a whole macro, in seconds: transistors and nets from rectangles.

KLayout's extractor keeps the hierarchy and needs many minutes for 100,000 transistors whose wells
lie in the top cell. Here every conductor is cut into rectangles, and a union-find joins those that
touch, found through bins of BIN nm: each is compared with the others of its bins. What connects
and what is a transistor is the same as in `macros.verify.extract`; a test holds the two against
each other.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import klayout.db as kdb
import numba
import numpy as np
import numpy.typing as npt

from macros.disjoint import join, root
from macros.technology import layers
from macros.technology.layers import Layer
from macros.technology.rules import GRID
from macros.verify.extract import DEVICE_PREFIX, STACK, layers_name

__all__ = ["NOWHERE", "Extraction", "Transistor", "extract_flat", "joined"]

BIN = 2_000
SUBSTRATE_NODE = 0
NOWHERE = -1
"""The net of a label that lies on no metal."""

Boxes = npt.NDArray[np.int64]
"""[n, 4]: left, bottom, right, top in nm."""


@dataclass(frozen=True)
class Transistor:
    """A transistor: nets by number, sizes in nm."""

    model: str
    gate: int
    ends: tuple[int, int]
    bulk: int
    length: int
    width: int


@dataclass(frozen=True)
class Extraction:
    """The circuit of a layout.

    Members
    -------
    transistors : sorted, parallel ones joined
    pins : label in the top cell -> nets that it lies on, one in a good layout
    diffusion_areas : net -> nm2 of source and drain on it
    oddities : what is neither transistor nor pin, one sentence each
    stubs : ends of diffusion under poly within the foundry's core cells, no transistors
    """

    transistors: tuple[Transistor, ...]
    pins: dict[str, frozenset[int]]
    diffusion_areas: dict[int, int]
    oddities: tuple[str, ...]
    stubs: int = 0

    @cached_property
    def gate_areas(self) -> dict[int, int]:
        """Net -> nm2 of gate on it."""
        found: Counter[int] = Counter()
        for device in self.transistors:
            found[device.gate] += device.width * device.length
        return found

    @cached_property
    def nets(self) -> frozenset[int]:
        """Every net that a transistor is on."""
        return frozenset(net for d in self.transistors for net in (d.gate, d.bulk, *d.ends))


class _Nets:
    """Rectangles of every layer, joined into nets as layers are connected."""

    def __init__(self, core: kdb.Region) -> None:
        self.core = core
        self.boxes: dict[str, Boxes] = {}
        self.start: dict[str, int] = {}
        self.parent = np.full(1, SUBSTRATE_NODE)

    def add(self, name: str, region: kdb.Region) -> None:
        """A layer: its rectangles, those that touch joined."""
        self.boxes[name] = _rectangles(name, region, self.core)
        self.start[name] = len(self.parent)
        self.parent = np.append(self.parent, self.start[name] + np.arange(len(self.boxes[name])))
        self.connect(name, name)

    def connect(self, one: str, other: str) -> None:
        """Join what touches of two layers."""
        pairs = (self.boxes[one], self.start[one], self.boxes[other], self.start[other])
        _join(self.parent, *pairs)

    def tie_to_substrate(self, name: str) -> None:
        for node in range(self.start[name], self.start[name] + len(self.boxes[name])):
            join(self.parent, node, SUBSTRATE_NODE)

    def substrate(self) -> int:
        return int(root(self.parent, SUBSTRATE_NODE))

    def of(self, name: str) -> list[int]:
        """Net of each rectangle of a layer."""
        start = self.start[name]
        return [int(root(self.parent, start + k)) for k in range(len(self.boxes[name]))]

    def touching(self, name: str, box: kdb.Box) -> Iterator[tuple[kdb.Box, int]]:
        """Rectangles of a layer that touch a box, with their nets."""
        x0, y0, x1, y1 = self.boxes[name].T
        hit = (x0 <= box.right) & (x1 >= box.left) & (y0 <= box.top) & (y1 >= box.bottom)
        for k in np.flatnonzero(hit):
            yield (
                kdb.Box(*map(int, self.boxes[name][k])),
                int(root(self.parent, self.start[name] + k)),
            )


def extract_flat(layout: kdb.Layout, top: kdb.Cell) -> Extraction:
    """Extract `top`. Raises RuntimeError for a conductor with slanted edges."""

    def read(layer: Layer) -> kdb.Region:
        region = kdb.Region(top.begin_shapes_rec(layout.layer(*layer)))
        region.merged_semantics = False  # overlaps do no harm, merging costs
        return region

    diff, tap, poly, nwell = (read(x) for x in (layers.DIFF, layers.TAP, layers.POLY, layers.NWELL))
    core = read(layers.AREAID_CORE).merged()
    nets = _Nets(core)
    nets.add("licon", read(layers.LICON))
    for name, region in (
        ("poly", poly),
        ("source_drain", diff - poly),
        ("n_tap", tap & nwell),
        ("p_tap", tap - nwell),
    ):
        nets.add(name, region)
        nets.connect(name, "licon")
    nets.add("nwell", nwell)
    nets.connect("nwell", "n_tap")
    nets.tie_to_substrate("p_tap")
    below = "licon"
    for wire, _, cut in STACK:
        metal = layers_name(wire)
        nets.add(metal, read(wire))
        nets.connect(metal, below)
        if cut is not None:
            below = layers_name(cut)
            nets.add(below, read(cut))
            nets.connect(below, metal)
    transistors, oddities, stubs = _transistors(nets, diff & poly, read(layers.HVTP))
    pins = _pins(layout, top, nets)
    areas: Counter[int] = Counter()
    for net, (x0, y0, x1, y1) in zip(
        nets.of("source_drain"), nets.boxes["source_drain"].tolist(), strict=True
    ):
        areas[net] += (x1 - x0) * (y1 - y0)
    return Extraction(transistors, pins, dict(areas), oddities, stubs)


def _transistors(
    nets: _Nets, gates: kdb.Region, hvtp: kdb.Region
) -> tuple[tuple[Transistor, ...], tuple[str, ...], int]:
    """Each gate with what lies on its sides, parallel ones joined; what is none; how many stubs."""
    found, oddities, stubs = [], [], 0
    boxes = _rectangles("gate", gates, nets.core)
    poly, ends = _by_first(boxes, nets, "poly"), _by_first(boxes, nets, "source_drain")
    wells = _by_first(boxes, nets, "nwell")
    high, special = (
        set(_touching(boxes, _rectangles("mark", mark, nets.core), True)[:, 0].tolist())
        for mark in (hvtp, nets.core)
    )
    for k, gate in enumerate(boxes.tolist()):
        sides = _sides(gate, ends[k])
        if k in special and len(ends[k]) < 2:
            stubs += 1
            continue
        if sides is None or not poly[k]:
            oddities.append(f"the gate at {gate} nm has not one end on either side")
            continue
        width, length, pair = sides
        if wells[k]:
            model = "pfet_01v8_hvt" if k in high else "pfet_01v8"
            bulk = wells[k][0][1]
        else:
            model, bulk = "nfet_01v8", nets.substrate()
        if k in special:
            model = f"special_{model[:4]}"
        found.append(Transistor(DEVICE_PREFIX + model, poly[k][0][1], pair, bulk, length, width))
    return tuple(joined(found)), tuple(oddities), stubs


def joined(devices: Iterable[Transistor]) -> list[Transistor]:
    """Parallel transistors as one of their whole width."""
    widths: Counter[tuple[str, int, tuple[int, int], int, int]] = Counter()
    for one in devices:
        low, high = sorted(one.ends)
        widths[one.model, one.gate, (low, high), one.bulk, one.length] += one.width
    return [Transistor(*key, width) for key, width in sorted(widths.items())]


Touched = list[tuple[list[int], int]]
"""Rectangles (x0, y0, x1, y1) and their nets."""


def _sides(gate: list[int], touched: Touched) -> tuple[int, int, tuple[int, int]] | None:
    """Width, length and the nets of both ends of a gate; None unless diffusion covers exactly two
    opposite sides of it, each with one net."""
    x0, y0, x1, y1 = gate
    found: dict[str, tuple[set[int], int]] = {}
    for (left, bottom, right, top), net in touched:
        tall, wide = min(y1, top) - max(y0, bottom), min(x1, right) - max(x0, left)
        for side, meets, contact in (
            ("left", right == x0, tall),
            ("right", left == x1, tall),
            ("bottom", top == y0, wide),
            ("top", bottom == y1, wide),
        ):
            if meets and contact > 0:
                nets, total = found.get(side, (set(), 0))
                found[side] = (nets | {net}, total + contact)
    for pair, width, length in (
        (("left", "right"), y1 - y0, x1 - x0),
        (("bottom", "top"), x1 - x0, y1 - y0),
    ):
        if set(found) == set(pair) and all(
            len(nets) == 1 and total == width for nets, total in found.values()
        ):
            low, high = sorted(next(iter(found[side][0])) for side in pair)
            return width, length, (low, high)
    return None


def _by_first(boxes: Boxes, nets: _Nets, name: str) -> dict[int, Touched]:
    """What of a layer touches each box."""
    found: dict[int, Touched] = defaultdict(list)
    rectangles, owners = nets.boxes[name].tolist(), nets.of(name)
    for k, other in _touching(boxes, nets.boxes[name], name != "source_drain").tolist():
        found[k].append((rectangles[other], owners[other]))
    return found


def _pins(layout: kdb.Layout, top: kdb.Cell, nets: _Nets) -> dict[str, frozenset[int]]:
    """Nets under each label of the top cell."""
    found: dict[str, set[int]] = defaultdict(set)
    for wire, label, _ in STACK:
        for shape in top.shapes(layout.layer(*label)).each():
            if shape.is_text():
                place = shape.text.trans.disp
                point = kdb.Box(place.x, place.y, place.x, place.y)
                below = {net for _, net in nets.touching(layers_name(wire), point)}
                found[shape.text_string] |= below or {NOWHERE}
    return {name: frozenset(under) for name, under in sorted(found.items())}


def _rectangles(name: str, region: kdb.Region, core: kdb.Region) -> Boxes:
    """What a layer covers. Only in the foundry's core may edges be slanted; there each slice of a
    step of the grid is as wide as the shape is everywhere in it."""
    found = []
    for polygon in region.decompose_trapezoids_to_region().each():
        box = polygon.bbox()
        if polygon.is_box():
            found.append((box.left, box.bottom, box.right, box.top))
        elif (kdb.Region(polygon) - core).is_empty():
            found += _slices(polygon)
        else:
            raise RuntimeError(f"{name} has a slanted edge at {box}")
    return np.array(found, np.int64) if found else np.zeros((0, 4), np.int64)


def _slices(trapezoid: kdb.Polygon) -> Iterator[tuple[int, int, int, int]]:
    """Rectangles of one step of the grid in height, within a trapezoid that lies on its base."""
    box = trapezoid.bbox()
    points = list(trapezoid.each_point_hull())
    low = [p.x for p in points if p.y == box.bottom]
    high = [p.x for p in points if p.y == box.top]
    for y in range(box.bottom, box.top, GRID):
        steps = [(y + step - box.bottom) / box.height() for step in (0, min(GRID, box.top - y))]
        left = max(min(low) + (min(high) - min(low)) * step for step in steps)
        right = min(max(low) + (max(high) - max(low)) * step for step in steps)
        if left < right:
            yield math.ceil(left), y, math.floor(right), min(y + GRID, box.top)


def _join(parent: Boxes, first: Boxes, first_start: int, second: Boxes, second_start: int) -> None:
    _unite(parent, _touching(first, second, False) + np.array([first_start, second_start]))


@numba.njit(cache=True)
def _unite(parent, pairs):
    for k in range(len(pairs)):
        join(parent, pairs[k, 0], pairs[k, 1])


@numba.njit(cache=True)
def _touching(first, second, overlap):
    """Pairs (index in first, index in second) of boxes with a common edge or area (with `overlap`,
    area only), each once: in the bin of the lower left corner of what they have in common."""
    found = [(0, 0) for _ in range(0)]
    if len(first) and len(second):
        left, bottom = first[:, 0].min() // BIN, first[:, 1].min() // BIN
        columns = first[:, 2].max() // BIN - left + 1
        rows = first[:, 3].max() // BIN - bottom + 1
        start, members = _bins(second, left, bottom, columns, rows)
        for k in range(len(first)):
            x0, y0, x1, y1 = first[k]
            for x in range(x0 // BIN, x1 // BIN + 1):
                for y in range(y0 // BIN, y1 // BIN + 1):
                    at = (x - left) * rows + y - bottom
                    for other in members[start[at] : start[at + 1]]:
                        low_x, low_y = max(x0, second[other, 0]), max(y0, second[other, 1])
                        if low_x // BIN != x or low_y // BIN != y:
                            continue
                        wide, tall = (
                            min(x1, second[other, 2]) - low_x,
                            min(y1, second[other, 3]) - low_y,
                        )
                        if wide < 0 or tall < 0 or wide + tall == 0:
                            continue
                        if wide * tall or not overlap:
                            found.append((k, other))
    pairs = np.zeros((len(found), 2), np.int64)
    for k in range(len(found)):
        pairs[k, 0], pairs[k, 1] = found[k]
    return pairs


@numba.njit(cache=True)
def _bins(boxes, left, bottom, columns, rows):
    """A counting sort: members[start[b] : start[b + 1]] are the boxes in bin b of a window."""
    start = np.zeros(columns * rows + 1, np.int64)
    members = np.zeros(0, np.int64)
    used = start
    for fill in range(2):
        if fill:
            start = np.cumsum(start)
            members, used = np.zeros(start[-1], np.int64), start[:-1].copy()
        for k in range(len(boxes)):
            x0, y0 = max(boxes[k, 0] // BIN - left, 0), max(boxes[k, 1] // BIN - bottom, 0)
            x1 = min(boxes[k, 2] // BIN - left, columns - 1)
            y1 = min(boxes[k, 3] // BIN - bottom, rows - 1)
            for x in range(x0, x1 + 1):
                for y in range(y0, y1 + 1):
                    at = x * rows + y
                    if fill:
                        members[used[at]] = k
                        used[at] += 1
                    else:
                        start[at + 1] += 1
    return start, members
