"""A window of a routed design as conductors for the field solver: the wires and vias of all nets,
supplies, and everything inside cells and macros down to diffusion.

Conductor numbers: what is not a signal net, all at one potential, then the net that is asked for
(inside of the inner window), the rest of it (outside, and its pins), then other nets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import klayout.db as kdb
import numpy as np

from flow.pnr.design import Design
from flow.pnr.geometry import Rect, placed
from flow.pnr.power import supply_shapes, via_cuts
from flow.pnr.route.shapes import metal_rectangles
from flow.pnr.rules import CUTS as CUT_NAMES
from flow.pnr.rules import LAYERS, VIAS
from macros.technology import layers
from verification.field import stack
from verification.field.laplace import Grid, charges, lines

__all__ = ["NetCharge", "Shape", "shapes_in", "solve"]

STILL, NET, REST, OTHERS = 1, 2, 3, 4
CELL_LAYERS = {
    "diff": layers.DIFF,
    "poly": layers.POLY,
    "licon": layers.LICON,
    "li1": layers.LI1,
    "mcon": layers.MCON,
    "met1": layers.MET1,
    "via": layers.VIA,
    "met2": layers.MET2,
    "via2": layers.VIA2,
    "met3": layers.MET3,
    "via3": layers.VIA3,
    "met4": layers.MET4,
}


class Shape(NamedTuple):
    """A box of a conductor: `level` as in `stack.LEVELS` or `stack.CUTS`."""

    conductor: int
    level: str
    rect: Rect


class NetCharge(NamedTuple):
    """fF of the net inside the inner window: in all, and to each other net (of all of the net)."""

    total: float
    nets: dict[int, float]
    nodes: int


def shapes_in(design: Design, net: int, outer: Rect, inner: Rect) -> list[Shape]:
    """All conductors in `outer`; what of the net lies in `inner` is conductor `NET`."""
    found = [Shape(STILL, *shape) for shape in _supplies(design)]
    for k in _instances_in(design, outer):
        pins = _pins_of(design, net, k)
        for level, rect in _cell_shapes(design, k, outer):
            own = any(level == on and _overlap(rect, pin) for on, pin in pins)
            found.append(Shape(REST if own else STILL, level, rect))
    for number, level, rect in _routed(design):
        if not _overlap(rect, outer):
            continue
        if number != net:
            found.append(Shape(OTHERS + number, level, rect))
            continue
        inside = _common(rect, inner)
        if inside is None or inside != rect:
            found.append(Shape(REST, level, rect))
        if inside is not None:
            found.append(Shape(NET, level, inside))
    return [
        Shape(shape.conductor, shape.level, clipped)
        for shape in found
        if (clipped := _common(shape.rect, outer)) is not None
    ]


def _routed(design: Design) -> Iterator[tuple[int, str, Rect]]:
    for net, layer, x0, y0, x1, y1 in metal_rectangles(design.routes).tolist():
        yield net, LAYERS[layer], (x0, y0, x1, y1)
    for net, kind, x, y in design.routes.vias.tolist():
        half = VIAS[kind].cut // 2
        yield net, CUT_NAMES[kind], (x - half, y - half, x + half, y + half)


def _supplies(design: Design) -> Iterator[tuple[str, Rect]]:
    for layer, rect in supply_shapes(design.supplies):
        yield LAYERS[layer], rect
    for supply in design.supplies:
        if supply.kind == "via":
            for cut in via_cuts(supply)[0]:
                yield CUT_NAMES[supply.layer], cut


def _instances_in(design: Design, box: Rect) -> list[int]:
    width, height = design.sizes()
    inside = (design.x < box[2]) & (design.x + width > box[0])
    inside &= (design.y < box[3]) & (design.y + height > box[1])
    return np.flatnonzero(inside).tolist()


def _cell_shapes(design: Design, instance: int, box: Rect) -> Iterator[tuple[str, Rect]]:
    """What the GDS of a cell holds in a box of the chip."""
    master = design.master(instance)
    layout = design.cell_library.layout
    cell = layout.cell(master.name)
    where = (master.width, master.height, int(design.x[instance]), int(design.y[instance]))
    orient = int(design.orient[instance])
    x0, y0 = where[2:]
    shifted = (box[0] - x0, box[1] - y0, box[2] - x0, box[3] - y0)
    local = kdb.Box(*placed(shifted, orient, where[0], where[1], 0, 0))
    for level, gds in CELL_LAYERS.items():
        index = layout.find_layer(*gds)
        if index is None:
            continue
        region = kdb.Region(cell.begin_shapes_rec_touching(index, local)).merged()
        for part in region.decompose_trapezoids_to_region().each():
            b = part.bbox()
            yield level, placed((b.left, b.bottom, b.right, b.top), orient, *where)


def _pins_of(design: Design, net: int, instance: int) -> list[tuple[str, Rect]]:
    """Shapes of the pins of an instance that the net is on."""
    master = design.master(instance)
    where = (master.width, master.height, int(design.x[instance]), int(design.y[instance]))
    return [
        (layer, placed(rect, int(design.orient[instance]), *where))
        for k, index in design.net_pins(net)
        if k == instance
        for layer, rect in master.signal_pins[index].shapes
    ]


def _overlap(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _common(a: Rect, b: Rect) -> Rect | None:
    found = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return found if found[0] < found[2] and found[1] < found[3] else None


def solve(shapes: list[Shape], outer: Rect, inner: Rect, step: float = 0.07) -> NetCharge:
    """The field in a window: grid lines at every edge of a routing layer in and near the inner
    window, at most `step` um apart there, and twice that towards the border."""
    axes = [
        _axis(
            [(s.rect[k], s.rect[k + 2]) for s in shapes if s.level in FINE], outer, inner, k, step
        )
        for k in (0, 1)
    ]
    heights = np.array([z for span in (stack.LEVELS | stack.CUTS).values() for z in span])
    heights = np.append(heights, [bottom for bottom, _ in stack.LAYERS])
    low = lines(heights, -0.05, 2.7861, 1.5 * step, 0.01)
    z = np.append(low[:-1], lines(heights, 2.7861, stack.TOP, 3 * step, 0.01))
    size = [len(axis) - 1 for axis in (*axes, z)]
    grid = Grid(*axes, z, np.ones(size), np.zeros(size, np.int32))
    grid.conductor[:, :, z[:-1] < -1e-9] = STILL
    number = {STILL: STILL, NET: NET, REST: REST}
    for shape in shapes:
        number.setdefault(shape.conductor, len(number) + 1)
    spans = [(shape, _voxels(grid, shape)) for shape in shapes]
    stack.dielectric(grid, [(shape.level, span[:4]) for shape, span in spans])
    for shape, (x0, x1, y0, y1, z0, z1) in sorted(spans, key=_order):
        grid.conductor[x0:x1, y0:y1, z0:z1] = number[shape.conductor]
    found = charges(grid, (NET, REST))
    others = {
        c - OTHERS: -float(found[n]) for c, n in number.items() if c >= OTHERS and n < len(found)
    }
    return NetCharge(float(found[NET]), others, grid.conductor.size)


def _order(span: tuple[Shape, tuple[int, ...]]) -> int:
    """What is drawn later covers: the net is never hidden."""
    return {STILL: 0, REST: 2, NET: 3}.get(span[0].conductor, 1)


FINE = {"met1", "met2", "met3", "met4", "via", "via2", "via3", "mcon"}


def _axis(
    spans: list[tuple[int, int]], outer: Rect, inner: Rect, k: int, step: float
) -> np.ndarray:
    edges = np.array(sorted({edge for span in spans for edge in span})) / 1e3
    near = 0.7
    a, b, c, d = (
        outer[k] / 1e3,
        inner[k] / 1e3 - near,
        inner[k + 2] / 1e3 + near,
        outer[k + 2] / 1e3,
    )
    b, c = max(a, b), min(c, d)
    parts = [lines(edges, b, c, step, 0.009)]
    if b > a:
        parts.insert(0, lines(np.array([]), a, b, 2 * step, 0.009)[:-1])
    if c < d:
        parts.append(lines(np.array([]), c, d, 2 * step, 0.009)[1:])
    return np.concatenate(parts)


def _voxels(grid: Grid, shape: Shape) -> tuple[int, int, int, int, int, int]:
    found: list[int] = []
    for k, axis in enumerate((grid.x, grid.y)):
        low, high = (_nearest(axis, shape.rect[j] / 1e3) for j in (k, k + 2))
        found += [low, max(high, low + 1)]
    bottom, top = (stack.LEVELS | stack.CUTS)[shape.level]
    return found[0], found[1], found[2], found[3], _nearest(grid.z, bottom), _nearest(grid.z, top)


def _nearest(axis: np.ndarray, value: float) -> int:
    k = int(np.searchsorted(axis, value))
    if k == 0:
        return 0
    return k - 1 if k == len(axis) or value - axis[k - 1] < axis[k] - value else k
