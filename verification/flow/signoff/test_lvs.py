"""A small chip equals its netlist, and every planted fault is found with its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import klayout.db as kdb
import pytest

from flow.signoff.gds import read_gds
from flow.signoff.lvs import Comparison, check_device_lvs, check_lvs, compare_gates
from flow.signoff.powered_netlist import Gates, read_gates
from flow.signoff.verdict import NoVerdict
from macros.technology import layers
from macros.technology.cells import CELLS
from macros.technology.drawing import write_gds
from macros.technology.schematics import SCHEMATICS
from verification.flow.signoff.small_chip import SmallChip, small_chip


@pytest.fixture(scope="module")
def chip() -> SmallChip:
    return small_chip()


def compare(chip: SmallChip, change: Callable[[kdb.Layout, kdb.Cell], None]) -> Comparison:
    """Outcome for the chip's layout after `change`."""
    layout, top = read_gds(chip.gds)
    change(layout, top)
    return compare_gates(layout, top, read_gates(chip.netlist))


def says(result: Comparison, *words: str) -> bool:
    return any(all(word in line for word in words) for line in result.differences)


def drawn(layout: kdb.Layout, cell: kdb.Cell, layer: layers.Layer) -> kdb.Shapes:
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


def test_layout_equals_netlist(chip: SmallChip, tmp_path: Path) -> None:
    verdict = check_lvs(chip.gds, chip.netlist, tmp_path)
    assert verdict.passed, (tmp_path / "lvs.txt").read_text()
    gates = read_gates(chip.netlist)
    assert verdict.metrics["lvs__cells"] == len(gates.cells)
    assert verdict.metrics["lvs__nets"] > 60
    assert verdict.metrics["lvs__wells"] > 3
    assert {"VPWR", "VGND"} <= gates.ports.keys()


def test_a_missing_via_opens_a_net(chip: SmallChip) -> None:
    def change(layout: kdb.Layout, top: kdb.Cell) -> None:
        cuts = drawn(layout, top, layers.VIA)
        single = [s for s in cuts.each() if s.box.width() == 150]
        cuts.erase(single[0])

    assert says(compare(chip, change), "is open, in 2 parts", "um")


def test_a_shifted_wire_is_found(chip: SmallChip) -> None:
    def change(layout: kdb.Layout, top: kdb.Cell) -> None:
        wires = drawn(layout, top, layers.MET2)
        longest = max(wires.each(), key=lambda s: s.box.height())
        longest.transform(kdb.Trans(460, 0))

    result = compare(chip, change)
    assert says(result, "open")


def test_a_bridge_shorts_two_nets(chip: SmallChip) -> None:
    def change(layout: kdb.Layout, top: kdb.Cell) -> None:
        wires = drawn(layout, top, layers.MET2)
        tall = sorted(wires.each(), key=lambda s: -s.box.height())
        signals = [s.box for s in tall if s.box.width() < 400][:2]
        one, other = (kdb.Point(b.center().x, b.bottom + 70) for b in signals)
        middle = kdb.Point(one.x, other.y)
        for a, b in ((one, middle), (middle, other)):
            wires.insert(kdb.Box(a, b).enlarged(70, 70))

    assert says(compare(chip, change), "nets are shorted", "um")


def test_a_deleted_cell_is_found(chip: SmallChip) -> None:
    def change(layout: kdb.Layout, top: kdb.Cell) -> None:
        logic(top)[0].delete()

    assert says(compare(chip, change), "is not in the layout")


def test_an_additional_cell_is_found(chip: SmallChip) -> None:
    def change(layout: kdb.Layout, top: kdb.Cell) -> None:
        cell = logic(top)[0].cell
        top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(0, 500_000)))

    assert says(compare(chip, change), "is not in the netlist")


def test_another_cell_in_its_place_is_found(chip: SmallChip) -> None:
    """nor2 for nand2: the same pins at nearly the same places."""

    def change(layout: kdb.Layout, top: kdb.Cell) -> None:
        victim = logic(top)[0]
        others = [i.cell for i in logic(top) if i.cell.name != victim.cell.name]
        victim.cell = others[0]

    assert says(compare(chip, change), "in the layout", "in the netlist")


def test_swapped_instances_are_found(chip: SmallChip) -> None:
    """Two cells of one kind exchange their places but not their wires."""

    def change(layout: kdb.Layout, top: kdb.Cell) -> None:
        master = logic(top)[0].cell.name
        one, other = logic(top, master)[:2]
        names = one.property(61), other.property(61)
        one.set_property(61, names[1])
        other.set_property(61, names[0])

    assert says(compare(chip, change), "open")
    assert says(compare(chip, change), "shorted")


def test_swapped_nets_of_the_netlist_are_found(chip: SmallChip, tmp_path: Path) -> None:
    gates = read_gates(chip.netlist)
    name, (a, b) = next(
        (name, (gates.pins[name, "A"], gates.pins[name, "B"]))
        for name in gates.cells
        if (name, "A") in gates.pins
        and (name, "B") in gates.pins
        and gates.pins[name, "A"] != gates.pins[name, "B"]
    )
    pins = gates.pins | {(name, "A"): b, (name, "B"): a}
    layout, top = read_gds(chip.gds)
    result = compare_gates(layout, top, Gates(gates.name, gates.ports, gates.cells, pins))
    assert says(result, f"{name}/A") or says(result, f"{name}/B")


