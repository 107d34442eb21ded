"""The foundry's cells: what is missing of them is said, what lies under their mark is told apart,
and with the library in `$PDK_ROOT` a macro is built of them."""

from __future__ import annotations

import klayout.db as kdb
import pytest

from flow import pdk
from flow.cli import run as spikeout
from macros.generator.build import Evidence, build, examine, outside
from macros.generator.spares import hide_spares, spare_pins
from macros.shape import MacroShape
from macros.technology import layers
from macros.technology.foundry import (
    FOUNDRY_CELLS,
    LIBRARY,
    FoundryCell,
    find_foundry_cells,
    foundry_boxes,
)
from macros.verify.drc import Marker
from macros.verify.flat import extract_flat
from macros.views import MacroMissing, Views, find_views

SHAPE = MacroShape(16, 8)
HOME = f"libs.ref/{LIBRARY}"


def _library(root, gds: bytes = b"", spice: str = ""):
    """A folder with a file for each view of each cell."""
    home = root / HOME / "cells"
    home.mkdir(parents=True)
    for cell in FOUNDRY_CELLS:
        (home / f"{LIBRARY}__{cell}.gds").write_bytes(gds)
        (home / f"{LIBRARY}__{cell}.spice").write_text(spice)
    return home


def test_missing_files_are_counted_and_named(tmp_path):
    with pytest.raises(RuntimeError, match=r"56 files are missing .*sram_sp_cell_opt1\.gds"):
        find_foundry_cells(tmp_path)
    home = _library(tmp_path)
    (home / f"{LIBRARY}__openram_dff.spice").unlink()
    with pytest.raises(RuntimeError, match=r"1 files are missing .*openram_dff\.spice"):
        find_foundry_cells(tmp_path)


def test_files_that_hold_no_cell_are_named(tmp_path):
    _library(tmp_path, gds=b"nothing")
    with pytest.raises(RuntimeError, match=r"opt1\.gds is no GDS file with the cell"):
        find_foundry_cells(tmp_path)


def test_netlists_without_the_cell_are_named(tmp_path):
    home = _library(tmp_path)
    for cell in FOUNDRY_CELLS:
        layout = kdb.Layout()
        layout.create_cell(f"{LIBRARY}__{cell}")
        layout.write(str(home / f"{LIBRARY}__{cell}.gds"))
    with pytest.raises(RuntimeError, match=r"opt1\.spice has no subcircuit"):
        find_foundry_cells(tmp_path)


@pytest.mark.parametrize("command", ["build", "verify"])
def test_a_pdk_without_them_is_one_line(command, monkeypatch, capsys):
    monkeypatch.delenv("PDK_ROOT", raising=False)
    assert spikeout(["macro", command, SHAPE.name, "--cells", "foundry"]) == 1
    *_, line = capsys.readouterr().err.splitlines()
    assert "files are missing" in line
    assert "--cells own" in line


def test_a_macro_of_them_is_never_the_shipped_one(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKEOUT_CACHE", str(tmp_path))
    (tmp_path / "cell").touch()
    cell = FoundryCell("any", tmp_path / "cell", tmp_path / "cell")
    with pytest.raises(MacroMissing, match="build sram_512x32 --cells foundry"):
        find_views("sram_512x32", [cell])


def test_their_timing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not measured: --no-timing"):
        build(SHAPE, tmp_path, foundry=[FoundryCell("any", tmp_path, tmp_path)])


def test_spare_pins_are_hidden():
    pins = ["addr0[3]", "addr0[4]", "din0[7]", "din0[8]", "spare_wen0", "dout0[7]", "dout0[8]"]
    inside = (
        f".SUBCKT sram_16x8\n+ {' '.join(pins[:3])}\n+ {' '.join(pins[3:])}\nXa spare_wen0[0] a\n"
    )
    text = hide_spares(f"{inside}.ENDS sram_16x8\n", SHAPE)
    assert "Xa spare_wen0 a\n.ENDS sram_16x8_spared\n" in text
    assert ".SUBCKT sram_16x8 addr0[3] din0[7] dout0[7]\n" in text
    assert "Xspared addr0[3] vssd1 din0[7] vssd1 vssd1 dout0[7] open sram_16x8_spared\n" in text
    assert set(spare_pins(SHAPE)) < set(pins)
    with pytest.raises(RuntimeError, match="no subcircuit"):
        hide_spares("", SHAPE)


def test_only_marked_cells_of_the_library_are_theirs():
    layout = kdb.Layout()
    top = layout.create_cell("top")
    mark = layout.layer(*layers.AREAID_CORE)
    for name, x in ((f"{LIBRARY}__a", 0), (f"{LIBRARY}__b", 5000), ("other", 9000)):
        cell = layout.create_cell(name)
        cell.shapes(layout.layer(*layers.MET1)).insert(kdb.Box(0, 0, 1000, 1200))
        if not name.endswith("b"):
            cell.shapes(mark).insert(kdb.Box(0, 0, 1000, 1000))
        top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(kdb.Vector(x, 0))))
    wanted = kdb.Region(kdb.Box(0, 0, 1000, 1200))
    assert (foundry_boxes(layout, top) ^ wanted).is_empty()


