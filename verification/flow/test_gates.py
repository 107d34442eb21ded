"""The synthesised digits chip: met at 50 MHz, and equal to the golden model gate by gate."""

from __future__ import annotations

import json
import re

import pytest

from flow import netlist as netlists
from flow.chip_config import macro_instances
from flow.chips import chip_file
from flow.cli import run as spikeout
from flow.run import Wishes, run_chip
from golden import encode, load_network
from golden.digits import digits as dataset
from rtl.config import load_chip
from rtl.image import compile_network
from rtl.verilog import write_verilog
from verification.flow.gates import build_netlist, latest_netlist
from verification.rtl.regression import run_images

SLOW = "nom_ss_100C_1v60"


@pytest.fixture(scope="module")
def chip():
    return load_chip(chip_file("digits"))


@pytest.fixture(scope="module")
def run(timed_tree, tmp_path_factory):
    """The digits chip, synthesised."""
    return run_chip("digits", Wishes(to="synthesis"), build=tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="module")
def netlist(run):
    return run.folder / "final" / "nl" / "digits.nl.v"


def _images(chip, count):
    network = load_network(chip_file("digits").parents[2] / "golden" / "networks" / "digits.nir")
    spikes = encode(network.encoding, dataset().test_images[:count], network.steps)
    return compile_network(network, chip), spikes


def test_setup_is_met_at_50_mhz_in_the_slow_corner(run, chip):
    assert chip.clock_period_ps == 20_000
    report = json.loads(run.latest("Spikeout.SynthesisReport", "synthesis.json").read_text())
    assert report["period_ns"] == 20
    assert report["slacks"][SLOW]["setup_ns"] > 0
    assert report["uncharacterised"] == []


def test_the_netlist_holds_the_chips_macros(netlist, chip):
    found = netlists.instances(netlist)
    assert {n: m for n, m in found.items() if m in chip.macro_counts} == macro_instances(chip)


def test_20_images_on_verilator(netlist, chip, timed_tree):
    image, spikes = _images(chip, 20)
    simulator = build_netlist(netlist, chip, "verilator", timed_tree)
    outcomes = list(run_images(simulator, image, spikes, jobs=2))
    assert len(outcomes) == 20
    assert all(outcome.passed for outcome in outcomes), next(o for o in outcomes if not o.passed)


def test_2_images_on_icarus_from_power_up_x(netlist, chip, timed_tree):
    image, spikes = _images(chip, 2)
    simulator = build_netlist(netlist, chip, "icarus", timed_tree)
    outcomes = list(run_images(simulator, image, spikes))
    assert [outcome.passed for outcome in outcomes] == [True, True]


def test_two_crossed_wires_are_caught(netlist, chip, timed_tree, tmp_path):
    """Bits 29 and 30 of the host's read data change places: they tell what a neuron did."""
    text = netlist.read_text()
    swap = {"29": "30", "30": "29"}
    crossed = re.sub(
        r"\.Q\(wbs_dat_o\[(29|30)\]\)", lambda pin: f".Q(wbs_dat_o[{swap[pin.group(1)]}])", text
    )
    assert crossed != text
    mutant = tmp_path / "digits.nl.v"
    mutant.write_text(crossed)
    image, spikes = _images(chip, 1)
    outcome = next(run_images(build_netlist(mutant, chip, "icarus", timed_tree), image, spikes))
    assert not outcome.passed
    assert outcome.differences


def test_without_a_run_it_says_what_to_do(chip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        RuntimeError, match="is not there: run `spikeout run digits --to synthesis`"
    ):
        latest_netlist(chip)
    with pytest.raises(RuntimeError, match="run `spikeout run digits --tag fast --to synthesis`"):
        latest_netlist(chip, "fast")


@pytest.mark.parametrize("level", ["gates", "sdf", "sdf-ff"])
def test_the_command_simulates_the_run_of_its_tag(level, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert spikeout(["regress", "digits", "--level", level, "--images", "1", "--tag", "fast"]) == 1
    error = capsys.readouterr().err
    assert "build/digits/fast/final/nl/digits.nl.v is not there" in error


def test_a_netlist_of_older_rtl_is_refused(chip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    netlist = tmp_path / "build" / "digits" / "run" / "final" / "nl" / "digits.nl.v"
    netlist.parent.mkdir(parents=True)
    netlist.write_text("module digits; endmodule\n")
    sources = write_verilog(chip, tmp_path / "build" / "digits" / "run" / "rtl")
    assert latest_netlist(chip) == netlist
    sources[0].write_text(sources[0].read_text() + "// changed\n")
    with pytest.raises(RuntimeError, match="is of older RTL"):
        latest_netlist(chip)
