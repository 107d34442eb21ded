"""macros.characterize.liberty: three independent readers understand what is written."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from flow.pdk import liberty_reader
from macros.characterize import CORNERS, Figures
from macros.characterize.liberty import liberty_text
from macros.characterize.timing import CONSTRAINT_SLEW_NS, LOAD_PF, SLEW_NS
from macros.shape import MacroShape

SHAPE = MacroShape(64, 16)
CORNER = CORNERS["ss_100C_1v60"]


def grid(rows: int, columns: int, base: float) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(base + 0.1 * i + 0.01 * k for k in range(columns)) for i in range(rows))


def example() -> Figures:
    edges = ("rise", "fall")
    output = len(SLEW_NS), len(LOAD_PF)
    constraint = len(CONSTRAINT_SLEW_NS), len(CONSTRAINT_SLEW_NS)
    return Figures(
        delay={edge: grid(*output, 4.0) for edge in edges},
        slew={edge: grid(*output, 0.1) for edge in edges},
        setup={edge: grid(*constraint, 0.2) for edge in edges},
        hold={edge: grid(*constraint, 0.3) for edge in edges},
        access_ns=4.0,
        high_ns=2.5,
        low_ns=4.5,
        word_line_gap_ns=0.25,
        read_pj=20.0,
        write_pj=18.0,
        idle_pj=2.0,
        leakage_nw=123.0,
        pin_pf=dict.fromkeys(("clk0", "csb0", "web0", "addr0", "din0"), 0.01),
    )


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "macro.lib"
    path.write_text(liberty_text(SHAPE, CORNER, example(), 12345.6))
    return path


def test_our_reader_finds_every_pin_arc_and_number(library: Path) -> None:
    (cell,) = liberty_reader.read(library).groups("cell")
    assert (cell.name, cell.number("area")) == ("sram_64x16", 12345.6)
    assert {pin.name for pin in cell.groups("pg_pin")} == {"vccd1", "vssd1"}
    buses = {bus.name: bus for bus in cell.groups("bus")}
    assert set(buses) == {"addr0", "din0", "dout0"}
    (output,) = buses["dout0"].groups("pin")
    (arc,) = output.groups("timing")
    assert (output.name, arc.text("timing_type")) == ("dout0[15:0]", "falling_edge")
    pins = {pin.name: pin for pin in cell.groups("pin")}
    clock = pins["clk0"]
    assert clock.number("min_period") == 7.0
    assert clock.number("min_pulse_width_low") == 4.5
    assert [power.text("when") for power in clock.groups("internal_power")] == [
        "!csb0 & web0",
        "!csb0 & !web0",
        "csb0",
    ]
    kinds = {arc.text("timing_type") for arc in pins["web0"].groups("timing")}
    assert kinds == {"setup_rising", "hold_rising"}


def test_the_text_is_the_same_every_time_and_says_how(library: Path) -> None:
    assert library.read_text() == liberty_text(SHAPE, CORNER, example(), 12345.6)
    assert "read 20.00" in library.read_text()
    changed = liberty_text(SHAPE, CORNER, replace(example(), read_pj=21.0), 12345.6)
    assert changed != library.read_text()


DESIGN = """\
module top (input clk, csb, web, input [5:0] a, input [15:0] d, output [15:0] q);
  sram_64x16 mem (.clk0(clk), .csb0(csb), .web0(web), .addr0(a), .din0(d), .dout0(q));
endmodule
"""
SCRIPT = """\
read_liberty macro.lib
read_verilog top.v
link_design top
create_clock -name clk -period 20 [get_ports clk]
set_input_transition 0.01 [all_inputs]
set_load 0.002 [all_outputs]
set_input_delay 1 -clock clk [get_ports {csb web a[*] d[*]}]
set_output_delay 0 -clock clk [all_outputs]
report_checks -to [get_ports q[3]] -format full -digits 4
report_checks -path_delay min -to mem/addr0[2] -digits 4
report_power -digits 6
puts DONE
"""


def test_opensta_sees_the_half_cycle_arc_and_internal_power(library: Path, tmp_path: Path) -> None:
    if not shutil.which("sta"):
        pytest.fail("OpenSTA is missing; install it with: apt-get install opensta")
    (tmp_path / "top.v").write_text(DESIGN)
    (tmp_path / "run.tcl").write_text(SCRIPT + "exit\n")
    log = subprocess.run(
        ["sta", "-no_splash", "run.tcl"], cwd=tmp_path, capture_output=True, text=True
    ).stdout
    assert "DONE" in log, log
    assert "Error" not in log, log
    # clk falls at 10 ns, the smallest point of the table is 4 ns; an ideal clock is faster still
    assert re.search(r"10\.0000\s+10\.0000\s+clock clk \(fall edge\)", log), log
    assert re.search(r"13\.9\d+\s+[v^] mem/dout0\[3\]", log), log
    assert "library hold time" in log, log
    total = re.search(r"^Total\s+(\S+)\s+\S+\s+(\S+)", log, re.MULTILINE)
    assert total, log
    # between an idle and a read cycle every 20 ns; leakage as stated
    assert 2e-12 / 20e-9 <= float(total[1]) <= 21e-12 / 20e-9
    assert float(total[2]) == pytest.approx(123e-9)


def test_yosys_takes_it_as_a_black_box(library: Path, tmp_path: Path) -> None:
    from pyosys import libyosys

    design = libyosys.Design()
    (tmp_path / "top.v").write_text(DESIGN)
    libyosys.run_pass(f"read_liberty -lib {library}", design)
    libyosys.run_pass(f"read_verilog {tmp_path / 'top.v'}", design)
    libyosys.run_pass("hierarchy -check -top top", design)
