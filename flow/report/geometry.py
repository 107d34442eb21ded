"""Pack a layout for the viewer: the hierarchy of the GDS as a stream of small integers.

The stream holds unsigned varints (LEB128), signed ones zigzag coded:

    layers, cells, then for each cell, children before parents:
        for each layer: boxes, then per box x - previous x, y - previous y, width, height
        references, then per reference: cell, x, y, orientation, columns, rows, pitch a, pitch b

Lengths are in dbu (1 nm), pitches are (x, y) vectors, orientation is KLayout's code 0..7 (quarter
turns, +4 mirrored at the x axis first). What is not a rectangle becomes its horizontal
trapezoids' bounding boxes: this is a picture, not a mask. `viewer.js` unpacks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import klayout.db as kdb
import numpy as np
import numpy.typing as npt

from macros.technology import layers
from macros.technology.layers import Layer

__all__ = ["VIEWED", "pack_layout", "read_layout", "varints"]

VIEWED: dict[str, tuple[Layer, str, bool]] = {
    "nwell": (layers.NWELL, "#c9c2a5", False),
    "diff": (layers.DIFF, "#3d9a50", False),
    "tap": (layers.TAP, "#7bbf6a", False),
    "poly": (layers.POLY, "#d0433b", False),
    "licon": (layers.LICON, "#4a4a4a", False),
    "li1": (layers.LI1, "#8a6fc7", True),
    "mcon": (layers.MCON, "#333333", False),
    "met1": (layers.MET1, "#2f7fd1", True),
    "via": (layers.VIA, "#1d3f66", False),
    "met2": (layers.MET2, "#d14fb4", True),
    "via2": (layers.VIA2, "#6b1f5b", False),
    "met3": (layers.MET3, "#27a7a0", True),
    "via3": (layers.VIA3, "#135752", False),
    "met4": (layers.MET4, "#e0902f", True),
    "via4": (layers.VIA4, "#7a4a10", False),
    "met5": (layers.MET5, "#9aa23a", True),
}
"""Layer of the viewer, bottom up -> (GDS layer, colour, shown at first)."""

Values = npt.NDArray[np.int64]


def read_layout(path: Path) -> kdb.Layout:
    """A layout of one top cell. Raises `ValueError` for a file that is none."""
    layout = kdb.Layout()
    try:
        layout.read(str(path))
    except RuntimeError as error:
        raise ValueError(f"{path.name} is not a layout: {str(error).splitlines()[0]}") from None
    if len(layout.top_cells()) != 1:
        raise ValueError(f"{path.name} must have one top cell, not {len(layout.top_cells())}")
    return layout


def pack_layout(layout: kdb.Layout) -> bytes:
    """The stream of a layout; its last cell is the top cell."""
    indices = [layout.find_layer(*layer) for layer, _, _ in VIEWED.values()]
    order = list(layout.each_cell_bottom_up())
    place = {cell: k for k, cell in enumerate(order)}
    parts: list[Values] = [np.array([len(indices), len(order)])]
    for cell in order:
        for layer in indices:
            parts.append(_boxes(layout.cell(cell), layer))
        references = list(_references(layout.cell(cell), place))
        parts.append(np.array([len(references), *(v for ref in references for v in ref)]))
    return varints(np.concatenate(parts))


def varints(values: Values) -> bytes:
    """LEB128 of unsigned integers below 2^35."""
    digits = np.stack([(values >> shift) & 127 for shift in range(0, 35, 7)], axis=1)
    used = np.maximum(1, 5 - np.argmax(digits[:, ::-1] != 0, axis=1))
    used[(digits == 0).all(axis=1)] = 1
    column = np.arange(5)
    digits |= np.where(column[None, :] < used[:, None] - 1, 128, 0)
    return digits[column[None, :] < used[:, None]].astype(np.uint8).tobytes()


def _boxes(cell: kdb.Cell, layer: int | None) -> Values:
    """Boxes of one layer of one cell, without its children's."""
    if layer is None or cell.shapes(layer).is_empty():
        return np.zeros(1, np.int64)
    region = kdb.Region(cell.shapes(layer))
    flat = region.decompose_trapezoids_to_region(kdb.Polygon.TD_htrapezoids)
    corners = (polygon.bbox() for polygon in flat.each())
    boxes = np.array(
        sorted((box.bottom, box.left, box.width(), box.height()) for box in corners), np.int64
    ).reshape(-1, 4)[:, [1, 0, 2, 3]]
    boxes[:, :2] = _zigzag(np.diff(boxes[:, :2], axis=0, prepend=0))
    return np.concatenate([[len(boxes)], boxes.ravel()])


def _references(cell: kdb.Cell, place: dict[int, int]) -> Iterator[list[int]]:
    for instance in cell.each_inst():
        move = instance.trans.disp
        signed: Iterable[int] = (move.x, move.y)
        pitch = (instance.a.x, instance.a.y, instance.b.x, instance.b.y)
        yield [
            place[instance.cell_index],
            *_zigzag(np.array([*signed])),
            instance.trans.rot,
            max(1, instance.na),
            max(1, instance.nb),
            *_zigzag(np.array(pitch)),
        ]


def _zigzag(values: Values) -> Values:
    return np.where(values < 0, -2 * values - 1, 2 * values)