@pytest.mark.parametrize(
    ("box", "judged"),
    [
        ((100, 100, 900, 900), False),
        ((500, 500, 500, 500), False),
        ((900, 100, 1005, 200), True),
        ((1500, 500, 1500, 500), True),  # an off-grid vertex
        ((1500, 500, 1500, 700), True),
    ],
)
def test_only_what_is_wholly_theirs_is_not_judged(box, judged):
    marker = Marker("x_1b", box, ())
    region = kdb.Region(kdb.Box(0, 0, 1000, 1000))
    assert outside([marker], region) == [marker] * judged


def test_slanted_wires_join_under_the_mark():
    """Two squares and a diagonal between them; without its mark it is refused."""
    layout = kdb.Layout()
    top = layout.create_cell("top")
    met1, label = layout.layer(*layers.MET1), layout.layer(*layers.MET1_LABEL)
    for x, name in ((0, "a"), (1000, "b"), (3000, "c")):
        top.shapes(met1).insert(kdb.Box(x, x, x + 300, x + 300))
        top.shapes(label).insert(kdb.Text(name, kdb.Trans(x + 100, x + 100)))
    bridge = [(0, 100), (1100, 1200), (1200, 1100), (100, 0)]
    top.shapes(met1).insert(kdb.Polygon([kdb.Point(*place) for place in bridge]))
    with pytest.raises(RuntimeError, match="slanted"):
        extract_flat(layout, top)
    top.shapes(layout.layer(*layers.AREAID_CORE)).insert(kdb.Box(0, 0, 4000, 4000))
    pins = extract_flat(layout, top).pins
    assert pins["a"] == pins["b"] != pins["c"]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Views, Evidence]:
    """A macro of the foundry's cells, where the PDK has them."""
    tree = pdk.resolve(timing=False)
    if not (tree / HOME).is_dir():
        pytest.skip(f"needs a PDK with {HOME}: set PDK_ROOT to one")
    cells = find_foundry_cells(tree)  # a library that lacks some of them is a failure
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKEOUT_CACHE", str(tmp_path_factory.mktemp("cache")))
        views, evidence = build(SHAPE, foundry=cells)
    assert evidence is not None
    return views, evidence


@pytest.mark.full
def test_a_macro_of_them_matches_its_netlist(built, capsys):
    _, evidence = built
    with capsys.disabled():
        print(f"\n{SHAPE.name} of the foundry's cells: {evidence}")
    assert evidence.clean
    assert evidence.devices > 6 * 17 * 9
    assert evidence.foundry_stubs >= 2 * 17 * 9


@pytest.mark.full
def test_what_is_under_the_mark_is_left_as_it_is(built):
    """Devices, contacts and wires of bit cells, straps and ends are as in the PDK's files."""
    views, _ = built
    cells = {cell.name: cell for cell in find_foundry_cells(pdk.resolve(timing=False))}
    made = kdb.Layout()
    made.read(str(views.gds))
    compared = 0
    for cell in made.each_cell():
        if cell.name not in cells or foundry_boxes(made, cell).is_empty():
            continue
        drawn = kdb.Layout()
        drawn.read(str(cells[cell.name].gds))
        for layer in (layers.DIFF, layers.TAP, layers.POLY, layers.LICON, layers.LI1, layers.MET1):
            one, other = (
                kdb.Region(which.begin_shapes_rec(layout.layer(*layer)))
                for layout, which in ((made, cell), (drawn, drawn.cell(cell.name)))
            )
            assert (one ^ other).is_empty()
        compared += 1
    assert compared > 20


@pytest.mark.full
@pytest.mark.parametrize("fault", ["no li1", "no contacts", "no gates"])
def test_faults_in_their_array_are_found(built, fault, tmp_path):
    views, _ = built
    layout = kdb.Layout()
    layout.read(str(views.gds))
    cell = layout.cell(f"{LIBRARY}__sram_sp_cell_opt1")
    lost = {"no li1": layers.LI1, "no contacts": layers.LICON, "no gates": layers.POLY}
    for below in (cell.cell_index(), *cell.called_cells()):
        layout.cell(below).shapes(layout.layer(*lost[fault])).clear()
    layout.write(str(tmp_path / "spoiled.gds"))
    assert examine(tmp_path / "spoiled.gds", views.spice, SHAPE.name).differences
