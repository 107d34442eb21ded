"""The stand-in of a macro's Liberty: readable by all, marked, later at the slow corner."""

from __future__ import annotations

import subprocess

import pytest

from flow import placeholder, shims
from flow.pdk.check import _opensta
from flow.pdk.liberty_reader import parse
from flow.pdk.names import CORNERS
from macros.shape import MacroShape

SHAPE = MacroShape(512, 32)


@pytest.mark.parametrize("corner", CORNERS)
def test_three_readers_read_it(tmp_path, corner):
    path = tmp_path / "macro.lib"
    path.write_text(placeholder.liberty(SHAPE, corner))
    assert _opensta(path) == {"sram_512x32"}
    commands = f"read_liberty -lib {path}; select -assert-any =sram_512x32"
    with shims.on_path():
        subprocess.run(["yosys", "-q", "-p", commands], check=True)
    library = parse(path.read_text())
    assert placeholder.MARK in library.name
    cell = next(library.groups("cell"))
    assert {bus.name for bus in cell.groups("bus")} == {"addr0", "din0", "dout0"}
    assert {pin.name for pin in cell.groups("pin")} == {"clk0", "csb0", "web0"}
    widths = {kind.name: kind.number("bit_width") for kind in library.groups("type")}
    assert widths == {"word": 32, "address": 9}


def test_the_slow_corner_is_the_slowest():
    times = {corner: placeholder.TIMING[corner].read_ns for corner in CORNERS}
    assert max(times, key=times.__getitem__) == "ss_100C_1v60"
    assert min(times, key=times.__getitem__) == "ff_n40C_1v95"
