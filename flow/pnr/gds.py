"""Write the layout: cells merged for real, wires, vias, power grid, labels."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb

from flow.pnr.design import GROUND, POWER, Design
from flow.pnr.geometry import placed
from flow.pnr.power import via_cuts
from flow.pnr.route.shapes import metal_rectangles
from flow.pnr.rules import VIAS
from macros.store import atomic_write
from macros.technology import layers

__all__ = ["METALS", "layout_of", "write_gds"]

METALS = (layers.MET1, layers.MET2, layers.MET3, layers.MET4, layers.MET5)
CUT_LAYERS = (layers.MCON, layers.VIA, layers.VIA2, layers.VIA3, layers.VIA4)
PIN_LAYERS = (layers.MET1_PIN, layers.MET2_PIN, layers.MET3_PIN, layers.MET4_PIN, layers.MET5_PIN)
LABELS = (
    layers.MET1_LABEL,
    layers.MET2_LABEL,
    layers.MET3_LABEL,
    layers.MET4_LABEL,
    layers.MET5_LABEL,
)
MIRROR_OF = {
    0: (0, False),
    1: (0, True),
    2: (2, True),
    3: (2, False),
}  # quarter turns, mirrored at x


def write_gds(design: Design, path: Path) -> None:
    """Write the layout. Raises RuntimeError when a placed cell would be empty."""
    layout = layout_of(design)
    options = kdb.SaveLayoutOptions()
    options.format = "GDS2"
    options.gds2_write_timestamps = False
    options.clear_cells()
    options.add_cell(layout.cell(design.name).cell_index())
    atomic_write(path, layout.write_bytes(options))


def layout_of(design: Design) -> kdb.Layout:
    """The layout of a design, with the cells it uses under its top cell."""
    source = design.cell_library.layout
    layout = kdb.Layout()
    layout.dbu = source.dbu
    top = layout.create_cell(design.name)
    cells = {}
    for name in design.masters:
        original = source.cell(name)
        if original is None or original.bbox().empty():
            raise RuntimeError(f"cell {name} is empty in the GDS")
        cells[name] = layout.create_cell(name)
        cells[name].copy_tree(original)
    _place_cells(design, layout, top, cells)
    _draw_routes(design, layout, top)
    _draw_supplies(design, layout, top)
    _draw_ports(design, layout, top)
    top.shapes(layout.layer(*layers.BOUNDARY)).insert(kdb.Box(*design.die))
    return layout


def _place_cells(
    design: Design, layout: kdb.Layout, top: kdb.Cell, cells: dict[str, kdb.Cell]
) -> None:
    masters = design.master_objects()
    layout.start_changes()
    for k in range(design.instances):
        master = masters[design.master_of[k]]
        orient = int(design.orient[k])
        x, y = int(design.x[k]), int(design.y[k])
        # where the master's origin comes to lie
        origin = placed((0, 0, 0, 0), orient, master.width, master.height, x, y)
        turn, mirrored = MIRROR_OF[orient]
        transformation = kdb.Trans(turn, mirrored, origin[0], origin[1])
        instance = top.insert(kdb.CellInstArray(cells[master.name].cell_index(), transformation))
        instance.set_property(INSTANCE_PROPERTY, design.instance_names[k])
    layout.end_changes()


INSTANCE_PROPERTY = 61
"""GDS property that holds the instance name, as the GDS stream calls for in its low numbers."""


def _draw_routes(design: Design, layout: kdb.Layout, top: kdb.Cell) -> None:
    metal = metal_rectangles(design.routes)
    for number in range(4):
        shapes = top.shapes(layout.layer(*METALS[number]))
        for x0, y0, x1, y1 in metal[metal[:, 1] == number, 2:].tolist():
            shapes.insert(kdb.Box(x0, y0, x1, y1))
    for number, via in enumerate(VIAS):
        shapes = top.shapes(layout.layer(*CUT_LAYERS[number]))
        half = via.cut // 2
        for x, y in design.routes.vias[design.routes.vias[:, 1] == number, 2:].tolist():
            shapes.insert(kdb.Box(x - half, y - half, x + half, y + half))


def _draw_supplies(design: Design, layout: kdb.Layout, top: kdb.Cell) -> None:
    for supply in design.supplies:
        if supply.kind != "via":
            top.shapes(layout.layer(*METALS[supply.layer])).insert(kdb.Box(*supply.rect))
            continue
        cuts, below, above = via_cuts(supply)
        for cut in cuts:
            top.shapes(layout.layer(*CUT_LAYERS[supply.layer])).insert(kdb.Box(*cut))
        top.shapes(layout.layer(*METALS[supply.layer - 1])).insert(kdb.Box(*below))
        top.shapes(layout.layer(*METALS[supply.layer])).insert(kdb.Box(*above))


def _draw_ports(design: Design, layout: kdb.Layout, top: kdb.Cell) -> None:
    """Ports and the straps of the supplies: metal, pin shape and label."""
    pins = [(p.name, p.layer, p.rect) for p in design.ports if p.layer is not None and p.rect]
    straps = [s for s in design.supplies if s.kind == "strap" and s.layer == 4]
    pins += [(s.net, s.layer, s.rect) for s in straps if s.net in (POWER, GROUND)]
    for name, layer, rect in pins:
        box = kdb.Box(*rect)
        top.shapes(layout.layer(*METALS[layer])).insert(box)
        top.shapes(layout.layer(*PIN_LAYERS[layer])).insert(box)
        text = kdb.Text(name, kdb.Trans(box.center().x, box.center().y))
        top.shapes(layout.layer(*LABELS[layer])).insert(text)
