"""The LEF abstract against the layout it stands for."""

from __future__ import annotations

import klayout.db as kdb

from flow.pnr.abstract import write_abstract
from flow.pnr.cell_library import region_of
from flow.pnr.gds import METALS
from flow.pnr.lef import read_lef
from flow.pnr.rules import LAYERS


def test_abstract_covers_the_layout_and_leaves_the_pins(finished, tmp_path):
    design = finished.design
    path = tmp_path / "chip.lef"
    write_abstract(design, path)
    master = read_lef(path)[design.name]
    assert (master.width, master.height) == design.die[2:]
    assert {pin.name for pin in master.signal_pins} == {port.name for port in design.ports}
    assert {pin.name: pin.direction for pin in master.signal_pins} == {
        port.name: port.direction for port in design.ports
    }
    assert master.pins["clk"].gate_area > 0
    layout = kdb.Layout()
    layout.read(str(finished.folder / f"{design.name}.gds"))
    top = layout.top_cell()
    for number, layer in enumerate(LAYERS):
        pins = [r for p in master.pins.values() for on, r in p.shapes if on == layer]
        blocked = [r for on, r in master.obstructions if on == layer]
        assert (region_of(pins) & region_of(blocked)).is_empty()
        metal = kdb.Region(top.begin_shapes_rec(layout.layer(*METALS[number])))
        loose = metal - region_of(pins) - region_of(blocked)
        near = region_of(pins).sized(1_000)
        assert (loose - near).is_empty(), layer
        assert (region_of(pins) - metal).is_empty(), layer
