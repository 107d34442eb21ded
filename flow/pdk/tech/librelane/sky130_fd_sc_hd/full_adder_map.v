// Full adders of Yosys (`$fa`) onto the library's own, used with SYNTH_ADDER_TYPE = FA.
module \$fa (A, B, C, X, Y);
  parameter WIDTH = 1;
  input [WIDTH-1:0] A, B, C;
  output [WIDTH-1:0] X, Y;
  genvar i;
  generate
    for (i = 0; i < WIDTH; i = i + 1) begin : bits
      sky130_fd_sc_hd__fa_1 adder (.A(A[i]), .B(B[i]), .CIN(C[i]), .COUT(X[i]), .SUM(Y[i]));
    end
  endgenerate
endmodule
