"""Faults planted in the layout of a small chip, for the checks that look at layouts.

    BROKEN["a missing via"]      # (check, what its finding says, the change to the layout)

Each change breaks one thing in a layout that is clean before.
"""

from __future__ import annotations

from collections.abc import Callable

import klayout.db as kdb

from macros.technology import layers
from macros.technology.layers import Layer

__all__ = ["BROKEN", "Change"]

Change = Callable[[kdb.Layout, kdb.Cell], None]

BROKEN: dict[str, tuple[str, str, Change]] = {}
"""Fault -> check that must find it, regular expression of its finding, change to layout and top."""


def planted(check: str, finding: str) -> Callable[[Change], Change]:
    """Enter a change into the table under its function's name."""

    def enter(change: Change) -> Change:
        BROKEN[change.__name__.replace("_", " ")] = (check, finding, change)
        return change

    return enter


def drawn(layout: kdb.Layout, cell: kdb.Cell, layer: Layer) -> kdb.Shapes:
    return cell.shapes(layout.layer(*layer))


def logic(top: kdb.Cell, master: str = "") -> list[kdb.Instance]:
    """Placed cells with a function, first those of the lower rows."""
    plain = ("fill", "tap", "decap", "diode")
    found = [
        instance
        for instance in top.each_inst()
        if master in instance.cell.name and not any(word in instance.cell.name for word in plain)
    ]
    return sorted(found, key=lambda i: (i.trans.disp.y, i.trans.disp.x))


def taps(top: kdb.Cell) -> list[kdb.Instance]:
    return [i for i in top.each_inst() if "tapvpwrvgnd" in i.cell.name]


def longest_wire(layout: kdb.Layout, top: kdb.Cell) -> kdb.Shape:
    """The longest vertical wire of met2."""
    return max(drawn(layout, top, layers.MET2).each(), key=lambda shape: shape.box.height())


@planted("drc", r"^(lu\.2|lu\.3|nwell\.4)$")
def missing_taps(layout: kdb.Layout, top: kdb.Cell) -> None:
    """The lower half of the chip keeps none: its cells are farther than 15 um from the others."""
    for instance in taps(top):
        if instance.trans.disp.y < top.bbox().center().y:
            instance.delete()


@planted("drc", r"^m2\.1$")
def a_wire_10_nm_too_narrow(layout: kdb.Layout, top: kdb.Cell) -> None:
    wire = longest_wire(layout, top)
    x = wire.box.center().x
    wire.box = kdb.Box(x - 65, wire.box.bottom, x + 65, wire.box.top)


@planted("drc", r"^m2\.2$")
def a_sliver_beside_a_wire(layout: kdb.Layout, top: kdb.Cell) -> None:
    box = longest_wire(layout, top).box
    drawn(layout, top, layers.MET2).insert(
        kdb.Box(box.right + 60, box.bottom, box.right + 100, box.bottom + 500)
    )


@planted("drc", r"^x\.1b$")
def a_wire_off_the_grid(layout: kdb.Layout, top: kdb.Cell) -> None:
    longest_wire(layout, top).transform(kdb.Trans(2, 0))


@planted("drc", r"^via\.1a$")
def a_via_5_nm_too_large(layout: kdb.Layout, top: kdb.Cell) -> None:
    via = next(s for s in drawn(layout, top, layers.VIA).each() if s.box.width() == 150)
    via.box = kdb.Box(via.box.left, via.box.bottom, via.box.right + 5, via.box.top)


@planted("drc", r"^(m2\.4|via\.4a)$")
def a_via_at_the_edge_of_its_metal(layout: kdb.Layout, top: kdb.Cell) -> None:
    via = next(s for s in drawn(layout, top, layers.VIA).each() if s.box.width() == 150)
    via.transform(kdb.Trans(0, 300))


@planted("drc", r"^nwell\.2a$")
def two_wells_too_near(layout: kdb.Layout, top: kdb.Cell) -> None:
    well = kdb.Region(top.begin_shapes_rec(layout.layer(*layers.NWELL))).merged().bbox()
    near = kdb.Box(well.right + 1000, well.bottom, well.right + 3000, well.bottom + 2000)
    drawn(layout, top, layers.NWELL).insert(near)


@planted("drc", r"^poly\.8$")
def a_gate_that_ends_over_its_diffusion(layout: kdb.Layout, top: kdb.Cell) -> None:
    cell = logic(top)[0].cell
    poly, diff = (drawn(layout, cell, layer) for layer in (layers.POLY, layers.DIFF))
    gate = next((kdb.Region(poly) & kdb.Region(diff)).each()).bbox()
    end = kdb.Box(gate.left, gate.bottom - 500, gate.right, gate.bottom + 200)
    rest = kdb.Region(poly) - kdb.Region(end)
    poly.clear()
    poly.insert(rest)


@planted("drc", r"^x\.layer$")
def a_layer_without_rules(layout: kdb.Layout, top: kdb.Cell) -> None:
    drawn(layout, top, Layer(80, 20)).insert(kdb.Box(0, 0, 900, 900))


