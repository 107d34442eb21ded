"""The counter's netlist is its RTL; every planted error is found, and named."""

from __future__ import annotations

import json

import pytest

from flow.signoff.equivalence import check_equivalence
from flow.signoff.verdict import NoVerdict
from verification.flow.signoff.counter import CORNER, make_counter


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


@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [
        ("and2_1 u3", "or2_1 u3", "count[1].D"),  # one flipped gate
        ("u4 (.A(count[1]), .B(c)", "u4 (.A(count[1]), .B(en)", "count[1].D"),  # a wrong net
        (".D(d0)", ".D(d1)", "count[0].D"),  # swapped data
        (".D(d1)", ".D(count[1])", "count[1].D"),  # a stuck register
        ("u2 (.A(t0), .B(nrst)", "u2 (.A(t0), .B(rst)", "count[0].D"),  # a wrong reset
        ("u6 (.A(count[0])", "u6 (.A(c)", "full[0]"),  # a wrong output
    ],
)
def test_an_error_in_the_netlist_is_found(check, old, new, differs):
    verdict = check(old, new)
    assert not verdict.passed
    assert f"{differs} differs" in json.loads(verdict.file.read_text())["faults"]


def test_an_inverted_clock_is_found(check):
    verdict = check(
        "sky130_fd_sc_hd__dfxtp_1 r1 (.CLK(ck)",
        "sky130_fd_sc_hd__inv_1 bad (.A(ck), .Y(kc));\n  sky130_fd_sc_hd__dfxtp_1 r1 (.CLK(kc)",
    )
    assert not verdict.passed
    assert json.loads(verdict.file.read_text())["faults"] == ["count[1].CLK differs"]


def test_a_gated_clock_is_found(check):
    verdict = check(
        "sky130_fd_sc_hd__dfxtp_1 r1 (.CLK(ck)",
        "sky130_fd_sc_hd__and2_1 bad (.A(ck), .B(en), .X(kc));\n"
        "  sky130_fd_sc_hd__dfxtp_1 r1 (.CLK(kc)",
    )
    assert json.loads(verdict.file.read_text())["faults"] == ["count[1].CLK differs"]


def test_a_register_too_many_is_found(check):
    verdict = check(
        "u6 (.A(count[0]), .B(count[1]), .X(full));",
        "u6 (.A(count[0]), .B(odd), .X(full));\n"
        "  sky130_fd_sc_hd__xor2_1 u7 (.A(odd), .B(en), .X(more));\n"
        "  sky130_fd_sc_hd__dfxtp_1 r2 (.CLK(ck), .D(more), .Q(odd));",
    )
    assert json.loads(verdict.file.read_text())["faults"] == [
        "register odd has no counterpart in the RTL"
    ]


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
