"""The finished layout: connected as the netlist says, clean, and every planted fault is seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import klayout.db as kdb
import numpy as np
import pytest

from flow import pdk
from flow.pnr import check
from flow.pnr.cell_library import Library, read_library
from flow.pnr.check import check_layout
from flow.pnr.design import Design, Routes
from flow.pnr.floorplan import Floorplan, make_floorplan
from flow.pnr.gds import write_gds
from flow.pnr.lef import Master, Pin
from flow.pnr.netlist import read_netlist
from flow.pnr.placement import place
from macros.technology import layers
from verification.flow.pnr.conftest import Finished
from verification.flow.pnr.designs import random_logic, write_netlist
from verification.flow.pnr.routing_rules import violations


def test_layout_equals_netlist(finished: Finished) -> None:
    found = check_layout(finished.folder / "random_logic.gds", finished.design)
    assert found.clean
    assert found.pins > 4 * finished.netlist.instances


def test_layout_is_clean(finished: Finished) -> None:
    assert violations(finished.folder / "random_logic.gds", "random_logic") == {}


def test_every_instance_is_really_there(finished: Finished) -> None:
    layout = kdb.Layout()
    layout.read(str(finished.folder / "random_logic.gds"))
    cells = [layout.cell(name) for name in set(finished.design.masters)]
    assert all(not cell.bbox().empty() for cell in cells)
    assert sum(1 for _ in layout.cell("random_logic").each_inst()) == finished.design.instances


def _check(design: Design, routes: Routes, folder: Path) -> tuple[int, int, int]:
    path = folder / "faulty.gds"
    write_gds(replace(design, routes=routes), path)
    found = check_layout(path, design)
    return len(found.opens), len(found.shorts), len(found.lost)


def test_deleted_via_is_an_open(finished: Finished, tmp_path: Path) -> None:
    routes = finished.design.routes
    row = int(np.flatnonzero(routes.vias[:, 1] == 1)[7])
    opens, shorts, lost = _check(
        finished.design, replace(routes, vias=np.delete(routes.vias, row, axis=0)), tmp_path
    )
    assert (opens, shorts, lost) == (1, 0, 0)


def test_shifted_wire_is_seen(finished: Finished, tmp_path: Path) -> None:
    routes = finished.design.routes
    wires = routes.wires.copy()
    longest = int(np.argmax(np.where(wires[:, 1] == 1, wires[:, 5] - wires[:, 3], 0)))
    wires[longest, [2, 4]] += 460
    opens, shorts, _ = _check(finished.design, replace(routes, wires=wires), tmp_path)
    assert opens + shorts >= 1


def test_swapped_nets_are_seen(finished: Finished) -> None:
    design = finished.design
    pins = design.pin_instance.copy(), design.pin_index.copy()
    a, b = int(design.pin_start[20]), int(design.pin_start[40])
    for array in pins:
        array[[a, b]] = array[[b, a]]
    swapped = replace(design, pin_instance=pins[0], pin_index=pins[1])
    found = check_layout(finished.folder / "random_logic.gds", swapped)
    assert len(found.opens) == 2
    assert len(found.shorts) == 2


def test_missing_cell_is_seen(finished: Finished, tmp_path: Path) -> None:
    layout = kdb.Layout()
    layout.read(str(finished.folder / "random_logic.gds"))
    top = layout.cell("random_logic")
    next(i for i in top.each_inst() if i.cell.name.endswith("nand2_1")).delete()
    layout.write(str(tmp_path / "missing.gds"))
    found = check_layout(tmp_path / "missing.gds", finished.design)
    assert len(found.lost) == 1 or found.lost
    assert not found.clean


def test_notch_is_a_violation(finished: Finished, tmp_path: Path) -> None:
    """The rule checker of these tests is not blind."""
    routes = finished.design.routes
    patch = np.array([[0, 0, 30_000, 100, 30_400, 240], [0, 0, 30_000, 300, 30_400, 440]], np.int32)
    faulty = replace(routes, patches=np.concatenate([routes.patches, patch]))
    write_gds(replace(finished.design, routes=faulty), tmp_path / "notch.gds")
    found = violations(tmp_path / "notch.gds", "random_logic")
    assert found["met1 space"] == 1
    assert found["met1 area"] == 2


def test_empty_cell_is_refused(finished: Finished, library: Library, tmp_path: Path) -> None:
    empty = kdb.Layout()
    for name in finished.design.masters:
        empty.create_cell(name)
    hollow = Library(library.masters, library.gds_files, library.pdk, empty)
    with pytest.raises(RuntimeError, match="is empty in the GDS"):
        write_gds(replace(finished.design, cell_library=hollow), tmp_path / "hollow.gds")
    assert not (tmp_path / "hollow.gds").exists()


def test_an_open_output_is_no_short(tmp_path: Path) -> None:
    """Nets that never leave a cell carry that cell's numbers, which mean others in the chip."""
    library = read_library(pdk.resolve(timing=False))
    netlist = write_netlist(random_logic(60), tmp_path)
    design = make_floorplan(read_netlist(netlist, library), Floorplan(utilisation=0.5))[0]
    design, _ = place(design, effort=1)
    open_nets = np.flatnonzero(np.diff(design.pin_start) == 1)
    assert any(design.pin_instance[design.pin_start[k]] >= 0 for k in open_nets)
    write_gds(design, tmp_path / "x.gds")
    assert check_layout(tmp_path / "x.gds", design).shorts == []


