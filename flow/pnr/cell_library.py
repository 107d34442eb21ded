"""The cells a design may use: LEF masters and what their GDS really holds.

The LEF names the pins; the shapes that routing must keep clear of come from the GDS of the cell
itself, which is what the foundry checks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import klayout.db as kdb

from flow.pnr.geometry import Rect
from flow.pnr.lef import Master, read_lef
from macros.technology import layers

__all__ = ["CellShapes", "Library", "read_library", "region_of"]

CELLS = "sky130_fd_sc_hd"


@dataclass(frozen=True)
class CellShapes:
    """Rectangles of one cell on li1, mcon and met1 (polygons cut into rectangles)."""

    li1: tuple[Rect, ...]
    mcon: tuple[Rect, ...]
    met1: tuple[Rect, ...]


@dataclass(eq=False)
class Library:
    """Masters by name, and the GDS files that hold their layout. Equal only to itself, so that what
    is found out about its cells can be kept."""

    masters: dict[str, Master]
    gds_files: tuple[Path, ...]
    pdk: Path | None = None
    _layout: kdb.Layout | None = field(default=None, repr=False)
    _shapes: dict[str, CellShapes] = field(default_factory=dict, repr=False)

    @property
    def layout(self) -> kdb.Layout:
        """Layout of all cells, read once."""
        if self._layout is None:
            self._layout = kdb.Layout()
            for path in self.gds_files:
                self._layout.read(str(path))
        return self._layout

    def shapes(self, name: str) -> CellShapes:
        """Shapes of a cell. Raises ValueError when the GDS files lack the cell or it is empty."""
        if name not in self._shapes:
            cell = self.layout.cell(name)
            if cell is None or cell.bbox().empty():
                raise ValueError(
                    f"cell {name} has no layout in {', '.join(map(str, self.gds_files))}"
                )
            self._shapes[name] = CellShapes(
                *(
                    _rectangles(self.layout, cell, layer)
                    for layer in (layers.LI1, layers.MCON, layers.MET1)
                )
            )
        return self._shapes[name]


def read_library(
    pdk: Path, macro_lefs: tuple[Path, ...] = (), macro_gds: tuple[Path, ...] = ()
) -> Library:
    """The standard cells of a sky130A tree, and macros from their own LEF and GDS.

    Raises ValueError when a file of the tree is missing.
    """
    root = pdk / "libs.ref" / CELLS
    lef, gds = root / "lef" / f"{CELLS}.lef", root / "gds" / f"{CELLS}.gds"
    for path in (lef, gds, *macro_lefs, *macro_gds):
        if not path.is_file():
            raise ValueError(f"{path} is missing")
    masters = read_lef(lef)
    for path in macro_lefs:
        masters |= read_lef(path)
    return Library(masters, (gds, *macro_gds), pdk)


def region_of(rects: Iterable[Iterable[int]]) -> kdb.Region:
    """A KLayout region of rectangles."""
    region = kdb.Region()
    for rect in rects:
        region.insert(kdb.Box(*rect))
    return region


def _rectangles(layout: kdb.Layout, cell: kdb.Cell, layer: layers.Layer) -> tuple[Rect, ...]:
    index = layout.find_layer(layer.layer, layer.datatype)
    if index is None:
        return ()
    region = kdb.Region(cell.begin_shapes_rec(index)).merged()
    return tuple(
        (box.left, box.bottom, box.right, box.top)
        for box in (
            trapezoid.bbox() for trapezoid in region.decompose_trapezoids_to_region().each()
        )
    )
