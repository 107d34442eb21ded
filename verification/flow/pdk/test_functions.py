"""Liberty functions against the real Verilog models: right ones pass, planted errors are caught."""

from __future__ import annotations

import pytest

from flow.pdk.functions import prove, to_verilog
from flow.pdk.liberty_reader import parse
from flow.pdk.names import PdkError

CELLS = {
    "nand2_1": "pin (A) { direction : input; } pin (B) { direction : input; }"
    ' pin (Y) { direction : output; function : "(A B)\'"; }',
    "mux2_1": "pin (A0) { direction : input; } pin (A1) { direction : input; }"
    " pin (S) { direction : input; }"
    ' pin (X) { direction : output; function : "(A0*!S) + (A1*S)"; }',
    "conb_1": 'pin (HI) { direction : output; function : "1"; }'
    ' pin (LO) { direction : output; function : "0"; }',
    "ebufn_1": "pin (A) { direction : input; } pin (TE_B) { direction : input; }"
    ' pin (Z) { direction : output; function : "A"; three_state : "TE_B"; }',
    "dfrtp_1": 'ff (IQ, IQ_N) { clocked_on : "CLK"; next_state : "D"; clear : "!RESET_B"; }'
    " pin (CLK) { direction : input; } pin (D) { direction : input; }"
    ' pin (RESET_B) { direction : input; } pin (Q) { direction : output; function : "IQ"; }',
    "edfxtp_1": 'ff (IQ, IQ_N) { clocked_on : "CLK"; next_state : "(D&DE) | (IQ&!DE)"; }'
    " pin (CLK) { direction : input; } pin (D) { direction : input; }"
    ' pin (DE) { direction : input; } pin (Q) { direction : output; function : "IQ"; }',
    "dlxtp_1": 'latch (IQ, IQ_N) { data_in : "D"; enable : "GATE"; }'
    " pin (D) { direction : input; } pin (GATE) { direction : input; }"
    ' pin (Q) { direction : output; function : "IQ"; }',
    "dlclkp_1": 'clock_gating_integrated_cell : "latch_posedge";'
    " pin (CLK) { direction : input; clock_gate_clock_pin : true; }"
    " pin (GATE) { direction : input; clock_gate_enable_pin : true; }"
    ' pin (M0) { direction : internal; internal_node : "M0"; }'
    ' pin (GCLK) { direction : output; state_function : "CLK * M0"; }',
}


def _cells(texts: dict[str, str]):
    bodies = "".join(f"cell (sky130_fd_sc_hd__{n}) {{ {body} }}" for n, body in texts.items())
    return list(parse(f"library (l) {{ {bodies} }}").groups("cell"))


def test_every_kind_of_cell_is_proved(tree):
    assert prove(_cells(CELLS), tree) == len(CELLS) + 1  # conb has two outputs


@pytest.mark.parametrize(
    ("cell", "right", "wrong"),
    [
        ("nand2_1", "(A B)'", "A' B'"),
        ("mux2_1", "(A0*!S) + (A1*S)", "(A1*!S) + (A0*S)"),
        ("conb_1", '"1"', '"0"'),
        ("ebufn_1", '"TE_B"', '"!TE_B"'),
        ("dfrtp_1", '"!RESET_B"', '"RESET_B"'),
        ("dfrtp_1", '"CLK"', '"!CLK"'),
        ("edfxtp_1", "(IQ&!DE)", "(IQ&DE)"),
        ("dlxtp_1", '"GATE"', '"!GATE"'),
        ("dlclkp_1", "CLK * M0", "CLK"),
    ],
)
def test_a_planted_error_is_caught_and_named(tree, cell, right, wrong):
    body = CELLS[cell].replace(right, wrong)
    assert body != CELLS[cell]
    with pytest.raises(PdkError, match=f"differ: sky130_fd_sc_hd__{cell}/"):
        prove(_cells({cell: body}), tree)


@pytest.mark.parametrize(
    ("liberty", "verilog"),
    [
        ("A&B", "a&b"),
        ("A B", "a&b"),
        ("A' + !B", "(~a)|~b"),
        ("(A|B)' ^ 1", "(~(a|b))^1'b1"),
        ("!(A*B)(B)", "~(a&b)&(b)"),
    ],
)
def test_notations(liberty, verilog):
    assert to_verilog(liberty, {"A": "a", "B": "b"}) == verilog


@pytest.mark.parametrize("text", ["A & C", "A $ B"])
def test_what_is_not_understood(text):
    with pytest.raises(PdkError, match="not understood"):
        to_verilog(text, {"A": "a", "B": "b"})
