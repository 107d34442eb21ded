"""The exported Verilog: same bytes every time, lint clean, no power-up values, all chips."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from flow.chips import chip_file, chip_names
from rtl.config import Chip, Memory, load_chip
from rtl.verilog import black_box, verilog, write_verilog, yosys
from verification.rtl.simulation import verilator_root

WAIVERS = Path(__file__).parents[2] / "rtl" / "lint.vlt"


def lint(folder: Path, top: str) -> list[str]:
    """Warnings of verilator -Wall beyond the named waivers."""
    root = verilator_root()
    command = [str(root / "bin" / "verilator"), "--lint-only", "-Wall", "--top-module", top]
    run = subprocess.run(
        [*command, str(WAIVERS), *map(str, sorted(folder.glob("*.v")))],
        env={**os.environ, "VERILATOR_ROOT": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in run.stderr.splitlines() if line.startswith("%")]


@pytest.mark.parametrize("name", chip_names())
def test_lint_is_clean(name: str, tmp_path: Path) -> None:
    chip = load_chip(chip_file(name))
    write_verilog(chip, tmp_path)
    assert lint(tmp_path, name) == []


def test_lint_can_fail(tmp_path: Path) -> None:
    (tmp_path / "digits.v").write_text(
        "module digits(input a, output [1:0] b); assign b = {a, a, a}; endmodule\n"
    )
    assert lint(tmp_path, "digits")


def test_same_bytes() -> None:
    chip = load_chip(chip_file("digits"))
    assert verilog(chip) == verilog(chip)


def test_shape_of_the_file() -> None:
    files = verilog(load_chip(chip_file("digits")))
    assert set(files) == {"digits.v", "sram_512x32.v"}
    text = files["digits.v"]
    assert re.search(r"^module digits\(", text, flags=re.M)
    assert text.count("sram_512x32 ") == 1
    assert not re.search(r"reg [^;]*=", text), "a register has a power-up value"
    assert "initial" not in text
    assert "/" not in re.sub(r"//.*", "", text), "a path"
    for port in ("wb_clk_i", "wb_rst_i", "wbs_adr_i", "wbs_ack_o", "irq_o"):
        assert re.search(rf"^  (input|output) .*\b{port};", text, flags=re.M)


def test_memory_kinds_swap() -> None:
    """Flip-flops in place of macros: same ports, no black box left."""
    chip = load_chip(chip_file("digits"))
    flops = replace(chip, memories={"shared": Memory(64)})
    assert set(verilog(flops)) == {"digits.v"}


def test_black_box() -> None:
    assert "input [8:0] addr0" in black_box("sram_512x32")


def test_yosys_says_why() -> None:
    with pytest.raises(RuntimeError, match="no_such_pass"):
        yosys("no_such_pass")


def test_a_chip_of_each_kind_elaborates() -> None:
    chip = Chip(
        name="wide",
        memories={role: Memory(32) for role in ("weights", "state", "spikes")},
        lanes=64,
        potential_bits=16,
        largest_layer=64,
        update_lanes=4,
        double_buffer=True,
    )
    assert "module wide(" in verilog(chip)["wide.v"]
