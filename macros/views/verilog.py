"""The behavioural Verilog of a macro, for RTL and gate-level simulation."""

from __future__ import annotations

from macros.shape import MacroShape

__all__ = ["behavioural_verilog"]

TEMPLATE = """\
// Single-port SRAM, {words} words of {bits} bits: behavioural model.
//
// Inputs are captured at the rising edge of clk0. csb0 low selects the macro; web0 low writes
// din0, web0 high reads. As in silicon, read data replace dout0 after the falling edge of clk0 and
// stay until those of the next read. Contents and dout0 are X at power-up. An unknown address,
// select or write enable reads X, and leaves X wherever a write may have happened.
// The delay from clk0 to dout0 is 0 until SDF annotates it; Icarus, whose version 11 stops at paths
// to the bits of a bus, is not shown the path: delay dout0 outside of this module there.
`ifndef SYNTHESIS
`timescale 1ns / 1ps
module {name} (
`ifdef USE_POWER_PINS
    inout vccd1,
    inout vssd1,
`endif
    input clk0,
    input csb0,
    input web0,
    input [{address_top}:0] addr0,
    input [{bit_top}:0] din0,
    output reg [{bit_top}:0] dout0
);
    reg [{bit_top}:0] mem [0:{word_top}];
    reg [{bit_top}:0] fetched;
    reg reading;
    integer word;

    wire selected = csb0 !== 1'b1;
    wire certain = csb0 === 1'b0;
    wire address_known = (^addr0) !== 1'bx;

    always @(posedge clk0) begin
        reading <= selected && web0 !== 1'b0;
        if (selected && web0 !== 1'b0)
            fetched <= certain && clk0 === 1'b1 && web0 === 1'b1 && address_known
                ? mem[addr0] : {{{bits}{{1'bx}}}};
        if (selected && web0 !== 1'b1) begin
            if (address_known)
                mem[addr0] <= certain && clk0 === 1'b1 && web0 === 1'b0
                    ? din0 : {{{bits}{{1'bx}}}};
            else
                for (word = 0; word < {words}; word = word + 1) mem[word] <= {{{bits}{{1'bx}}}};
        end
    end

    always @(negedge clk0) if (reading)
        dout0 <= clk0 === 1'b0 ? fetched : {{{bits}{{1'bx}}}};

`ifndef VERILATOR
`ifndef __ICARUS__
    specify
        (negedge clk0 *> (dout0 +: fetched)) = (0, 0);
    endspecify
`endif
`endif
endmodule
`else
(* blackbox *)
module {name} (
`ifdef USE_POWER_PINS
    inout vccd1,
    inout vssd1,
`endif
    input clk0,
    input csb0,
    input web0,
    input [{address_top}:0] addr0,
    input [{bit_top}:0] din0,
    output [{bit_top}:0] dout0
);
endmodule
`endif
"""


def behavioural_verilog(shape: MacroShape) -> str:
    """Verilog-2005 text of the module `shape.name`; under `SYNTHESIS` it is a black box."""
    return TEMPLATE.format(
        name=shape.name,
        words=shape.words,
        bits=shape.bits,
        word_top=shape.words - 1,
        bit_top=shape.bits - 1,
        address_top=shape.address_bits - 1,
    )
