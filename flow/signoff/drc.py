"""Design rule check of a chip: the deck of the macros, and what only a whole layout can break.

On top of the deck: layers the deck has no rules for, cells without shapes, and the density of each
metal in windows of 700 um (or the die, where that is smaller). The foundry's generated fill
brings sparse windows up, so only too dense ones are violations.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import klayout.db as kdb
import numpy as np

from flow.signoff.drc_blocks import check_with_blocks
from flow.signoff.gds import read_gds
from flow.signoff.verdict import Verdict
from macros.technology import layers
from macros.technology.layers import Layer
from macros.technology.rules import rule
from macros.verify.drc.check import summary
from macros.verify.drc.deck import Marker
from macros.verify.drc.findings import skywater_name, write_json, write_lyrdb
from macros.verify.drc.grid import DRAWN

__all__ = ["check_drc", "density_markers", "empty_cells", "foreign_layers", "metal_density"]

WINDOW, STEP = 700_000, 70_000  # nm, m1.pd.2a and 2b
METALS = (
    ("li1_pd_1d", layers.LI1),
    ("m1_pd_1d", layers.MET1),
    ("m2_pd_1d", layers.MET2),
    ("m3_pd_1d", layers.MET3),
    ("m4_pd_1d", layers.MET4),
    ("m5_pd_1d", layers.MET5),
)
MARKS = frozenset(
    {
        *(layers.BOUNDARY, layers.AREAID_STANDARD_CELL, layers.AREAID_DIODE),
        *(layers.NWELL_PIN, layers.PWELL_PIN, layers.POLY_PIN),
        *(layers.LI1_PIN, layers.MET1_PIN, layers.MET2_PIN, layers.MET3_PIN),
        *(layers.MET4_PIN, layers.MET5_PIN),
        Layer(236, 0),  # prBoundary as the released standard cells draw it
        Layer(66, 15),  # poly.short, the two tie resistors of conb_1
        Layer(72, 15),  # met5.short, in the probe cells
    }
)
"""Layers without a mask of their own; labels need no entry, they are texts."""


def check_drc(gds: Path, out: Path, top: str | None = None) -> Verdict:
    """Check the layout in `gds`; findings go to `out`/drc.lyrdb and `out`/drc.json.

    Raises `NoVerdict` for a file that is no whole sky130 layout with one top cell.
    """
    layout, cell = read_gds(gds, top)
    markers = [
        *foreign_layers(layout, cell),
        *empty_cells(layout, cell),
        *density_markers(layout, cell),
    ]
    cells = sum(1 for _ in cell.each_inst())
    checked = check_with_blocks(layout, cell)
    markers = [*checked.markers, *markers]
    write_lyrdb(out / "drc.lyrdb", cell, markers)
    write_json(out / "drc.json", cell, markers)
    counts = summary(markers)
    rules = len(checked.rules) + len(METALS) + 2
    figure = f"{len(markers)} markers; {rules} rules, {cells} placed cells"
    if checked.blocks:
        figure += f"; {', '.join(checked.blocks)} checked alone"
    if counts:
        worst = ", ".join(f"{n} {skywater_name(name)}" for name, n in list(counts.items())[:4])
        figure += f": {worst}"
    metrics = {"klayout__drc_error__count": len(markers), "drc__rules": rules}
    return Verdict("drc", not markers, figure, out / "drc.json", metrics)


def foreign_layers(layout: kdb.Layout, top: kdb.Cell) -> list[Marker]:
    """A marker for every layer with shapes that no rule covers, at the shapes' extent."""
    found = []
    for index in layout.layer_indexes():
        info = layout.get_info(index)
        layer = Layer(info.layer, info.datatype)
        if layer in MARKS or layer in DRAWN:
            continue
        region = kdb.RecursiveShapeIterator(layout, top, index)
        region.shape_flags = kdb.Shapes.SBoxes | kdb.Shapes.SPolygons | kdb.Shapes.SPaths
        if not region.at_end():
            found.append(_marker("x_layer", kdb.Region(region).bbox()))
    return found


def empty_cells(layout: kdb.Layout, top: kdb.Cell) -> list[Marker]:
    """A marker where a cell is placed that has no drawn shape, such as one only referenced."""
    drawn = [layout.layer(*layer) for layer in DRAWN]
    empty = {
        child.cell_index()
        for child in map(layout.cell, top.called_cells())
        if all(child.bbox(index).empty() for index in drawn)
    }
    found = []
    for parent in [top.cell_index(), *top.called_cells()]:
        if parent in empty:
            continue
        for instance in layout.cell(parent).each_inst():
            if instance.cell_index in empty:
                origin = instance.trans.disp.to_p()
                found.append(_marker("x_empty", kdb.Box(origin, origin)))
    return found


def metal_density(layout: kdb.Layout, top: kdb.Cell, layer: Layer) -> np.ndarray:
    """Share of metal in every window, shape (rows, columns) of window positions.

    Windows are 700 um wide and step by 70 um; a die smaller than a window is one window. Partial
    steps at the upper and right edge belong to the last window.
    """
    die = _die(layout, top)
    columns, rows = (max(1, round(size / STEP)) for size in (die.width(), die.height()))
    xs = np.linspace(die.left, die.right, columns + 1).astype(int).tolist()
    ys = np.linspace(die.bottom, die.top, rows + 1).astype(int).tolist()
    metal = np.zeros((rows, columns))
    index = layout.layer(*layer)
    for j in range(rows):
        for i in range(columns):
            tile = kdb.Box(xs[i], ys[j], xs[i + 1], ys[j + 1])
            shapes = kdb.Region(top.begin_shapes_rec_overlapping(index, tile))
            metal[j, i] = (shapes & kdb.Region(tile)).area()
    areas = np.outer(np.diff(ys), np.diff(xs)).astype(float)
    return np.asarray(_window_sums(metal) / _window_sums(areas))


def density_markers(layout: kdb.Layout, top: kdb.Cell) -> Iterator[Marker]:
    """A marker for every metal whose densest window leaves too little of it free."""
    die = _die(layout, top)
    for name, layer in METALS:
        density = metal_density(layout, top, layer)
        if density.max() > 1 - rule(name) / 1000:
            j, i = np.unravel_index(density.argmax(), density.shape)
            corner = kdb.Point(die.left + int(i) * STEP, die.bottom + int(j) * STEP)
            window = kdb.Box(corner.x, corner.y, corner.x + WINDOW, corner.y + WINDOW) & die
            yield _marker(name, window)


def _window_sums(tiles: np.ndarray) -> np.ndarray:
    """Sums over windows of WINDOW / STEP tiles in both axes, by a table of running sums."""
    size = WINDOW // STEP
    rows, columns = (min(size, n) for n in tiles.shape)
    table = np.pad(tiles.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return np.asarray(
        table[rows:, columns:]
        - table[:-rows, columns:]
        - table[rows:, :-columns]
        + table[:-rows, :-columns]
    )


def _die(layout: kdb.Layout, top: kdb.Cell) -> kdb.Box:
    box = top.bbox(layout.layer(*layers.BOUNDARY))
    return box if not box.empty() else top.bbox()


def _marker(name: str, box: kdb.Box) -> Marker:
    left, bottom, right, top = box.left, box.bottom, box.right, box.top
    corners = ((left, bottom), (left, top), (right, top), (right, bottom))
    return Marker(name, (left, bottom, right, top), corners)
