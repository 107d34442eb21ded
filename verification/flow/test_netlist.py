"""What a netlist of Yosys holds."""

from __future__ import annotations

from flow import netlist

TEXT = """\
module top(a, \\b[0] , y);
  input a;
  wire a;
  sky130_fd_sc_hd__inv_1 _1_ (
    .A(a),
    .Y(y)
  );
  sky130_fd_sc_hd__inv_1 \\u.v[3]  (
    .A(a)
  );
  sram_64x32 \\memory.sram  (
    .clk0(a)
  );
endmodule
"""


def test_instances_and_histogram(tmp_path):
    path = tmp_path / "top.nl.v"
    path.write_text(TEXT)
    inverter = "sky130_fd_sc_hd__inv_1"
    assert netlist.instances(path) == {
        "_1_": inverter,
        "u.v[3]": inverter,
        "memory.sram": "sram_64x32",
    }
    assert netlist.histogram(path) == {inverter: 2, "sram_64x32": 1}
