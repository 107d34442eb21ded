"""A two-bit counter small enough to read, with everything a finished chip has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from flow.chip_config import SDC
from flow.pdk.names import liberty_path
from flow.signoff.activity import Activity
from flow.signoff.opensta import TimedDesign

RTL = """\
module tiny (input clk, input rst, input en, output [1:0] count, output full);
  reg [1:0] count;
  always @(posedge clk)
    if (rst) count <= 0;
    else if (en) count <= count + 1;
  assign full = &count;
endmodule
"""
NETLIST = """\
module tiny (clk, rst, en, count, full);
  input clk;
  input rst;
  input en;
  output [1:0] count;
  output full;
  wire ck, nrst, t0, t1, c, d0, d1;
  sky130_fd_sc_hd__clkbuf_4 tree (.A(clk), .X(ck));
  sky130_fd_sc_hd__inv_1 u0 (.A(rst), .Y(nrst));
  sky130_fd_sc_hd__xor2_1 u1 (.A(count[0]), .B(en), .X(t0));
  sky130_fd_sc_hd__and2_1 u2 (.A(t0), .B(nrst), .X(d0));
  sky130_fd_sc_hd__and2_1 u3 (.A(count[0]), .B(en), .X(c));
  sky130_fd_sc_hd__xor2_1 u4 (.A(count[1]), .B(c), .X(t1));
  sky130_fd_sc_hd__and2_1 u5 (.A(t1), .B(nrst), .X(d1));
  sky130_fd_sc_hd__and2_1 u6 (.A(count[0]), .B(count[1]), .X(full));
  sky130_fd_sc_hd__dfxtp_1 r0 (.CLK(ck), .D(d0), .Q(count[0]));
  sky130_fd_sc_hd__dfxtp_1 r1 (.CLK(ck), .D(d1), .Q(count[1]));
endmodule
"""
SETTINGS = {
    "CLOCK_PORT": "clk",
    "CLOCK_PERIOD": "20",
    "IO_DELAY_CONSTRAINT": "20",
    "SYNTH_DRIVING_CELL": "sky130_fd_sc_hd__inv_2/Y",
    "SYNTH_CLK_DRIVING_CELL": "sky130_fd_sc_hd__clkbuf_8/X",
    "OUTPUT_CAP_LOAD": "33.442",
    "MAX_FANOUT_CONSTRAINT": "10",
    "CLOCK_UNCERTAINTY_CONSTRAINT": "0.1",
    "CLOCK_TRANSITION_CONSTRAINT": "0.15",
    "TIME_DERATING_CONSTRAINT": "5",
}
CORNER = "nom_ss_100C_1v60"
PINS = {
    "clk": ["tree:A"],
    "ck": ["tree:X", "r0:CLK", "r1:CLK"],
    "rst": ["u0:A"],
    "en": ["u1:B", "u3:B"],
    "nrst": ["u0:Y", "u2:B", "u5:B"],
    "t0": ["u1:X", "u2:A"],
    "d0": ["u2:X", "r0:D"],
    "c": ["u3:X", "u4:B"],
    "t1": ["u4:X", "u5:A"],
    "d1": ["u5:X", "r1:D"],
    "count[0]": ["r0:Q", "u1:A", "u3:A", "u6:A"],
    "count[1]": ["r1:Q", "u4:A", "u6:B"],
    "full": ["u6:X"],
}
PERIODS = 1000
PORTS = {"clk": "I", "rst": "I", "en": "I", "count[0]": "O", "count[1]": "O", "full": "O"}


def spef(capacitances: dict[str, float], skip: str = "", design: str = "tiny") -> str:
    """SPEF of the counter: 2 fF a net unless given, no resistance."""
    lines = [
        '*SPEF "IEEE 1481-1998"',
        f'*DESIGN "{design}"',
        '*DATE "-"',
        '*VENDOR "-"',
        '*PROGRAM "-"',
        '*VERSION "1"',
        '*DESIGN_FLOW "NETLIST_TYPE_VERILOG"',
        "*DIVIDER /",
        "*DELIMITER :",
        "*BUS_DELIMITER []",
        "*T_UNIT 1 NS",
        "*C_UNIT 1 FF",
        "*R_UNIT 1 OHM",
        "*L_UNIT 1 HENRY",
        "*PORTS",
        *(f"{port} {way}" for port, way in PORTS.items()),
    ]
    for net, pins in PINS.items():
        if net == skip:
            continue
        farad = capacitances.get(net, 2.0)
        nodes = [*([net] if net in PORTS else []), *pins]
        lines += [f"*D_NET {net} {farad}", "*CONN"]
        lines += [f"*P {net} {PORTS[net]}"] if net in PORTS else []
        lines += [f"*I {pin} {'O' if pin[-1] in 'XYQ' else 'I'}" for pin in pins]
        lines += ["*CAP", f"1 {nodes[0]} {farad}", "*RES"]
        lines += [f"{k} {nodes[0]} {node} 1" for k, node in enumerate(nodes[1:], 1)]
        lines.append("*END")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Counter:
    """The counter's files, and the counter for OpenSTA at the slow corner, with wires."""

    rtl: Path
    netlist: Path
    timed: TimedDesign

    def change(
        self, old: str = "", new: str = "", wires: str | None = None, **settings: str
    ) -> TimedDesign:
        """For OpenSTA with another netlist (`old` replaced by `new`), wires or settings."""
        if old:
            text = self.netlist.read_text()
            assert old in text
            self.netlist.write_text(text.replace(old, new))
        if wires is not None:
            self.timed.spef[CORNER].write_text(wires)
        return replace(self.timed, settings={**self.timed.settings, **settings})


def make_counter(tree: Path, folder: Path) -> Counter:
    """The counter in `folder`, with the Liberty of a sky130A tree."""
    rtl, netlist, wires = folder / "tiny.v", folder / "tiny.nl.v", folder / "tiny.spef"
    rtl.write_text(RTL)
    netlist.write_text(NETLIST)
    wires.write_text(spef({}))
    libraries = [liberty_path(tree, "ss_100C_1v60")]
    timed = TimedDesign("tiny", netlist, SDC, SETTINGS, {CORNER: libraries}, {CORNER: wires})
    return Counter(rtl, netlist, timed)


def activity(**toggles: float) -> Activity:
    """1000 periods in which nets toggle so often per period; the clock does, others do not."""
    duration = PERIODS * 20_000
    rates = dict.fromkeys(PINS, 0.0) | {"clk": 2, "ck": 2} | toggles
    return Activity(duration, {n: (int(k * PERIODS), duration // 2) for n, k in rates.items()})
