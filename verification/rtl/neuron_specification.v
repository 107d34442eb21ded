// What a neuron must do, in wide integers, written from the golden model's equations and from nothing
// else. Proved equal to rtl/neuron.py for every input by test_neuron.py.

module leak_specification #(parameter BITS = 10) (
    input signed [BITS:0] u,
    input [3:0] beta,
    output signed [BITS:0] leaked
);
    wire signed [31:0] wide = u;
    wire signed [31:0] kept =
        beta > 8 ? 0 :
        (beta[3] ? wide : 0)
        + (beta[2] ? wide >>> 1 : 0) + (beta[1] ? wide >>> 2 : 0) + (beta[0] ? wide >>> 3 : 0);
    assign leaked = kept;
endmodule

module neuron_specification #(parameter BITS = 10, SUM = 12) (
    input signed [BITS:0] leaked,
    input signed [SUM-1:0] accumulator,
    input armed, spent,
    input [4:0] magnitude_bits,
    input is_signed,
    input signed [BITS:0] theta_high, theta_low,
    input [1:0] hysteresis, reset,
    input once,
    output [BITS-1:0] potential,
    output next_armed, next_spent, spike
);
    wire signed [31:0] sum = leaked + accumulator;
    wire signed [31:0] maximum = 
        (1 << (magnitude_bits > BITS ? BITS : magnitude_bits)) - 1;
    wire signed [31:0] minimum = is_signed ? -maximum - 1 : 0;
    wire signed [31:0] u = sum > maximum ? maximum : sum < minimum ? minimum : sum;
    wire fire = u > theta_high;
    wire below = u < theta_low;
    wire signed [31:0] after =
        !spike ? u : reset == 0 ? 0 : reset == 1 ? u - theta_high : u;
    wire free =
        hysteresis == 1 ? !spike && (armed || below) : hysteresis == 2 ? !spike && below : 1'b1;
    assign spike = armed && fire;
    assign next_spent = once && (spent || spike);
    assign next_armed = free && !next_spent;
    assign potential = after;
endmodule
