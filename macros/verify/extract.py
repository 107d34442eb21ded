"""Circuit extraction: devices and nets of a layout, from its shapes alone.

Connectivity runs from diffusion and poly through li1 to met4. The substrate is one net, which only
substrate taps join with wires; an n-well is a net that only well taps join. A missing tap therefore
leaves bulk terminals on a net of their own, and the comparison with the schematic fails.
"""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb

from macros.technology import layers
from macros.technology.layers import Layer

__all__ = ["DEVICE_PREFIX", "STACK", "SUBSTRATE", "connect_layers", "extract", "read_layout"]

DEVICE_PREFIX = "sky130_fd_pr__"
SUBSTRATE = "SUBSTRATE"

STACK = (
    # wire, its labels, cut to the next wire
    (layers.LI1, layers.LI1_LABEL, layers.MCON),
    (layers.MET1, layers.MET1_LABEL, layers.VIA),
    (layers.MET2, layers.MET2_LABEL, layers.VIA2),
    (layers.MET3, layers.MET3_LABEL, layers.VIA3),
    (layers.MET4, layers.MET4_LABEL, None),
)


def read_layout(path: Path, cell: str | None = None) -> tuple[kdb.Layout, kdb.Cell]:
    """Layout and cell (the only top cell unless named) of a GDS file."""
    layout = kdb.Layout()
    layout.read(str(path))
    if cell is not None and not layout.has_cell(cell):
        raise ValueError(f"{path.name} has no cell {cell!r}")
    return layout, layout.cell(cell) if cell else layout.top_cell()


def extract(layout: kdb.Layout, top: kdb.Cell) -> kdb.LayoutToNetlist:
    """The extracted circuit of `top`, hierarchical as drawn; device sizes in um, areas in um2."""
    result = kdb.LayoutToNetlist(kdb.RecursiveShapeIterator(layout, top, []))
    connect_layers(result, layout)
    result.extract_netlist()
    return result


def connect_layers(result: kdb.LayoutToNetlist, layout: kdb.Layout) -> None:
    """Declare the technology's devices and connections for an empty extraction of `layout`."""

    def index(layer: Layer) -> int:
        return layout.layer(layer.layer, layer.datatype)

    def polygons(layer: Layer, name: str) -> kdb.Region:
        return result.make_polygon_layer(index(layer), name)

    diff, tap = polygons(layers.DIFF, "diff"), polygons(layers.TAP, "tap")
    poly, nwell = polygons(layers.POLY, "poly"), polygons(layers.NWELL, "nwell")
    hvtp, licon = polygons(layers.HVTP, "hvtp"), polygons(layers.LICON, "licon")
    bulk = result.make_layer("bulk")
    n_active, p_active = diff - nwell, diff & nwell
    n_gate, p_gate = n_active & poly, p_active & poly
    n_diff, p_diff = n_active - poly, p_active - poly
    n_tap, p_tap = tap & nwell, tap - nwell
    for device, source_drain, gate, well in (
        ("nfet_01v8", n_diff, n_gate, bulk),
        ("pfet_01v8_hvt", p_diff, p_gate & hvtp, nwell),
        ("pfet_01v8", p_diff, p_gate - hvtp, nwell),
    ):
        terminals: dict[str, kdb.ShapeCollection] = {
            "SD": source_drain,
            "G": gate,
            "P": poly,
            "W": well,
        }
        terminals |= {"tS": source_drain, "tD": source_drain, "tG": poly, "tB": well}
        extractor = kdb.DeviceExtractorMOS4Transistor(DEVICE_PREFIX + device)
        result.extract_devices(extractor, terminals)

    for region, name in ((n_diff, "ndiff"), (p_diff, "pdiff"), (n_tap, "ntap"), (p_tap, "ptap")):
        result.register(region, name)
    below = None
    result.connect(licon)
    for wire, label, cut in STACK:
        metal = polygons(wire, layers_name(wire))
        names = result.make_text_layer(index(label), layers_name(label))
        result.connect(metal)
        result.connect(metal, names)
        result.connect(metal, licon if below is None else below)
        if cut is not None:
            below = polygons(cut, layers_name(cut))
            result.connect(below)
            result.connect(metal, below)
    for region in (n_diff, p_diff, poly, n_tap, p_tap):
        result.connect(region)
        result.connect(region, licon)
    result.connect(nwell)
    result.connect(nwell, n_tap)
    result.connect_global(p_tap, SUBSTRATE)
    result.connect_global(bulk, SUBSTRATE)


def layers_name(layer: Layer) -> str:
    """Name of a layer in an extraction's database, from its numbers."""
    return f"l{layer.layer}_{layer.datatype}"
