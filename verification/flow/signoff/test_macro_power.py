"""Energy of a memory's accesses, counted by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from flow.netlist import Cell
from flow.signoff.activity import Activity
from flow.signoff.macro_power import accesses, macro_energies, macro_watts, sampled_nets
from flow.signoff.verdict import NoVerdict

STATES = {"!csb0 & web0": 30.0, "!csb0 & !web0": 20.0, "csb0": 2.0}
POWER = """
 internal_power () {{ when : "{state}";
  rise_power ("scalar") {{ values ("{pj}"); }} fall_power ("scalar") {{ values ("{pj}"); }} }}"""
CELL = Cell("weights", "ram", {"clk0": "ck", "csb0": "sel", "web0": "wr", "dout0[0]": "q"})
NETS = ("ck", ("sel", "wr"))


def liberty(folder: Path, states: dict[str, float]) -> Path:
    power = "".join(POWER.format(state=state, pj=pj / 2) for state, pj in states.items())
    path = folder / "ram.lib"
    path.write_text(
        f'library ("x") {{ cell ("ram") {{ pin ("clk0") {{ clock : true; {power} }}\n'
        ' pin ("csb0") { direction : "input"; } } cell ("other") { } }\n'
    )
    return path


def test_each_access_costs_what_liberty_states(tmp_path: Path) -> None:
    energies = macro_energies([liberty(tmp_path, STATES)], {"ram": {}})
    assert energies.keys() == {"ram"}
    netlist = tmp_path / "chip.v"
    netlist.write_text(
        "module chip;\n  ram weights (.clk0(ck), .csb0(sel), .web0(wr));\nendmodule\n"
    )
    assert sampled_nets(netlist, energies) == [NETS]
    samples = Counter({("0", "1"): 5, ("0", "0"): 2, ("1", "1"): 10, ("1", "0"): 3})
    activity = Activity(20_000 * 20, samples={NETS: samples})
    counts = accesses(CELL, energies["ram"], activity)
    assert counts == {"!csb0 & web0": 5, "!csb0 & !web0": 2, "csb0": 13}
    joule = (5 * 30 + 2 * 20 + 13 * 2) * 1e-12
    assert macro_watts(CELL, energies["ram"], activity) == pytest.approx(joule / 400e-9)


def test_a_state_that_is_no_product_gets_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(NoVerdict, match="no product of pins"):
        macro_energies([liberty(tmp_path, {"csb0 | web0": 1.0})], {"ram": {}})


def test_a_macro_without_energies_is_left_to_opensta(tmp_path: Path) -> None:
    assert macro_energies([liberty(tmp_path, {})], {"ram": {}}) == {}