@planted("drc", r"^x\.empty$")
def a_cell_without_shapes(layout: kdb.Layout, top: kdb.Cell) -> None:
    hollow = layout.create_cell("hollow")
    drawn(layout, hollow, layers.BOUNDARY).insert(kdb.Box(0, 0, 900, 900))
    top.insert(kdb.CellInstArray(hollow.cell_index(), kdb.Trans(5000, 7000)))


@planted("lvs", r"is open, in 2 parts.* um")
def a_missing_via(layout: kdb.Layout, top: kdb.Cell) -> None:
    cuts = drawn(layout, top, layers.VIA)
    single = [s for s in cuts.each() if s.box.width() == 150]
    cuts.erase(single[0])


@planted("lvs", r"is open")
def a_shifted_wire(layout: kdb.Layout, top: kdb.Cell) -> None:
    wires = drawn(layout, top, layers.MET2)
    longest = max(wires.each(), key=lambda s: s.box.height())
    longest.transform(kdb.Trans(460, 0))


@planted("lvs", r"nets are shorted.* um")
def a_bridge_between_two_wires(layout: kdb.Layout, top: kdb.Cell) -> None:
    wires = drawn(layout, top, layers.MET2)
    tall = sorted(wires.each(), key=lambda s: -s.box.height())
    signals = [s.box for s in tall if s.box.width() < 400][:2]
    one, other = (kdb.Point(b.center().x, b.bottom + 70) for b in signals)
    middle = kdb.Point(one.x, other.y)
    for a, b in ((one, middle), (middle, other)):
        wires.insert(kdb.Box(a, b).enlarged(70, 70))


@planted("lvs", r"is not in the layout")
def a_missing_cell(layout: kdb.Layout, top: kdb.Cell) -> None:
    logic(top)[0].delete()


@planted("lvs", r"is not in the netlist")
def a_cell_too_many(layout: kdb.Layout, top: kdb.Cell) -> None:
    cell = logic(top)[0].cell
    top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(0, 500_000)))


@planted("lvs", r"in the layout, \S+ in the netlist")
def another_cell_in_its_place(layout: kdb.Layout, top: kdb.Cell) -> None:
    """nor2 for nand2: the same pins at nearly the same places."""
    victim = logic(top)[0]
    others = [i.cell for i in logic(top) if i.cell.name != victim.cell.name]
    victim.cell = others[0]


@planted("lvs", r"nets are shorted")
def two_swapped_cells(layout: kdb.Layout, top: kdb.Cell) -> None:
    """Two cells of one kind exchange their places but not their wires."""
    master = logic(top)[0].cell.name
    one, other = logic(top, master)[:2]
    names = one.property(61), other.property(61)
    one.set_property(61, names[1])
    other.set_property(61, names[0])


@planted("lvs", r"net VPWR is open|port VPWR has no label")
def missing_power_straps(layout: kdb.Layout, top: kdb.Cell) -> None:
    drawn(layout, top, layers.MET4).clear()
    drawn(layout, top, layers.MET5).clear()


@planted("lvs", r"the n-well at .* is tied to no net")
def taps_without_contacts(layout: kdb.Layout, top: kdb.Cell) -> None:
    tap = taps(top)[0].cell
    drawn(layout, tap, layers.LICON).clear()


@planted("lvs", r"is tied to VGND and VPWR")
def a_well_tied_to_both_supplies(layout: kdb.Layout, top: kdb.Cell) -> None:
    """A tap cell upside down ties its well to ground."""
    contacts = drawn(layout, taps(top)[0].cell, layers.LICON)
    wells = taps(top)[0].cell.shapes(layout.layer(*layers.NWELL))
    box = wells.each().__next__().box
    wells.clear()
    wells.insert(box + kdb.Box(box.left, -190, box.right, box.top))
    assert not contacts.is_empty()


@planted("lvs", r"inside of|shorted")
def a_wire_into_a_cell(layout: kdb.Layout, top: kdb.Cell) -> None:
    """Metal that joins an unlabelled node inside a flip-flop with its supply rail."""
    flop = logic(top, "dfxtp")[0]
    li = kdb.Region(drawn(layout, flop.cell, layers.LI1)).merged()
    labels = [s.text_pos for s in drawn(layout, flop.cell, layers.LI1_LABEL).each()]
    within = kdb.Box(0, 200, flop.cell.bbox().right, 2500)
    inner = next(
        polygon
        for polygon in li.each()
        if not any(polygon.inside(kdb.Point(t.x, t.y)) for t in labels)
        and polygon.bbox().inside(within)
    )
    wire = kdb.Region(inner).bbox()
    column = kdb.Box(wire.left, 0, wire.left + 170, wire.top)
    drawn(layout, top, layers.LI1).insert(flop.trans * column)


@planted("lvs", r"has no label")
def a_missing_port_label(layout: kdb.Layout, top: kdb.Cell) -> None:
    for layer in (layers.MET2_LABEL, layers.MET3_LABEL):
        shapes = drawn(layout, top, layer)
        for shape in list(shapes.each()):
            shapes.erase(shape)
            return