@pytest.mark.parametrize(("drawn", "kept"), [("MET4", 6), ("MET2", 3), ("LI1", 0)])
def test_the_inside_of_a_macro_is_hidden_below_what_the_chip_can_touch(
    drawn: str, kept: int
) -> None:
    """The pin on met3 stays in any case, and so does the layer below a wire of the chip."""
    layout, top, design = macro_under_a_wire(drawn)
    assert check._hide_inside(layout, top, design) == (kept > 0)
    left = [not layout.cell("bits").bbox(layout.layer(*layer)).empty() for layer in layers.WIRES]
    assert left == [k >= kept for k in range(len(layers.WIRES))]


def test_what_a_cell_shares_with_a_macro_stays() -> None:
    layout, top, design = macro_under_a_wire("MET4")
    cell = layout.create_cell("cell")
    for parent, child in ((cell, "bits"), (top, "cell")):
        parent.insert(kdb.CellInstArray(layout.cell(child).cell_index(), kdb.Trans(90_000, 0)))
    assert not check._hide_inside(layout, top, design)
    assert not layout.cell("bits").bbox(layout.layer(*layers.LI1)).empty()


def macro_under_a_wire(drawn: str) -> tuple[kdb.Layout, kdb.Cell, Any]:
    """A macro whose one cell has metal on every layer, and a wire of the chip that ends at it."""
    layout = kdb.Layout()
    top, macro, bits = (layout.create_cell(name) for name in ("top", "macro", "bits"))
    for layer in layers.WIRES:
        bits.shapes(layout.layer(*layer)).insert(kdb.Box(0, 0, 5_000, 5_000))
    for parent, child in ((macro, bits), (top, macro)):
        parent.insert(kdb.CellInstArray(child.cell_index(), kdb.Trans()))
    wire = kdb.Box(5_000, 1_000, 9_000, 1_300)
    top.shapes(layout.layer(*getattr(layers, drawn))).insert(wire)
    master = Master("macro", "BLOCK", 5_000, 5_000)
    master.pins["p"] = Pin("p", "input", "signal", [("met3", (0, 0, 100, 100))])
    return layout, top, SimpleNamespace(master_objects=lambda: [master])


def test_hidden_metal_that_joins_is_no_open(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What looks open without the inside of macros is looked at again with it."""
    calls = []

    def hide_too_much(layout: kdb.Layout, top: kdb.Cell, design: Design) -> bool:
        calls.append(top.name)
        layout.clear_layer(layout.layer(*layers.MET2))
        return True

    monkeypatch.setattr(check, "_hide_inside", hide_too_much)
    assert check_layout(finished.folder / "random_logic.gds", finished.design).clean
    assert calls == ["random_logic"]
