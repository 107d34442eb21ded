"""OpenRAM places a small macro of our cells."""

from __future__ import annotations

import klayout.db as kdb
import pytest

from macros.generator import place as room
from macros.generator.place import place
from macros.shape import MacroShape


@pytest.mark.full
def test_every_bit_has_its_cell(tmp_path):
    """Also replica and dummy cells: a column and a row of them at the least."""
    shape = MacroShape(16, 8)
    gds = place(shape, tmp_path)
    layout = kdb.Layout()
    layout.read(str(gds))
    top = layout.cell(shape.name)
    assert count(layout, top, "cell_1rw") == 16 * 8
    assert count(layout, top, "replica_cell_1rw") >= 16
    assert count(layout, top, "dummy_cell_1rw") >= 8
    assert (tmp_path / "sram_16x8.lvs.sp").stat().st_size > 0


def test_a_failure_names_the_log(tmp_path, monkeypatch):
    monkeypatch.setattr(room.sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match=r"sram_16x8: no output \(see .*openram.log\)"):
        place(MacroShape(16, 8), tmp_path)


def count(layout: kdb.Layout, top: kdb.Cell, name: str) -> int:
    """Placements of the cell called `name` below `top`, through the hierarchy."""
    cell = layout.cell(name)
    assert cell is not None, name
    instances = kdb.RecursiveInstanceIterator(layout, top)
    return sum(1 for found in instances.each() if found.inst_cell().name == name)
