"""Every cell of the technology: design rules within an array, layout against schematic, and the
checkers themselves against planted errors."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import klayout.db as kdb
import pytest

from macros.technology import layers
from macros.technology.bitcell import HEIGHT, WIDTH
from macros.technology.cells import CELLS
from macros.technology.drawing import write_gds
from macros.technology.layers import Layer
from macros.technology.schematics import SCHEMATICS
from macros.verify.drc import check_layout, summary
from macros.verify.extract import read_layout
from macros.verify.lvs import LvsResult, compare

MIRRORED = ("cell_1rw", "replica_cell_1rw", "dummy_cell_1rw", "nand2_dec", "nand3_dec")
"""Cells that are stacked mirrored in y, sharing the contacts on their edges."""


@cache
def drawing(name: str):
    return CELLS[name]()


def load(name: str, folder: Path) -> tuple[kdb.Layout, kdb.Cell]:
    write_gds([drawing(name)], folder / "cell.gds")
    return read_layout(folder / "cell.gds", name)


def tiled(names: list[list[str]], folder: Path) -> tuple[kdb.Layout, kdb.Cell]:
    """An array of cells, row by row from below, odd rows and columns mirrored."""
    every = sorted({name for row in names for name in row})
    write_gds([drawing(name) for name in every], folder / "cells.gds")
    layout = kdb.Layout()
    layout.read(str(folder / "cells.gds"))
    top = layout.create_cell("array")
    for r, row in enumerate(names):
        for c, name in enumerate(row):
            cell = drawing(name)
            x, y = (c + c % 2) * cell.width, (r + r % 2) * cell.height
            turn = kdb.Trans(2 * (c % 2), (r + c) % 2 == 1, x, y)
            top.insert(kdb.CellInstArray(layout.cell(name).cell_index(), turn))
    return layout, top


def lvs(layout: kdb.Layout, cell: kdb.Cell, folder: Path) -> LvsResult:
    (folder / "cell.sp").write_text(SCHEMATICS[cell.name])
    pins = ("vdd", "gnd") if cell.name == "dummy_cell_1rw" else None
    return compare(layout, cell, folder / "cell.sp", pins=pins, join=("vdd", "gnd"))


def shapes(layout: kdb.Layout, cell: kdb.Cell, layer: Layer) -> kdb.Shapes:
    return cell.shapes(layout.layer(layer.layer, layer.datatype))


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_and_its_neighbours_meet_every_rule(name: str, tmp_path: Path) -> None:
    columns = 1 if name.startswith("nand") else 4
    rows = 4 if name in MIRRORED else 1
    layout, top = tiled([[name] * columns] * rows, tmp_path)
    assert summary(check_layout(layout, top)) == {}


def test_bit_replica_and_dummy_cells_meet_every_rule_together(tmp_path: Path) -> None:
    inner = ["dummy_cell_1rw", "replica_cell_1rw", *["cell_1rw"] * 3, "dummy_cell_1rw"]
    layout, top = tiled([["dummy_cell_1rw"] * 6, *[inner] * 3, ["dummy_cell_1rw"] * 6], tmp_path)
    assert summary(check_layout(layout, top)) == {}
    assert check_layout(layout, top) == []


def test_the_bit_cell_is_within_6_um2() -> None:
    assert WIDTH * HEIGHT <= 6_000_000


@pytest.mark.parametrize("name", CELLS)
def test_layout_equals_schematic(name: str, tmp_path: Path) -> None:
    result = lvs(*load(name, tmp_path), tmp_path)
    assert result.differences == ()
    assert result.devices > 0


@pytest.mark.parametrize("name", CELLS)
def test_gds_bytes_repeat(name: str, tmp_path: Path) -> None:
    for run in ("first", "second"):
        write_gds([CELLS[name]()], tmp_path / run)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_swapped_bit_lines_are_found(tmp_path: Path) -> None:
    layout, cell = load("sense_amp", tmp_path)
    names = {"bl": "br", "br": "bl"}
    for shape in shapes(layout, cell, layers.MET2_LABEL).each():
        if shape.text.string in names:
            shape.text_string = names[shape.text.string]
    assert not lvs(layout, cell, tmp_path).match


@pytest.mark.parametrize("layer", [layers.LICON, layers.MCON, layers.VIA, layers.TAP])
def test_a_missing_cut_or_tap_is_found(layer: Layer, tmp_path: Path) -> None:
    """The word line's climb loses its cuts, or the cell its well taps."""
    layout, cell = load("cell_1rw", tmp_path)
    region = shapes(layout, cell, layer)
    for shape in list(region.each()):
        box = shape.box
        middle = 500 < box.center().y < HEIGHT - 200 or layer in (layers.TAP, layers.MCON)
        if middle and box.center() != kdb.Point(0, 0):
            region.erase(shape)
    assert not lvs(layout, cell, tmp_path).match


def test_a_resized_transistor_is_found(tmp_path: Path) -> None:
    layout, cell = load("write_driver", tmp_path)
    diff = shapes(layout, cell, layers.DIFF)
    box = max((shape.box for shape in diff.each()), key=lambda b: b.area())
    diff.clear()
    diff.insert(box.enlarged(0, -5))
    assert not lvs(layout, cell, tmp_path).match


