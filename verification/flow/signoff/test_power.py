"""Power of the counter with known activity, and the blocks of a netlist."""

from __future__ import annotations

import re

import pytest

from flow import netlist as netlists
from flow.signoff.opensta import run_corner
from flow.signoff.power import blocks, run_power
from flow.signoff.timing import SCRIPT, parse
from verification.flow.signoff.counter import CORNER, activity, make_counter
from verification.flow.signoff.finished_run import counter_run

VOLTS = 1.6


@pytest.fixture
def counter(timed_tree, tmp_path):
    return make_counter(timed_tree, tmp_path)


@pytest.fixture
def run(counter, tmp_path):
    return counter_run(counter, tmp_path)


def test_switching_power_is_half_c_v_squared_f(run, counter, tmp_path):
    """Energy of every net's capacitance by hand against OpenSTA's, with one net after the other."""
    log, _ = run_corner(counter.timed, CORNER, tmp_path / "t", SCRIPT, _SIGNOFF_PATHS="1")
    loads = parse(log, CORNER).loads
    drivers = {"t0": "u1", "c": "u3", "d1": "u5", "ck": "tree"}
    power, silent = run_power(run, CORNER, activity(t0=0.5, c=0.25, d1=0.125), tmp_path)
    assert silent == []
    toggles = {"t0": 0.5, "c": 0.25, "d1": 0.125, "ck": 2}
    for net, driver in drivers.items():
        watt = 0.5 * loads[net] * 1e-15 * VOLTS**2 * toggles[net] / 20e-9
        assert power[driver].switching == pytest.approx(watt, rel=0.03), net
    assert power["u6"].switching < 1e-12
    assert all(item.leakage > 0 for item in power.values())
    assert power["r0"].internal > 0  # its clock pin


def test_twice_the_activity_is_twice_the_power(run, tmp_path):
    low, _ = run_power(run, CORNER, activity(t0=0.2), tmp_path)
    high, _ = run_power(run, CORNER, activity(t0=0.4), tmp_path)
    assert high["u1"].switching == pytest.approx(2 * low["u1"].switching)
    assert high["u1"].internal > low["u1"].internal


def test_a_gate_belongs_where_its_loads_do(counter):
    text = counter.netlist.read_text()
    for bit, block in (("0", "low"), ("1", "high")):
        text = text.replace(f".Q(count[{bit}])", f".Q(\\{block}.q )")
        text = re.sub(rf"count\[{bit}\]", f"\\\\{block}.q ", text)
    counter.netlist.write_text(text)
    found = blocks(counter.netlist, set())
    assert len(found) == len(list(netlists.cells(counter.netlist)))
    assert (found["r0"], found["u2"], found["u1"]) == ("low", "low", "low")
    assert (found["r1"], found["u5"], found["u3"]) == ("high", "high", "high")
    assert found["u6"] == "top"
