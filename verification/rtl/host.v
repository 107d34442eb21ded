// A Wishbone host for four-state simulators: plays a stimulus file, compares what it reads.
//
// Plusargs: +stimulus=FILE (one "kind address data mask" per line, hex, see stimulus.py),
// +waveform=FILE. Prints what host.cpp prints, and "unknown <operation> <cycle> <signal>" when an
// output of the chip is X or Z after the first reset. Define TOP as the chip's name; PERIOD is in ns,
// PATIENCE in cycles.
`timescale 1ns / 1ps
`ifndef PATIENCE
`define PATIENCE 2000000
`endif
`ifndef PERIOD
`define PERIOD 20
`endif
module host;
    localparam WRITE = 0, READ = 1, RECORD = 2, WAIT = 3, RESET = 4, IDLE = 5, ABORT = 6;
    localparam PARTIAL = 7;
    localparam SHOWN = 64;

    reg clk, rst, cyc, stb, we;
    reg [3:0] sel;
    reg [31:0] adr, dat;
    wire ack, irq;
    wire [31:0] read;

    `TOP dut (
        .wb_clk_i(clk), .wb_rst_i(rst),
        .wbs_cyc_i(cyc), .wbs_stb_i(stb), .wbs_we_i(we), .wbs_sel_i(sel),
        .wbs_adr_i(adr), .wbs_dat_i(dat), .wbs_ack_o(ack), .wbs_dat_o(read), .irq_o(irq)
    );

    integer file, fields, number, cycle, mismatches, unknowns, limit, n;
    reg stuck, checking;
    reg [31:0] kind, address, data, mask, got;
    reg [8 * 512 - 1:0] name;

    // Inputs change, and outputs are seen, with the falling edge.
    always #(`PERIOD / 2.0) clk = !clk;
    always @(negedge clk) begin
        cycle = cycle + 1;
        if (checking && (^{ack, read, irq}) === 1'bx) begin
            unknowns = unknowns + 1;
            if (unknowns < SHOWN) $display("unknown %0d %0d outputs", number, cycle);
        end
    end

    task access(input write, input [3:0] select);
        begin
            cyc = 1; stb = 1; we = write; sel = select; adr = address; dat = data;
            limit = cycle + `PATIENCE;
            @(negedge clk);
            while (ack !== 1'b1 && cycle < limit) @(negedge clk);
            stuck = ack !== 1'b1;
            got = read;
            @(negedge clk);
            cyc = 0; stb = 0; we = 0;
        end
    endtask

    initial begin
        clk = 0; cycle = 0; mismatches = 0; unknowns = 0; number = 0; stuck = 0; checking = 0;
        cyc = 0; stb = 0; we = 0; sel = 0; adr = 0; dat = 0; rst = 0;
        if ($value$plusargs("waveform=%s", name)) begin
            $dumpfile(name);
            $dumpvars(0, host);
        end
        if (!$value$plusargs("stimulus=%s", name)) name = "stimulus.hex";
        file = $fopen(name, "r");
        @(negedge clk);
        fields = $fscanf(file, "%h %h %h %h\n", kind, address, data, mask);
        while (fields == 4 && !stuck) begin
            case (kind)
                WRITE: access(1, 15);
                READ: begin
                    access(0, 15);
                    if (!stuck && ((got ^ data) & mask) !== 0) begin
                        mismatches = mismatches + 1;
                        $display("mismatch %0d %0d %0d", number, cycle, got);
                    end
                end
                RECORD: begin
                    access(0, 15);
                    $display("value %0d %0d", number, got);
                end
                WAIT: begin
                    limit = cycle + `PATIENCE;
                    while (irq !== 1'b1 && cycle < limit) @(negedge clk);
                    stuck = irq !== 1'b1;
                end
                RESET: begin
                    rst = 1;
                    repeat (address) @(negedge clk);
                    rst = 0;
                    checking = 1;
                end
                IDLE: repeat (address) @(negedge clk);
                ABORT: begin
                    cyc = 1; stb = 1; adr = address;
                    for (n = 0; n < data && !ack; n = n + 1) @(negedge clk);
                    cyc = 0; stb = 0;
                    @(negedge clk);
                end
                PARTIAL: access(1, mask[3:0]);
                default: begin
                    $display("stuck %0d %0d", number, cycle);
                    $finish;
                end
            endcase
            if (stuck) $display("stuck %0d %0d", number, cycle);
            number = number + 1;
            fields = $fscanf(file, "%h %h %h %h\n", kind, address, data, mask);
        end
        $display("end %0d %0d %0d", number, cycle, mismatches);
        $finish;
    end
endmodule