def test_shorted_word_lines_are_found(tmp_path: Path) -> None:
    layout, cell = load("nand2_dec", tmp_path)
    shapes(layout, cell, layers.LI1).insert(kdb.Box(0, 200, 170, 700))
    assert not lvs(layout, cell, tmp_path).match


PLANTED = {
    # rule -> a shape (layer, box in nm) on an empty place that breaks it, and maybe others
    "nwell_1": [(layers.NWELL, (0, 0, 800, 2000))],
    "nwell_4": [(layers.NWELL, (0, 0, 2000, 2000))],
    "difftap_1": [(layers.DIFF, (0, 0, 145, 2000))],
    "difftap_3": [(layers.DIFF, (0, 0, 500, 500)), (layers.DIFF, (765, 0, 1300, 500))],
    "difftap_9": [(layers.NWELL, (0, 0, 2000, 2000)), (layers.DIFF, (2335, 0, 3000, 500))],
    "poly_1a": [(layers.POLY, (0, 0, 145, 2000))],
    "poly_2": [(layers.POLY, (0, 0, 500, 500)), (layers.POLY, (705, 0, 1200, 500))],
    "poly_4": [(layers.POLY, (0, 0, 500, 500)), (layers.DIFF, (570, 0, 1200, 500))],
    "poly_7": [(layers.DIFF, (0, 0, 800, 500)), (layers.POLY, (245, -130, 400, 630))],
    "poly_8": [(layers.DIFF, (0, 0, 800, 500)), (layers.POLY, (300, -125, 450, 630))],
    "sd_1": [(layers.NSDM, (0, 0, 375, 2000))],
    "sd_2": [(layers.PSDM, (0, 0, 900, 900)), (layers.PSDM, (1275, 0, 2000, 900))],
    "sd_5": [(layers.DIFF, (0, 0, 500, 500)), (layers.NSDM, (-120, -125, 625, 625))],
    "licon_1": [(layers.LICON, (0, 0, 175, 170))],
    "licon_2": [(layers.LICON, (0, 0, 170, 170)), (layers.LICON, (335, 0, 505, 170))],
    "licon_4": [(layers.LICON, (0, 0, 170, 170))],
    "licon_14": [
        (layers.POLY, (0, 0, 330, 330)),
        (layers.LICON, (80, 80, 250, 250)),
        (layers.DIFF, (435, 0, 900, 330)),
    ],
    "npc_2": [(layers.NPC, (0, 0, 400, 400)), (layers.NPC, (665, 0, 1100, 400))],
    "li_1": [(layers.LI1, (0, 0, 165, 2000))],
    "li_3": [(layers.LI1, (0, 0, 500, 500)), (layers.LI1, (665, 0, 1200, 500))],
    "li_5": [(layers.LI1, (0, 0, 170, 245)), (layers.LICON, (0, 0, 170, 170))],
    "li_6": [(layers.LI1, (0, 0, 200, 200))],
    "ct_2": [(layers.MCON, (0, 0, 170, 170)), (layers.MCON, (355, 0, 525, 170))],
    "m1_1": [(layers.MET1, (0, 0, 135, 2000))],
    "m1_2": [(layers.MET1, (0, 0, 500, 500)), (layers.MET1, (635, 0, 1200, 500))],
    "m1_3": [(layers.MET1, (0, 0, 4000, 4000)), (layers.MET1, (4275, 0, 5000, 500))],
    "m1_4": [(layers.MET1, (-25, -60, 195, 230)), (layers.MCON, (0, 0, 170, 170))],
    "m1_5": [(layers.MET1, (-55, -30, 225, 230)), (layers.MCON, (0, 0, 170, 170))],
    "m1_6": [(layers.MET1, (0, 0, 200, 400))],
    "via_5a": [(layers.MET1, (-80, -55, 230, 230)), (layers.VIA, (0, 0, 150, 150))],
    "m2_2": [(layers.MET2, (0, 0, 500, 500)), (layers.MET2, (635, 0, 1200, 500))],
    "via2_4": [(layers.MET2, (-35, -85, 240, 285)), (layers.VIA2, (0, 0, 200, 200))],
    "m3_2": [(layers.MET3, (0, 0, 900, 900)), (layers.MET3, (1195, 0, 2000, 900))],
    "m3_4": [(layers.MET3, (-60, -65, 600, 600)), (layers.VIA2, (0, 0, 200, 200))],
    "m4_2": [(layers.MET4, (0, 0, 900, 900)), (layers.MET4, (1195, 0, 2000, 900))],
    "via3_5": [(layers.MET3, (-85, -60, 600, 285)), (layers.VIA3, (0, 0, 200, 200))],
    "lu_2": [(layers.DIFF, (0, 0, 500, 500))],
    "x_1b": [(layers.MET1, (0, 0, 502, 500))],
}


@pytest.mark.parametrize("rule", PLANTED)
def test_a_planted_violation_is_found(rule: str) -> None:
    layout = kdb.Layout()
    cell = layout.create_cell("planted")
    for layer, box in PLANTED[rule]:
        shapes(layout, cell, layer).insert(kdb.Box(*box))
    assert rule in summary(check_layout(layout, cell))
