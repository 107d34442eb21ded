"""The flat extraction against KLayout's own, and against what no transistor is."""

from __future__ import annotations

import klayout.db as kdb
import pytest

from macros.technology import layers
from macros.technology.cells import CELLS
from macros.technology.drawing import write_gds
from macros.verify.extract import extract, read_layout
from macros.verify.flat import NOWHERE, extract_flat
from macros.verify.isomorphism import Circuit, differences
from macros.verify.lvs import flatten
from macros.verify.macro_lvs import circuit_of


@pytest.fixture
def cell(tmp_path):
    """Layout and cell of the sense amplifier."""
    return _cell("sense_amp", tmp_path)


def _cell(name, folder):
    write_gds([CELLS[name]()], folder / "cell.gds")
    return read_layout(folder / "cell.gds", name)


@pytest.mark.parametrize("name", CELLS)
def test_klayout_finds_the_same_circuit(name, tmp_path):
    layout, top = _cell(name, tmp_path)
    extraction = extract(layout, top)  # owns its netlist
    other = circuit_of(flatten(extraction.netlist(), name))
    drawn = extract_flat(layout, top)
    assert drawn.oddities == ()
    assert len(drawn.transistors) > 3
    same = differences(Circuit(drawn.transistors, {}, {}), Circuit(other.transistors, {}, {}))
    assert same == []


def test_a_gate_over_the_end_of_a_diffusion_is_odd(cell):
    layout, top = cell
    top.shapes(layout.layer(*layers.DIFF)).insert(kdb.Box(-3000, 0, -2000, 500))
    top.shapes(layout.layer(*layers.POLY)).insert(kdb.Box(-2005, -300, -1800, 800))
    (oddity,) = extract_flat(layout, top).oddities
    assert "[-2005, 0, -2000, 500]" in oddity


def test_labels_name_the_nets_below_them(cell):
    layout, top = cell
    before = extract_flat(layout, top).pins
    assert {"vdd", "gnd", "bl", "br", "en", "dout"} <= set(before)
    top.shapes(layout.layer(*layers.MET3_LABEL)).insert(kdb.Text("stray", kdb.Trans(-9000, 0)))
    assert extract_flat(layout, top).pins == {**before, "stray": frozenset({NOWHERE})}


def test_slanted_wires_are_refused(cell):
    layout, top = cell
    corner = [kdb.Point(0, 0), kdb.Point(0, 900), kdb.Point(900, 0)]
    top.shapes(layout.layer(*layers.MET4)).insert(kdb.Polygon(corner))
    with pytest.raises(RuntimeError, match="slanted"):
        extract_flat(layout, top)
