"""macros.views.verilog: the behavioural model in iverilog against a model in Python."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from macros.shape import MacroShape
from macros.views.verilog import behavioural_verilog

SHAPE = MacroShape(words=16, bits=8)
UNKNOWN = "x" * SHAPE.bits


def simulate(folder: Path, cycles: list[tuple[str, str, str, str]]) -> list[str]:
    """Apply (csb0, web0, addr0, din0) as binary digits, one tuple a cycle; dout0 at cycle ends."""
    stimuli = "\n".join(
        f"csb = 1'b{csb}; web = 1'b{web}; addr = {SHAPE.address_bits}'b{addr}; "
        f'din = {SHAPE.bits}\'b{din}; #5 clk = 1; #4 clk = 0; #1 $display("%b", dout);'
        for csb, web, addr, din in cycles
    )
    (folder / "macro.v").write_text(behavioural_verilog(SHAPE))
    (folder / "bench.v").write_text(
        f"""`timescale 1ns/1ps
        module bench; reg clk, csb, web; reg [3:0] addr; reg [7:0] din; wire [7:0] dout;
        {SHAPE.name} dut(clk, csb, web, addr, din, dout);
        initial begin clk = 0; {stimuli} end endmodule"""
    )
    subprocess.run(["iverilog", "-o", "bench", "bench.v", "macro.v"], cwd=folder, check=True)
    run = subprocess.run(["vvp", "-n", "bench"], cwd=folder, check=True, capture_output=True)
    return run.stdout.decode().split()


def test_known_cycles_follow_a_plain_memory(tmp_path: Path) -> None:
    source = random.Random(5)
    memory, dout = {}, UNKNOWN
    cycles, expected = [], []
    for _ in range(400):
        csb, web = source.choice("0001"), source.choice("01")
        addr, din = f"{source.randrange(16):04b}", f"{source.randrange(256):08b}"
        if (csb, web) == ("0", "0"):
            memory[addr] = din
        elif (csb, web) == ("0", "1"):
            dout = memory.get(addr, UNKNOWN)
        cycles.append((csb, web, addr, din))
        expected.append(dout)
    assert simulate(tmp_path, cycles) == expected


@pytest.mark.parametrize(
    ("disturbance", "spoiled"),
    [
        (("0", "0", "000x", "11111111"), {"0000", "0001", "1000"}),
        (("0", "x", "0001", "11111111"), {"0001"}),
        (("x", "0", "0001", "11111111"), {"0001"}),
        (("x", "1", "0001", "11111111"), set()),
        (("1", "x", "xxxx", "11111111"), set()),
        (("0", "1", "xxxx", "11111111"), set()),
    ],
)
def test_an_unknown_input_spoils_what_it_may_have_written(
    tmp_path: Path, disturbance: tuple[str, str, str, str], spoiled: set[str]
) -> None:
    words = ["0000", "0001", "1000"]
    cycles = [("0", "0", word, f"0101{word}") for word in words]
    cycles += [disturbance, *(("0", "1", word, "00000000") for word in words)]
    read = simulate(tmp_path, cycles)[-len(words) :]
    assert read == [UNKNOWN if word in spoiled else f"0101{word}" for word in words]


def test_an_unknown_read_gives_x_and_the_next_read_recovers(tmp_path: Path) -> None:
    outputs = simulate(
        tmp_path,
        [
            ("0", "0", "0011", "10100101"),
            ("0", "1", "0011", "00000000"),
            ("1", "1", "0000", "00000000"),
            ("0", "0", "0100", "00000001"),
            ("0", "1", "0x11", "00000000"),
            ("0", "1", "0011", "00000000"),
        ],
    )
    assert outputs == [UNKNOWN, "10100101", "10100101", "10100101", UNKNOWN, "10100101"]


def test_read_data_wait_for_the_falling_edge(tmp_path: Path) -> None:
    (tmp_path / "macro.v").write_text(behavioural_verilog(SHAPE))
    (tmp_path / "bench.v").write_text(
        f"""`timescale 1ns/1ps
        module bench; reg clk = 0, csb = 0, web = 0; reg [3:0] addr = 3; reg [7:0] din = 165;
        wire [7:0] dout; {SHAPE.name} dut(clk, csb, web, addr, din, dout);
        always @(dout) $display("%0d %b", $time, dout);
        initial begin
          #10 clk = 1; #10 clk = 0;                                  // 165 is written
          addr = 4; din = 90; #10 clk = 1; #10 clk = 0;
          web = 1; #10 clk = 1; #1 web = 0; addr = 3; #9 clk = 0;    // 90 is read at 60
          csb = 1; #10 clk = 1; #10 clk = 0;
          csb = 0; web = 1; #10 clk = 1; #1 csb = 1; #9 clk = 0;     // 165 is read at 100
          csb = 0; web = 0; din = 0; #10 clk = 1; #10 clk = 0;       // a write shows nothing
          web = 1; #10 clk = 1; #10 clk = 1'bx; #10 clk = 0;         // 0 is read at 150
        end endmodule"""
    )
    subprocess.run(["iverilog", "-o", "bench", "bench.v", "macro.v"], cwd=tmp_path, check=True)
    run = subprocess.run(["vvp", "-n", "bench"], cwd=tmp_path, check=True, capture_output=True)
    assert run.stdout.decode().splitlines() == [
        "60 01011010",
        "100 10100101",
        "140 xxxxxxxx",
        "150 00000000",
    ]


def test_paths_for_sdf_are_well_formed(tmp_path: Path) -> None:
    """They are hidden from the simulators here; Icarus reads them as long as no delay is set."""
    text = behavioural_verilog(SHAPE)
    assert text.count("__ICARUS__") == 1
    (tmp_path / "macro.v").write_text(text.replace("__ICARUS__", "NOWHERE"))
    subprocess.run(
        ["iverilog", "-gspecify", "-t", "null", "-Wall", "macro.v"], cwd=tmp_path, check=True
    )
    (tmp_path / "macro.v").write_text(
        text.replace("__ICARUS__", "NOWHERE").replace("clk0 *>", "clk1 *>")
    )
    wrong = subprocess.run(["iverilog", "-gspecify", "-t", "null", "macro.v"], cwd=tmp_path)
    assert wrong.returncode


def test_power_pins_and_synthesis_views_compile(tmp_path: Path) -> None:
    (tmp_path / "macro.v").write_text(behavioural_verilog(SHAPE))
    for define in ("USE_POWER_PINS", "SYNTHESIS"):
        subprocess.run(
            ["iverilog", f"-D{define}", "-t", "null", "macro.v"], cwd=tmp_path, check=True
        )
