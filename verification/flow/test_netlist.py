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


BUSES = """\
module top (a, y);
  input [3:0] a;
  output y;
  wire \\n[1] ;
  ram \\u.r  (.addr0({ \\n[1] , a[2] , a[1:0]  }), .din0(a), .q(y));
  sky130_fd_sc_hd__nor2_1 _1_ (
    .A(a[3]),
    .B(\\n[1] ),
    .Y()
  );
endmodule
"""


def test_cells_with_the_net_at_each_bit(tmp_path):
    path = tmp_path / "top.nl.v"
    path.write_text(BUSES)
    ram, gate = netlist.cells(path)
    assert ram.name == "u.r"
    assert ram.pins == {
        "addr0[3]": "n[1]",
        "addr0[2]": "a[2]",
        "addr0[1]": "a[1]",
        "addr0[0]": "a[0]",
        **{f"din0[{bit}]": f"a[{bit}]" for bit in range(4)},
        "q": "y",
    }
    assert gate == ("_1_", "sky130_fd_sc_hd__nor2_1", {"A": "a[3]", "B": "n[1]"})


def test_a_name_with_a_dollar_sign_is_one_name(tmp_path):
    path = tmp_path / "top.nl.v"
    path.write_text(
        "module top (a);\n  input a;\n"
        "  sky130_fd_sc_hd__inv_1 u$1 (.A(a), .Y(first$150));\nendmodule\n"
    )
    (cell,) = netlist.cells(path)
    assert cell == ("u$1", "sky130_fd_sc_hd__inv_1", {"A": "a", "Y": "first$150"})
