"""Faults planted in the netlist, the wires and the delays of the counter.

CHANGED["one flipped gate"]      # (check, what its finding says, what changes)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from verification.flow.signoff.counter import spef

__all__ = ["CHANGED", "CLOCK_GATE", "FLOP", "OR", "Change"]

FLOP = "sky130_fd_sc_hd__dfxtp_1 r1 (.CLK(ck)"
LATE = "".join(
    f"sky130_fd_sc_hd__clkdlybuf4s50_1 k{k} (.A({f'k{k}' if k else 'ck'}), .X(k{k + 1}));\n  "
    for k in range(4)
)
OR = "sky130_fd_sc_hd__or2_1 wider (.A(c), .B(rst), .X(ge));\n  "
CLOCK_GATE = (
    "sky130_fd_sc_hd__dlclkp_1 gate (.CLK(ck), .GATE({enable}), .GCLK(kc));\n  "
    + FLOP.replace("ck", "kc")
)
GATED = "sky130_fd_sc_hd__and2_1 bad (.A(ck), .B({enable}), .X(kc));\n  " + FLOP.replace("ck", "kc")


@dataclass(frozen=True)
class Change:
    """The netlist with `old` replaced by `new`, another SPEF, other settings."""

    old: str = ""
    new: str = ""
    wires: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


def without_r1(wires: str) -> str:
    """A SPEF that does not know the clock pin of r1, whose net a fault changes."""
    return wires.replace("*I r1:CLK I\n", "").replace(" r1:CLK ", " r0:CLK ")


CHANGED: dict[str, tuple[str, str, Change]] = {
    "a clock too fast": ("timing", "^setup: ", Change(settings={"CLOCK_PERIOD": "1.5"})),
    "an uncertain clock": (
        "timing",
        "^hold: ",
        Change(settings={"CLOCK_UNCERTAINTY_CONSTRAINT": "3"}),
    ),
    "a late clock at one register": (
        "timing",
        "^hold: ",
        Change(FLOP, LATE + FLOP.replace("ck", "k4"), without_r1(spef({}))),
    ),
    "a clock gate whose enable moves while the clock is high": (
        "timing",
        "^clock_gating: ",
        Change(FLOP, GATED.format(enable="c"), without_r1(spef({})).replace(" u4:A", " u4:A")),
    ),
    "slow edges": (
        "timing",
        "^slew: ",
        Change(settings={"MAX_TRANSITION_CONSTRAINT": "0.02"}),
    ),
    "500 fF on the output of a gate": (
        "timing",
        "^capacitance: t0",
        Change(wires=spef({"t0": 500.0})),
    ),
    "a net without wires": ("timing", "^unannotated: t1$", Change(wires=spef({}, skip="t1"))),
    "an input that nothing drives": (
        "timing",
        "^undriven: floating$",
        Change("u1 (.A(count[0]), .B(en)", "u1 (.A(count[0]), .B(floating)"),
    ),
    "one flipped gate": ("equivalence", r"count\[1\].D differs", Change("and2_1 u3", "or2_1 u3")),
    "a wrong net at a pin": (
        "equivalence",
        r"count\[1\].D differs",
        Change("u4 (.A(count[1]), .B(c)", "u4 (.A(count[1]), .B(en)"),
    ),
    "swapped data of two registers": (
        "equivalence",
        r"count\[0\].D differs",
        Change(".D(d0)", ".D(d1)"),
    ),
    "a stuck register": (
        "equivalence",
        r"count\[1\].D differs",
        Change(".D(d1)", ".D(count[1])"),
    ),
    "a reset of the wrong sense": (
        "equivalence",
        r"count\[0\].D differs",
        Change("u2 (.A(t0), .B(nrst)", "u2 (.A(t0), .B(rst)"),
    ),
    "a wrong output": (
        "equivalence",
        r"full\[0\] differs",
        Change("u6 (.A(count[0])", "u6 (.A(c)"),
    ),
    "an inverted clock": (
        "equivalence",
        r"count\[1\].CLK differs",
        Change(
            FLOP,
            "sky130_fd_sc_hd__inv_1 bad (.A(ck), .Y(kc));\n  " + FLOP.replace("ck", "kc"),
        ),
    ),
    "a clock gate that the RTL has not": (
        "equivalence",
        r"count\[1\].CLK differs",
        Change(FLOP, GATED.format(enable="en")),
    ),
    "a clock gate that is closed in reset": (
        "equivalence",
        r"count\[1\].D differs",
        Change(FLOP, CLOCK_GATE.format(enable="c")),
    ),
    "a clock gate with another enable": (
        "equivalence",
        r"count\[1\].D differs",
        Change(FLOP, CLOCK_GATE.format(enable="en")),
    ),
    "a register too many": (
        "equivalence",
        "register odd has no counterpart in the RTL",
        Change(
            "u6 (.A(count[0]), .B(count[1]), .X(full));",
            "u6 (.A(count[0]), .B(odd), .X(full));\n"
            "  sky130_fd_sc_hd__xor2_1 u7 (.A(odd), .B(en), .X(more));\n"
            "  sky130_fd_sc_hd__dfxtp_1 r2 (.CLK(ck), .D(more), .Q(odd));",
        ),
    ),
}
"""Fault -> check that must find it, regular expression of its finding, what changes."""
