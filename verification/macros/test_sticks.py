"""macros.technology.sticks: texts become cells that meet the rules and hold the meant circuit."""

from __future__ import annotations

from pathlib import Path

import pytest

from macros.technology.drawing import write_gds
from macros.technology.sticks import Level, draw_sticks
from macros.verify.drc import check_layout, summary
from macros.verify.extract import DEVICE_PREFIX, extract, read_layout


def devices(levels: list[Level], pins: list[str], folder: Path) -> set[tuple[str, frozenset, str]]:
    """(kind, {source, drain}, gate) of each transistor, after the rules are found to hold."""
    write_gds([draw_sticks("sticks", levels, pins=pins)], folder / "sticks.gds")
    layout, top = read_layout(folder / "sticks.gds")
    assert summary(check_layout(layout, top)) == {}
    extraction = extract(layout, top)
    circuit = extraction.netlist().circuit_by_name("sticks")

    def net(device, terminal: str) -> str:
        return device.net_for_terminal(terminal).expanded_name().split(",")[0]

    return {
        (
            d.device_class().name.removeprefix(DEVICE_PREFIX)[:4],
            frozenset((net(d, "S"), net(d, "D"))),
            net(d, "G"),
        )
        for d in circuit.each_device()
    }


def test_a_nand(tmp_path: Path) -> None:
    level = Level(n="gnd a x b z", p="vdd a z b vdd")
    assert devices([level], ["a", "b", "z", "x"], tmp_path) >= {
        ("pfet", frozenset(("vdd", "z")), "a"),
        ("pfet", frozenset(("vdd", "z")), "b"),
    }


def test_a_cut_column_keeps_its_gates_apart(tmp_path: Path) -> None:
    level = Level(n="gnd on z", p="vdd off z", pads=2)
    assert devices([level], ["on", "off", "z"], tmp_path) == {
        ("nfet", frozenset(("gnd", "z")), "on"),
        ("pfet", frozenset(("vdd", "z")), "off"),
    }


def test_a_diagram_without_room_is_refused() -> None:
    level = Level(n="gnd a x b y c z", p="vdd c z b y a x", pads=1)
    with pytest.raises(ValueError, match="no wiring fits"):
        draw_sticks("crowded", [level])


def test_a_cell_narrower_than_its_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 1160 nm of width, not 1000"):
        draw_sticks("narrow", [Level(n="gnd a z", p="vdd a z")], width=1000)


def test_a_row_ends_with_diffusion() -> None:
    with pytest.raises(ValueError, match="starts and ends with a source or drain"):
        draw_sticks("open", [Level(n="gnd a", p="vdd a z")])
