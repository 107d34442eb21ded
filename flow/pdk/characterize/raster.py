"""A cell's layers as arrays of 5 nm pixels, which makes extraction plain array arithmetic.

Every coordinate of sky130_fd_sc_hd is a multiple of 5 nm, so nothing is lost; a cell off that grid
is refused. Rows run bottom to top, columns left to right.
"""

from __future__ import annotations

from collections.abc import Iterator

import klayout.db as kdb
import numpy as np

from macros.technology import layers
from macros.technology.layers import Layer

__all__ = ["PIXEL_NM", "Layout", "gaps"]

PIXEL_NM = 5
_MARGIN_NM = 20


class Layout:
    """The drawn layers of one cell.

    Members
    -------
    cell: its name.
    shape: (rows, columns) of every array.
    texts: (string, row, column, layer) of each label of li1 and met1.
    """

    def __init__(self, layout: kdb.Layout, cell: str) -> None:
        found = layout.cell(cell)
        if found is None:
            raise ValueError(f"cell must be one of the library's, not {cell!r}")
        self.cell = cell
        self._layout = layout
        self._top = found
        box = found.bbox().enlarged(_MARGIN_NM, _MARGIN_NM)
        self._left, self._bottom = (_floor(value) for value in (box.left, box.bottom))
        self.shape = (
            -(-(box.top - self._bottom) // PIXEL_NM),
            -(-(box.right - self._left) // PIXEL_NM),
        )
        self.texts = [
            text for layer in (layers.LI1_LABEL, layers.MET1_LABEL) for text in self._texts(layer)
        ]

    def region(self, layer: Layer) -> kdb.Region:
        index = self._layout.find_layer(*layer)
        if index is None:
            return kdb.Region()
        return kdb.Region(self._top.begin_shapes_rec(index)).merged()

    def mask(self, layer: Layer) -> np.ndarray:
        """bool[rows, columns]: where the layer is drawn."""
        return self.paint(self.region(layer)) > 0

    def paint(self, region: kdb.Region) -> np.ndarray:
        """int32[rows, columns]: 1 + the number of the polygon that covers a pixel, 0 for none.
        Polygons are numbered from the lower left."""
        image = np.zeros(self.shape, np.int32)
        polygons = sorted(region.merged().each(), key=lambda p: (p.bbox().bottom, p.bbox().left))
        for number, polygon in enumerate(polygons, 1):
            if not polygon.is_rectilinear():
                raise ValueError(f"{self.cell}: a polygon at {polygon.bbox()} is not rectilinear")
            for piece in polygon.decompose_trapezoids():
                image[self._window(piece.bbox())] = number
        return image

    def boxes(self, layer: Layer) -> Iterator[tuple[slice, slice]]:
        """The windows of a layer of cuts, one per contact or via, from the lower left."""
        polygons = self.region(layer).each()
        for polygon in sorted(polygons, key=lambda p: (p.bbox().bottom, p.bbox().left)):
            yield self._window(polygon.bbox())

    def _window(self, box: kdb.Box) -> tuple[slice, slice]:
        edges = (
            box.bottom - self._bottom,
            box.top - self._bottom,
            box.left - self._left,
            box.right - self._left,
        )
        if any(edge % PIXEL_NM for edge in edges):
            raise ValueError(f"{self.cell}: shape {box} is off the {PIXEL_NM} nm grid")
        bottom, top, left, right = (edge // PIXEL_NM for edge in edges)
        return slice(bottom, top), slice(left, right)

    def _texts(self, layer: Layer) -> Iterator[tuple[str, int, int, Layer]]:
        index = self._layout.find_layer(*layer)
        if index is None:
            return
        for shape in self._top.shapes(index).each():
            if shape.is_text():
                place = shape.text_trans.disp
                row = (place.y - self._bottom) // PIXEL_NM
                column = (place.x - self._left) // PIXEL_NM
                yield shape.text_string, row, column, layer


def gaps(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Where rows of `image` go from a polygon through nothing to the next polygon.

    Returns four arrays, one element per edge pixel that looks along its row: row, column of that
    pixel, step (+1 looks right, -1 left), and the column of the first polygon pixel it sees (-1
    when it sees none).
    """
    rows, columns = np.nonzero(image)
    found = []
    for step in (1, -1):
        beside = image[rows, columns + step] == 0
        row, column = rows[beside], columns[beside]
        found.append((row, column, np.full(row.size, step), _next(image, row, column, step)))
    row, column, side, seen = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return row, column, side, seen


def _next(image: np.ndarray, row: np.ndarray, column: np.ndarray, step: int) -> np.ndarray:
    """Column of the first nonzero pixel beyond (row, column) in direction `step`, or -1."""
    width = image.shape[1]
    places = np.where(image > 0, np.arange(width), -1 if step < 0 else width)
    if step > 0:
        reach = np.minimum.accumulate(places[:, ::-1], axis=1)[:, ::-1]
    else:
        reach = np.maximum.accumulate(places, axis=1)
    seen = reach[row, column + step]
    return np.where(seen == width, -1, seen)


def _floor(value: int) -> int:
    return value // PIXEL_NM * PIXEL_NM
