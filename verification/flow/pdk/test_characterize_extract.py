"""Extraction: transistors against the PDK's netlists, parasitics against hand calculation."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
import pytest

from flow.pdk.characterize.coupling import capacitances
from flow.pdk.characterize.extract import ExtractionError, extract, geometry, load
from flow.pdk.characterize.netlist import differences, read_spice
from flow.pdk.characterize.raster import Layout
from flow.pdk.characterize.resistance import Resistances
from macros.technology import layers
from macros.technology.parasitics import CONTACT_OHM, SHEET_OHM, WIRE

PREFIX = "sky130_fd_sc_hd__"


@pytest.fixture(scope="module")
def views(tree: Path) -> tuple[kdb.Layout, str]:
    return load(tree)


@pytest.mark.parametrize("cell", ["inv_1", "nand2_4", "xor2_1", "dfrtp_1", "dlygate4sd3_1"])
def test_every_transistor_is_the_one_of_the_pdk(views, cell: str) -> None:
    netlist = extract(*views, PREFIX + cell)
    reference = read_spice(views[1], PREFIX + cell)
    assert sum(device.fingers for device in netlist.devices) == len(reference.devices)


def test_junctions_and_stress_of_inv_1(views) -> None:
    """Diffusion ends 0.26 um from the gate of 0.65 um (n) and 1 um (p) on both sides."""
    netlist = extract(*views, PREFIX + "inv_1")
    for device, width in zip(netlist.devices, (0.65, 1.0), strict=True):
        assert device.width_nm == width * 1000
        assert device.drain_area_um2 == pytest.approx(0.26 * width)
        assert device.source_rim_um == pytest.approx(2 * (0.26 + width))
        assert device.stress_um == pytest.approx((0.26, 0.26))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("X0 VGND A Y", "X0 A VGND Y"),
        ("w=650000u", "w=640000u"),
        ("pfet_01v8_hvt", "nfet_01v8"),
    ],
)
def test_a_netlist_that_differs_is_noticed(views, before: str, after: str) -> None:
    layout, spice = views
    start = spice.index(f".subckt {PREFIX}inv_1")
    broken = spice[start:].replace(before, after, 1)
    with pytest.raises(ExtractionError, match=r"inv_1: layout and netlist differ: missing: 1 x"):
        extract(layout, broken, PREFIX + "inv_1")


def test_a_contact_that_is_missing_is_noticed(tree: Path) -> None:
    layout, spice = load(tree)
    cell = layout.cell(PREFIX + "nand2_1")
    contacts = cell.shapes(layout.find_layer(*layers.LICON))
    over_poly = kdb.Region(cell.begin_shapes_rec(layout.find_layer(*layers.POLY)))
    removed = kdb.Region(contacts) & over_poly
    left = kdb.Region(contacts) - removed
    contacts.clear()
    contacts.insert(left)
    with pytest.raises(ExtractionError, match=r"nand2_1: layout and netlist differ"):
        extract(layout, spice, cell.name)


def test_colours_tell_two_stacks_apart(views) -> None:
    """nand2 with A and B exchanged is another circuit: A is the transistor next to the output."""
    reference = read_spice(views[1], PREFIX + "nand2_1")
    text = views[1].replace(" A ", " @ ").replace(" B ", " A ").replace(" @ ", " B ")
    exchanged = read_spice(text, PREFIX + "nand2_1")
    assert not differences(reference, reference)
    assert differences(exchanged, reference)


def drawing(shapes: dict, texts: dict) -> Layout:
    """A cell of boxes (um) and labels on li1."""
    layout = kdb.Layout()
    cell = layout.create_cell("test")
    for layer, boxes in shapes.items():
        for box in boxes:
            cell.shapes(layout.layer(*layer)).insert(kdb.DBox(*box).to_itype(0.001))
    for name, (x, y) in texts.items():
        cell.shapes(layout.layer(*layers.LI1_LABEL)).insert(kdb.DText(name, x, y).to_itype(0.001))
    return Layout(layout, "test")


def test_capacitance_of_two_parallel_wires() -> None:
    """Two li1 wires of 0.17 x 5 um, 0.18 um apart, over the field."""
    boxes = [(0, 0, 5, 0.17), (0, 0.35, 5, 0.52)]
    drawn = geometry(drawing({layers.LI1: boxes}, {"a": (0.1, 0.1), "b": (0.1, 0.4)}), ("a", "b"))
    found = capacitances(drawn)
    wire = WIRE["li1", "field"]
    coupling, fringe = wire.edge(0.18)
    alone = wire.edge(float("inf"))[1]
    assert found["a", "b"] == pytest.approx(5 * coupling)
    ground = 5 * 0.17 * wire.area + 5 * fringe + (5 + 2 * 0.17) * alone
    assert found["VNB", "a"] == pytest.approx(ground)
    assert found["VNB", "b"] == pytest.approx(ground)


def test_resistance_of_a_gate_at_the_end_of_a_wire() -> None:
    """Label on li1, ten squares to a poly contact, ten squares of poly to a gate of two squares."""
    shapes = {
        layers.LI1: [(0, 0, 2.04, 0.17)],
        layers.LICON: [(1.87, 0, 2.04, 0.17)],
        layers.POLY: [(1.87, 0, 2.04, 0.17), (1.88, 0.17, 2.04, 2.3)],
        layers.DIFF: [(1.5, 1.77, 2.4, 2.09)],
        layers.NSDM: [(1.4, 1.7, 2.5, 2.2)],
    }
    drawn = geometry(drawing(shapes, {"a": (0.085, 0.085)}), ("a", "VPWR", "VGND", "VPB", "VNB"))
    assert [gate.width_nm for gate in drawn.gates] == [320]
    expected = (
        SHEET_OHM["li1"] * 1.785 / 0.17
        + CONTACT_OHM["poly"]
        + SHEET_OHM["poly"] * (1.6 / 0.16 + 2 / 3)
    )
    assert Resistances(drawn).gate(list(drawn.gates)) == pytest.approx(expected, rel=0.05)


@pytest.mark.full
def test_all_characterised_cells_extract(views) -> None:
    from flow.pdk.characterize.cells import CELLS

    for cell in CELLS:
        if not any(kind in cell for kind in ("conb", "diode")):
            assert extract(*views, cell).devices
