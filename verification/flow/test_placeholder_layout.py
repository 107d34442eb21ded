"""The stand-in for a macro's layout: LEF and GDS say the same, and both say what they are."""

from __future__ import annotations

import klayout.db as kdb

from flow import placeholder_layout
from flow.placeholder import MARK
from flow.pnr.lef import read_lef
from macros.shape import MacroShape
from macros.technology import layers

SHAPE = MacroShape.from_name("sram_512x32")


def test_lef_and_gds_agree(tmp_path):
    lef, gds = tmp_path / "m.lef", tmp_path / "m.gds"
    lef.write_text(placeholder_layout.lef(SHAPE))
    gds.write_bytes(placeholder_layout.gds(SHAPE))
    master = read_lef(lef)["sram_512x32"]
    assert master.is_macro
    layout = kdb.Layout()
    layout.read(str(gds))
    cell = layout.cell("sram_512x32")
    for pin in master.pins.values():
        for layer, rect in pin.shapes:
            metal = kdb.Region(cell.begin_shapes_rec(layout.layer(*layers.BY_NAME[layer])))
            assert (kdb.Region(kdb.Box(*rect)) - metal).is_empty(), pin.name
    outline = kdb.Region(cell.begin_shapes_rec(layout.layer(*layers.BOUNDARY))).bbox()
    assert (outline.width(), outline.height()) == (master.width, master.height)


def test_every_port_of_the_memory_is_a_pin(tmp_path):
    lef = tmp_path / "m.lef"
    lef.write_text(placeholder_layout.lef(SHAPE))
    names = {pin.name for pin in read_lef(lef)["sram_512x32"].signal_pins}
    expected = {"clk0", "csb0", "web0"} | {f"addr0[{k}]" for k in range(9)}
    expected |= {f"{bus}[{k}]" for bus in ("din0", "dout0") for k in range(32)}
    assert names == expected


def test_it_says_that_it_is_none(tmp_path):
    assert MARK in placeholder_layout.lef(SHAPE)
    assert MARK.encode() in placeholder_layout.gds(SHAPE)
    assert placeholder_layout.gds(SHAPE) == placeholder_layout.gds(SHAPE)
