"""A Verilog netlist as JSON, read by Yosys."""

from __future__ import annotations

import json

import pytest

from flow.yosys_json import write_json

NETLIST = """\
module top(a, y);
  input [1:0] a;
  output y;
  sky130_fd_sc_hd__nand2_1 \\u.g[0] (
    .A(a[0]),
    .B(a[1]),
    .Y(y)
  );
endmodule
"""


def test_names_and_bits_survive(tmp_path):
    source, target = tmp_path / "my top.v", tmp_path / "top.json"
    source.write_text(NETLIST)
    write_json(source, "top", target)
    module = json.loads(target.read_text())["modules"]["top"]
    cell = module["cells"]["u.g[0]"]
    assert cell["type"] == "sky130_fd_sc_hd__nand2_1"
    assert cell["connections"]["A"] + cell["connections"]["B"] == module["ports"]["a"]["bits"]


def test_what_is_no_verilog_is_one_sentence(tmp_path):
    source = tmp_path / "bad.v"
    source.write_text("module top(a\n")
    with pytest.raises(RuntimeError, match=r"Yosys cannot read .*bad.v: ") as raised:
        write_json(source, "top", tmp_path / "top.json")
    assert "\n" not in str(raised.value)