def test_a_missing_power_strap_is_found(chip: SmallChip) -> None:
    def change(layout: kdb.Layout, top: kdb.Cell) -> None:
        drawn(layout, top, layers.MET4).clear()
        drawn(layout, top, layers.MET5).clear()

    result = compare(chip, change)
    assert says(result, "net VPWR is open") or says(result, "port VPWR has no label")


def test_missing_well_taps_are_found(chip: SmallChip) -> None:
    def change(layout: kdb.Layout, top: kdb.Cell) -> None:
        tap = next(i.cell for i in top.each_inst() if "tapvpwrvgnd" in i.cell.name)
        drawn(layout, tap, layers.LICON).clear()

    result = compare(chip, change)
    assert says(result, "the n-well at", "is tied to no net")
    assert says(result, "the substrate is tied to no net")


def test_a_tap_on_the_wrong_supply_is_a_short_through_the_well(chip: SmallChip) -> None:
    """A tap cell upside down ties its well to ground."""

    def change(layout: kdb.Layout, top: kdb.Cell) -> None:
        contacts = drawn(layout, _tap_cell(top), layers.LICON)
        wells = _tap_cell(top).shapes(layout.layer(*layers.NWELL))
        box = wells.each().__next__().box
        wells.clear()
        wells.insert(box + kdb.Box(box.left, -190, box.right, box.top))
        assert not contacts.is_empty()

    assert says(compare(chip, change), "is tied to VGND and VPWR")


def _tap_cell(top: kdb.Cell) -> kdb.Cell:
    return next(i.cell for i in top.each_inst() if "tapvpwrvgnd" in i.cell.name)


def test_a_wire_into_a_cell_is_found(chip: SmallChip) -> None:
    """Metal that joins an unlabelled node inside a flip-flop with its supply rail."""

    def change(layout: kdb.Layout, top: kdb.Cell) -> None:
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

    result = compare(chip, change)
    assert says(result, "inside of") or says(result, "shorted")


def test_a_removed_port_label_is_found(chip: SmallChip) -> None:
    def change(layout: kdb.Layout, top: kdb.Cell) -> None:
        for layer in (layers.MET2_LABEL, layers.MET3_LABEL):
            shapes = drawn(layout, top, layer)
            for shape in list(shapes.each()):
                shapes.erase(shape)
                return

    assert says(compare(chip, change), "has no label")


def test_devices_of_a_cell_are_compared(tmp_path: Path) -> None:
    """A cell of our macros against its SPICE netlist, then against one of another size."""
    write_gds([CELLS["write_driver"]()], tmp_path / "cell.gds")
    netlist = SCHEMATICS["write_driver"]
    (tmp_path / "cell.sp").write_text(netlist)
    verdict = check_device_lvs(tmp_path / "cell.gds", tmp_path / "cell.sp", tmp_path / "out")
    assert verdict.passed, verdict.figure
    assert verdict.metrics["lvs__devices"] == 6
    width = re.search(r"w=([\d.]+)", netlist)
    assert width is not None
    wrong = netlist.replace(width[0], f"w={float(width[1]) + 0.05:g}", 1)
    (tmp_path / "wrong.sp").write_text(wrong)
    assert not check_device_lvs(tmp_path / "cell.gds", tmp_path / "wrong.sp", tmp_path).passed
    (tmp_path / "other.sp").write_text(".subckt other a\n.ends\n")
    with pytest.raises(NoVerdict, match="cannot be compared"):
        check_device_lvs(tmp_path / "cell.gds", tmp_path / "other.sp", tmp_path)


def test_bad_input_gets_no_verdict(chip: SmallChip, tmp_path: Path) -> None:
    text = chip.netlist.read_text()
    cut = tmp_path / "cut.v"
    cut.write_text(text[: len(text) // 2])
    with pytest.raises(NoVerdict, match=r"cut.v is no netlist of cells: it ends"):
        check_lvs(chip.gds, cut, tmp_path)
    other = tmp_path / "other.v"
    other.write_text(
        f"module {chip.name} (clk); input clk; sky130_fd_sc_hd__inv_1 lone (.A(clk)); endmodule"
    )
    with pytest.raises(NoVerdict, match="are two designs"):
        check_lvs(chip.gds, other, tmp_path)
    with pytest.raises(NoVerdict, match=r"has no module nothing"):
        check_lvs(chip.gds, chip.netlist, tmp_path, "nothing")
    behavioural = tmp_path / "rtl.v"
    behavioural.write_text("module m (a); input a; always @(a) begin end endmodule")
    with pytest.raises(NoVerdict, match="no netlist of cells"):
        check_lvs(chip.gds, behavioural, tmp_path)
    assert not (tmp_path / "lvs.txt").exists()
