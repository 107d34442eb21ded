"""The counter simulated in Icarus with the delays of OpenSTA."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from flow import pdk
from flow.signoff.delays import Delays, read_delays
from flow.signoff.opensta import run_corner
from flow.signoff.timed_models import ANNOTATE, LIMITS, timed_sources
from verification.flow.signoff.counter import CORNER, Counter

__all__ = ["play"]

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


def play(
    counter: Counter, folder: Path, skew_ns: float = 0.0, change: str = ""
) -> tuple[Delays, list[str]]:
    """Count for five cycles, with a wire of `skew_ns` before the clock of r1 and Verilog `change`
    in the bench; the delays, and what was printed."""
    run_corner(counter.timed, CORNER, folder)
    sdf = folder / CORNER / f"tiny__{CORNER}.sdf"
    if skew_ns:
        late = f"({skew_ns:.3f}::{skew_ns:.3f})"
        wire = r"(INTERCONNECT tree/X r1/CLK) .*\)"
        text, count = re.subn(wire, rf"\1 {late} {late})", sdf.read_text())
        assert count == 1
        sdf.write_text(text)
    delays = read_delays(sdf, late=True)
    sources, text = timed_sources(counter.netlist, delays, pdk.resolve(), {}, {})
    sources["host.v"] = HOST.replace("{change}", change)
    for name, content in sources.items():
        (folder / name).write_text(content)
    (folder / "delays.sdf").write_text(text)
    tops = [word for top in ("host", ANNOTATE, LIMITS) for word in ("-s", top)]
    build = ["iverilog", "-g2012", "-gspecify", "-DFUNCTIONAL", *tops, "-o", "host.vvp"]
    subprocess.run([*build, *sources], cwd=folder, check=True)
    command = ["vvp", "-n", "host.vvp", "+sdf=delays.sdf"]
    out = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    assert "SDF" not in out.stdout
    return delays, [line for line in out.stdout.splitlines() if "VCD" not in line]
