"""KLayout reads a DEF with our layer map as sky130 draws it."""

from __future__ import annotations

import klayout.db as db

from flow.pdk.names import view_path

DEF = """\
VERSION 5.8 ;
DESIGN top ;
UNITS DISTANCE MICRONS 1000 ;
DIEAREA ( 0 0 ) ( 10000 10000 ) ;
PINS 1 ;
- a + NET a + DIRECTION INPUT + LAYER met2 ( -70 -70 ) ( 70 70 ) + PLACED ( 5000 5000 ) N ;
END PINS
NETS 1 ;
- a ( PIN a ) + ROUTED met1 ( 1000 2000 ) ( 3000 2000 ) NEW met1 ( 3000 2000 ) M1M2_PR ;
END NETS
END DESIGN
"""


def test_wires_pins_and_names_land_on_their_layers(tree, tmp_path):
    source = tmp_path / "top.def"
    source.write_text(DEF)
    technology = db.Technology()
    technology.load(str(tree / "libs.tech/klayout/tech/sky130A.lyt"))
    options = technology.load_layout_options
    options.lefdef_config.lef_files = [str(view_path(tree, "techlef"))]
    options.lefdef_config.map_file = str(tree / "libs.tech/klayout/tech/sky130A.map")
    layout = db.Layout()
    layout.read(str(source), options)
    top = layout.top_cell()

    def area(layer: int, datatype: int) -> int:
        index = layout.find_layer(layer, datatype)
        return db.Region(top.begin_shapes_rec(index)).merged().area() if index is not None else 0

    wire = 2140 * 140
    assert area(68, 20) >= wire  # met1: the wire and the via's pad
    assert area(68, 44) == 150 * 150  # via
    assert area(69, 16) == 140 * 140  # met2 pin
    assert area(69, 20) >= 140 * 140  # met2 drawing
    assert area(235, 4) == 10_000 * 10_000  # boundary
    labels = top.shapes(layout.find_layer(69, 5))
    assert [shape.text_string for shape in labels.each()] == ["a"]
