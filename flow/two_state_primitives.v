// The user-defined primitives of sky130_fd_sc_hd's functional models as plain Verilog, for two-state
// simulators: Verilator's model of a netlist compiles in half the time with these. X-pessimism is
// the tables' affair; a test holds the two against each other in Icarus.
`timescale 1ns / 1ps

module sky130_fd_sc_hd__udp_dff$P (output reg Q, input D, input CLK);
  always @(posedge CLK) Q <= D;
endmodule

module sky130_fd_sc_hd__udp_dff$PR (output reg Q, input D, input CLK, input RESET);
  always @(posedge CLK or posedge RESET) if (RESET) Q <= 1'b0; else Q <= D;
endmodule

module sky130_fd_sc_hd__udp_dff$PS (output reg Q, input D, input CLK, input SET);
  always @(posedge CLK or posedge SET) if (SET) Q <= 1'b1; else Q <= D;
endmodule

// Set dominates reset; a reset that outlives a set clears.
module sky130_fd_sc_hd__udp_dff$NSR (output reg Q, input SET, input RESET, input CLK_N, input D);
  wire clear = RESET & ~SET;
  always @(posedge CLK_N or posedge SET or posedge clear)
    if (SET) Q <= 1'b1; else if (clear) Q <= 1'b0; else Q <= D;
endmodule

module sky130_fd_sc_hd__udp_dlatch$P (output reg Q, input D, input GATE);
  always_latch if (GATE) Q = D;
endmodule

module sky130_fd_sc_hd__udp_dlatch$lP (output reg Q, input D, input GATE);
  always_latch if (GATE) Q = D;
endmodule

module sky130_fd_sc_hd__udp_dlatch$PR (output reg Q, input D, input GATE, input RESET);
  always_latch if (RESET) Q = 1'b0; else if (GATE) Q = D;
endmodule

module sky130_fd_sc_hd__udp_mux_2to1 (output X, input A0, input A1, input S);
  assign X = S ? A1 : A0;
endmodule

module sky130_fd_sc_hd__udp_mux_2to1_N (output Y, input A0, input A1, input S);
  assign Y = S ? ~A1 : ~A0;
endmodule

module sky130_fd_sc_hd__udp_mux_4to2 (
    output X, input A0, input A1, input A2, input A3, input S0, input S1
);
  assign X = S1 ? (S0 ? A3 : A2) : (S0 ? A1 : A0);
endmodule
