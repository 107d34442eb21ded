"""Functions read off transistors."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from flow.pdk.characterize.logic import sum_of_products, truth_table
from flow.pdk.characterize.netlist import Device, Netlist, read_spice

PREFIX = "sky130_fd_sc_hd__"


@pytest.mark.parametrize(
    ("cell", "inputs", "output", "text"),
    [
        ("nand2_1", "A B", "Y", "(!A) | (!B)"),
        ("a21bo_1", "A1 A2 B1_N", "X", "(A1&A2) | (!B1_N)"),
        ("mux2_1", "A0 A1 S", "X", "(A0&!S) | (A1&S)"),
        ("xor2_1", "A B", "X", "(A&!B) | (!A&B)"),
        ("fa_1", "A B CIN", "COUT", "(A&B) | (A&CIN) | (B&CIN)"),
    ],
)
def test_cells_of_the_library(tree: Path, cell, inputs, output, text) -> None:
    spice = tree / "libs.ref" / "sky130_fd_sc_hd" / "spice" / "sky130_fd_sc_hd.spice"
    netlist = read_spice(spice.read_text(), PREFIX + cell)
    names = tuple(inputs.split())
    assert sum_of_products(names, truth_table(netlist, names, output)) == text


def test_an_output_that_floats_is_refused() -> None:
    pull_down = Device("nfet_01v8", 650, 150, "A", "Y", "VGND", "VNB")
    netlist = Netlist("open", ("A", "Y", "VPWR", "VGND"), (pull_down,))
    with pytest.raises(ValueError, match=r"open: Y is not driven"):
        truth_table(netlist, ("A",), "Y")


@pytest.mark.parametrize("number", [0, 1, 6, 23, 105, 128, 150, 254, 255])
def test_sum_of_products_is_the_table(number: int) -> None:
    names = ("A", "B", "C")
    table = {
        vector: bool(number >> place & 1)
        for place, vector in enumerate(product((False, True), repeat=3))
    }
    text = sum_of_products(names, table)
    python = text.replace("&", " and ").replace("|", " or ").replace("!", " not ")
    for vector, value in table.items():
        assert bool(eval(python, dict(zip(names, vector, strict=True)))) == value
