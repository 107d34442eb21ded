"""The counter's netlist is its RTL; other input gets no verdict. Planted faults: `planted`."""

from __future__ import annotations

import pytest

from flow.signoff.equivalence import check_equivalence
from flow.signoff.verdict import NoVerdict
from verification.flow.signoff.counter import CORNER, make_counter
from verification.flow.signoff.planted_counter import CLOCK_GATE, FLOP, OR


@pytest.fixture
def counter(timed_tree, tmp_path):
    return make_counter(timed_tree, tmp_path)


@pytest.fixture
def check(counter, tmp_path):
    (liberty,) = counter.timed.liberties[CORNER]

    def run(old="", new="", liberty=liberty, top="tiny"):
        if "input more" in new:
            counter.change("module tiny (clk", "module tiny (more, clk")
        counter.change(old, new)
        return check_equivalence(counter.rtl, counter.netlist, top, liberty, {}, tmp_path)

    return run


def test_the_netlist_is_the_rtl(check):
    verdict = check()
    assert verdict.passed, verdict.figure
    assert verdict.figure == "2 registers, 7 functions proved equal"  # 2 x (D, CLK), 3 outputs


def test_a_clock_gate_is_an_enable(check):
    """Open when the upper bit changes or reset clears it. Faulty ones stand in `planted`."""
    verdict = check(FLOP, OR + CLOCK_GATE.format(enable="ge"))
    assert verdict.figure == "2 registers, 7 functions proved equal"


def test_a_clock_behind_two_gates_needs_both_enables(check):
    both = CLOCK_GATE.format(enable="ge").replace("ck)", "k1)")
    first = "sky130_fd_sc_hd__dlclkp_2 first (.CLK(ck), .GATE(ge), .GCLK(k1));\n  "
    verdict = check(FLOP, OR + first + both)
    assert verdict.passed, verdict.figure


def test_a_gated_clock_that_is_data_gets_no_verdict(check):
    with pytest.raises(NoVerdict, match="a gated clock drives more than registers: kc"):
        check(f"{FLOP}, .D(d1)", CLOCK_GATE.format(enable="c") + ", .D(kc)")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("module tiny", "module other", "is of another design: it has no module tiny"),
        ("endmodule\n", "", "is truncated"),
        ("en;", "en;\n  input more;", "another design: only one of the two has more"),
        ("xor2_1 u1", "xor9_1 u1", "has no cell sky130_fd_sc_hd__xor9_1"),
    ],
)
def test_a_netlist_of_something_else_gets_no_verdict(check, old, new, message):
    with pytest.raises(NoVerdict, match=message):
        check(old, new)
