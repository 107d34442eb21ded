"""The antenna diode: its drawn junction against the PDK's netlist, and what its pin takes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from flow.pdk.characterize import diode, run
from flow.pdk.characterize.corners import CORNERS
from flow.pdk.characterize.extract import ExtractionError, load

CELL = "sky130_fd_sc_hd__diode_2"


def farads(tree, corner, netlist) -> float:
    """Mean capacitance of the pin in fF."""
    edges = diode.characterize(tree, corner, netlist)["capacitance"][diode.PIN]
    return 1000 * sum(edges.values()) / 2


def test_the_junction_is_drawn_as_the_netlist_says_and_a_wrong_one_is_noticed(tree) -> None:
    layout, spice = load(tree)
    (junction,) = diode.extract(layout, spice, CELL).devices
    assert junction.drain_area_um2 == pytest.approx(0.4347)
    assert junction.drain_rim_um == pytest.approx(2.64)
    wrong = re.sub("area=4.347e", "area=4.447e", spice)
    with pytest.raises(ExtractionError, match=r"drawn junction is 0\.4347 um2"):
        diode.extract(layout, wrong, CELL)
    with pytest.raises(ExtractionError, match="no diode_pw2nd_05v5"):
        diode.extract(layout, spice.replace("pw2nd_05v5", "pw2nd_11v0"), CELL)


def test_the_pin_takes_the_wires_and_a_junction_under_bias(tree) -> None:
    """Between the junction's capacitance at no bias (typical model, 25 C) and 40 % less; the wires
    alone without a junction; more in the slow process, less in the fast one."""
    netlist = run.netlists(tree, CELL)
    wires = sum(value for pair, value in netlist.capacitance_ff.items() if diode.PIN in pair)
    unbiased = 1.3459 * 0.4347 * 0.99543 + 0.036001 * 2.64 * 1.0204
    typical, slow, fast = (farads(tree, corner, netlist) for corner in CORNERS.values())
    assert wires + 0.6 * unbiased < typical < wires + unbiased
    assert fast < typical < slow
    bare = replace(netlist.devices[0], drain_area_um2=1e-6, drain_rim_um=1e-6)
    alone = farads(tree, CORNERS["tt_025C_1v80"], replace(netlist, devices=(bare,)))
    assert alone == pytest.approx(wires, rel=0.01)


def test_it_leaks_when_the_pin_is_high_only(tree) -> None:
    corner = CORNERS["tt_025C_1v80"]
    low, high = diode.leakage(tree, corner, run.netlists(tree, CELL))
    assert low == ({diode.PIN: False}, pytest.approx(0.0, abs=1e-12))
    assert high[0] == {diode.PIN: True}
    assert 0 < high[1] < 1e-3
