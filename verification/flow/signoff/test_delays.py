"""Delays of OpenSTA reach Icarus: measured there, and violated limits are reported."""

from __future__ import annotations

import re
import subprocess

import pytest

from flow.signoff.delays import read_delays, write_sdf
from flow.signoff.opensta import run_corner
from flow.signoff.timed_models import ANNOTATE, LIMITS, timed_sources
from flow.signoff.verdict import NoVerdict
from verification.flow.signoff.counter import CORNER, make_counter

SDF = """\
(DELAYFILE
 (DESIGN "tiny")
 (CELL
  (CELLTYPE "tiny")
  (INSTANCE)
  (DELAY
   (ABSOLUTE
    (INTERCONNECT a u\\$1/A (0.010::0.020) (0.030::0.040))
    (INTERCONNECT ck r0/CLK (0.100::0.100))
   )
  )
 )
 (CELL
  (CELLTYPE "xor2")
  (INSTANCE u\\$1)
  (DELAY
   (ABSOLUTE
    (IOPATH A X (0.300::0.350) (0.200::0.250))
    (IOPATH A X (0.400::0.450) (0.100::0.150))
   )
  )
 )
 (CELL
  (CELLTYPE "dff")
  (INSTANCE r0)
  (DELAY (ABSOLUTE
    (IOPATH (posedge CLK) Q (0.500::0.600) (0.700::0.800))
  ))
  (TIMINGCHECK
    (HOLD (posedge D) (posedge CLK) (-0.049::-0.049))
    (HOLD (negedge D) (posedge CLK) (-0.020::-0.010))
    (SETUP (posedge D) (posedge CLK) (0.129::0.129))
    (SETUP (negedge D) (posedge CLK) (0.239::0.239))
  )
 )
)
"""
HOST = """\
`timescale 1ns / 1ps
module host;
  reg clk = 0, rst = 1, en = 1, checking = 0;
  wire [1:0] count;
  integer number = 0, cycle = 0, step;
  tiny dut (.clk(clk), .rst(rst), .en(en), .count(count));
  always #10 clk = !clk;
  always @(posedge clk) cycle = cycle + 1;
  always @(negedge clk) if (checking) $display("count %0d", count);
  always @(count) if (checking) $display("moved %0d", ($rtoi($realtime * 1000) - 10000) % 20000);
  initial begin
    #35 rst = 0; checking = 1;
    #100 {change}
    #30 $finish;
  end
endmodule
"""


@pytest.fixture
def counter(timed_tree, tmp_path):
    return make_counter(timed_tree, tmp_path)


@pytest.fixture
def play(counter, timed_tree, tmp_path):
    """Count for five cycles with the delays of OpenSTA, changed or not; what was printed."""

    def run(skew_ns=0.0, change=""):
        run_corner(counter.timed, CORNER, tmp_path)
        sdf = tmp_path / CORNER / f"tiny__{CORNER}.sdf"
        if skew_ns:
            wire = r"(INTERCONNECT tree/X r1/CLK) .*\)"
            late = f"({skew_ns:.3f}::{skew_ns:.3f})"
            text, count = re.subn(wire, rf"\1 {late} {late})", sdf.read_text())
            assert count == 1
            sdf.write_text(text)
        delays = read_delays(sdf, late=True)
        sources, text = timed_sources(counter.netlist, delays, timed_tree, {}, {})
        sources["host.v"] = HOST.replace("{change}", change)
        for name, content in sources.items():
            (tmp_path / name).write_text(content)
        (tmp_path / "delays.sdf").write_text(text)
        tops = [word for top in ("host", ANNOTATE, LIMITS) for word in ("-s", top)]
        build = ["iverilog", "-g2012", "-gspecify", "-DFUNCTIONAL", *tops, "-o", "host.vvp"]
        subprocess.run([*build, *sources], cwd=tmp_path, check=True)
        command = ["vvp", "-n", "host.vvp", "+sdf=delays.sdf"]
        out = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        assert "SDF" not in out.stdout
        return delays, [line for line in out.stdout.splitlines() if "VCD" not in line]

    return run


def test_wires_and_paths_become_one(tmp_path):
    path = tmp_path / "x.sdf"
    path.write_text(SDF)
    late, early = read_delays(path, late=True), read_delays(path, late=False)
    assert late.paths["u$1"]["A", "X"] == pytest.approx((0.49, 0.29))  # slowest path, slowest wire
    assert early.paths["u$1"]["A", "X"] == pytest.approx((0.31, 0.11))
    assert late.paths["r0"]["CLK", "Q"] == pytest.approx((0.7, 0.9))
    limit = late.limits["r0"]["D"]  # a clock that is 0.1 late needs less setup and more hold
    assert (limit.clock, limit.edge) == ("CLK", "posedge")
    assert (limit.setup, limit.hold) == pytest.approx((0.139, 0.09))
    text = write_sdf(late, {"u$1": "i0", "r0": "i1"}, {"xor2"})
    assert "(INSTANCE i0)" in text
    assert "(IOPATH A X (0.490) (0.290))" in text
    assert "i1" not in text


@pytest.mark.parametrize(
    ("text", "message"),
    [(SDF[:-60], "is truncated"), ('(DELAYFILE (DESIGN "tiny"))', "holds no delay")],
)
def test_a_damaged_file_gets_no_verdict(tmp_path, text, message):
    path = tmp_path / "x.sdf"
    path.write_text(text)
    with pytest.raises(NoVerdict, match=message):
        read_delays(path, late=True)


def _counts(printed):
    return [int(line.split()[1]) for line in printed if line.startswith("count")]


def test_the_delays_are_those_of_the_file(play):
    delays, printed = play()
    assert len(_counts(printed)) >= 5
    assert _counts(printed) == [k % 4 for k in range(len(_counts(printed)))]
    root = delays.paths["tree"]["A", "X"][0]
    known = [1000 * (root + edge) for r in ("r0", "r1") for edge in delays.paths[r]["CLK", "Q"]]
    moved = [int(line.split()[1]) for line in printed if line.startswith("moved")]
    assert moved
    assert all(min(abs(ps - other) for other in known) < 1.5 for ps in moved), (moved, known)
    assert not any(line.startswith("timing") for line in printed)


def test_data_too_near_the_clock_is_reported(play):
    """The enable moves through the clock edge in steps of 50 ps."""
    loop = "for (step = 0; step < 40; step = step + 1) @(posedge clk)"
    _, printed = play(change=f"{loop} #(18.5 + 0.05 * step) en = !en;")
    assert any(" setup " in line and line.endswith(" D") for line in printed), printed


def test_a_late_clock_in_the_delays_is_reported(play):
    _, printed = play(skew_ns=2.5)
    assert any(" hold " in line and line.endswith(" D") for line in printed), printed


def test_delays_of_another_netlist_get_no_verdict(counter, timed_tree, tmp_path):
    path = tmp_path / "x.sdf"
    path.write_text(SDF)
    with pytest.raises(NoVerdict, match="of another netlist: it has no instance"):
        timed_sources(counter.netlist, read_delays(path, late=True), timed_tree, {}, {})
