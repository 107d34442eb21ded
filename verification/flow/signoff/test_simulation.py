"""Simulation verdicts: clean on a whole inference, failed on a planted fault."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from flow import netlist as netlists
from flow.chips import chip_file
from flow.run import Wishes, run_chip
from flow.signoff.chip_run import ChipRun, read_run
from flow.signoff.simulation import (
    TimedSimulator,
    check_delays,
    check_power_up,
    inputs,
    judge,
    timed_simulator,
)
from flow.signoff.verdict import NoVerdict
from rtl.config import load_chip
from verification.flow.gates import build_netlist
from verification.rtl.regression import LEVELS, run_images

SLOW = "nom_ss_100C_1v60"


@pytest.fixture(scope="module")
def chip():
    return load_chip(chip_file("digits"))


def _say(*lines: str) -> TimedSimulator:
    """A simulator that prints these lines and nothing else."""
    script = "\n".join(f"echo '{line}'" for line in lines)
    return TimedSimulator("icarus", ("sh", "-c", script), (("i2", "_0815_"),))


def test_a_violated_limit_is_trouble_with_the_netlists_name():
    result = _say("timing 3 7 hold host.dut.i2 D", "end 5 9 0").run(np.zeros((1, 4), np.uint32))
    assert result.unknown == ["3 7 hold violated at _0815_/D"]
    assert not result.passed


def test_delays_that_icarus_does_not_read_get_no_verdict():
    with pytest.raises(NoVerdict, match="does not understand the delays"):
        _say("x.sdf:1:SDF ERROR: Invalid", "end 5 9 0").run(np.zeros((1, 4), np.uint32))


def test_the_rtl_computes_the_network(chip, tmp_path):
    image, spikes = inputs(ChipRun(tmp_path, {}, {}), chip, 1)
    simulator = LEVELS["rtl"](chip, "verilator")
    right = judge("gates", list(run_images(simulator, image, spikes)), 1, "RTL", tmp_path)
    assert right.passed
    assert right.metrics["signoff__gates__comparison__count"] > 1000


def test_fewer_inferences_than_asked_for_are_not_clean(tmp_path):
    assert not judge("gates", [], 1, "RTL", tmp_path).passed


@pytest.fixture(scope="module")
def run(timed_tree, tmp_path_factory):
    """The digits chip, synthesised."""
    result = run_chip("digits", Wishes(to="synthesis"), build=tmp_path_factory.mktemp("build"))
    return read_run(result.folder)


@pytest.mark.full
def test_the_netlist_computes_the_network_from_x_and_with_delays(run, chip, tmp_path):
    assert check_power_up(run, chip, tmp_path).passed
    for process in ("ss", "ff"):
        verdict = check_delays(run, chip, run.corner_of(process), tmp_path)
        assert verdict.passed, verdict.figure


FLIPS = {"nand2": "nor2", "and2": "or2", "a21o": "o21a", "a21oi": "o21ai"}
"""Cells with the same pins and another function."""


def _flipped(master: str) -> str | None:
    kind, drive = master.removeprefix("sky130_fd_sc_hd__").rsplit("_", 1)
    other = (FLIPS | {b: a for a, b in FLIPS.items()}).get(kind)
    return f"sky130_fd_sc_hd__{other}_{drive}" if other else None


def _gate_before(path: Path, register: str) -> tuple[str, str]:
    """Name and master of the nearest gate before a register that can be flipped."""
    gates = list(netlists.cells(path))
    driver = {gate.pins[pin]: gate for gate in gates for pin in "XYQ" if pin in gate.pins}
    queue = [driver[register].pins["D"]]
    for net in queue:
        gate = driver.get(net)
        if gate is None or "Q" in gate.pins:
            continue
        if _flipped(gate.master):
            return gate.name, gate.master
        queue += [net for pin, net in gate.pins.items() if pin not in "XY"]
    raise AssertionError(f"no such gate before {register}")


@pytest.mark.full
def test_one_flipped_gate_is_found(run, chip, tmp_path):
    name, master = _gate_before(run.view("nl"), "lanes.lane_7[0]")
    path = tmp_path / "digits.nl.v"
    text, count = re.subn(
        rf"{master} {name}\b", f"{_flipped(master)} {name}", run.view("nl").read_text()
    )
    assert count == 1
    path.write_text(text)
    simulator = build_netlist(path, chip, "icarus", run.tree)
    image, spikes = inputs(run, chip, 1)
    verdict = judge("gates", list(run_images(simulator, image, spikes)), 1, "mutant", tmp_path)
    assert not verdict.passed


@pytest.mark.full
def test_a_clock_that_is_late_in_the_sdf_is_found(run, chip, tmp_path):
    """One register in ten has its clock 3 ns after the others."""
    check_delays(run, chip, run.corner_of("ss"), tmp_path)
    sdf = tmp_path / SLOW / f"digits__{SLOW}.sdf"
    wires = re.compile(r"(INTERCONNECT wb_clk_i _\d+3_/CLK) \(.*\)\)")
    others = max(map(float, re.findall(r"INTERCONNECT wb_clk_i \S+/CLK \((.*?):", sdf.read_text())))
    late = f"({others + 3}::{others + 3})"
    text, count = wires.subn(rf"\1 {late} {late})", sdf.read_text())
    assert count > 20
    skewed = tmp_path / "skewed.sdf"
    skewed.write_text(text)
    simulator = timed_simulator(run, chip, SLOW, tmp_path, skewed)
    image, spikes = inputs(run, chip, 1)
    verdict = judge("sdf_ss", list(run_images(simulator, image, spikes)), 1, "skewed", tmp_path)
    assert not verdict.passed
    assert "hold violated" in verdict.file.read_text()
