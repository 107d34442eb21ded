"""A small chip equals its netlist; bad input gets no verdict. Planted faults: `planted`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flow.signoff.gds import read_gds
from flow.signoff.lvs import check_device_lvs, check_lvs, compare_gates
from flow.signoff.powered_netlist import Gates, read_gates
from flow.signoff.verdict import NoVerdict
from macros.technology.cells import CELLS
from macros.technology.drawing import write_gds
from macros.technology.schematics import SCHEMATICS
from verification.flow.signoff.small_chip import SmallChip, small_chip


@pytest.fixture(scope="module")
def chip() -> SmallChip:
    return small_chip()


def test_layout_equals_netlist(chip: SmallChip, tmp_path: Path) -> None:
    verdict = check_lvs(chip.gds, chip.netlist, tmp_path)
    assert verdict.passed, (tmp_path / "lvs.txt").read_text()
    gates = read_gates(chip.netlist)
    assert verdict.metrics["lvs__cells"] == len(gates.cells)
    assert verdict.metrics["lvs__nets"] > 60
    assert verdict.metrics["lvs__wells"] > 3
    assert {"VPWR", "VGND"} <= gates.ports.keys()


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
    assert any(f"{name}/{pin}" in line for line in result.differences for pin in "AB")


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
