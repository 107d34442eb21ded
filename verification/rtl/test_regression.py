"""The digits chip equals the golden model, value by value; a difference is told exactly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from flow.chips import chip_file
from flow.commands.regress import regress
from golden import Network, encode, load_network
from golden.digits import digits
from golden.simulator import Trace
from rtl.config import Chip, load_chip
from rtl.image import compile_network
from verification.rtl.random_cases import random_case
from verification.rtl.regression import LEVELS, junit, run_case, run_images, run_seeds
from verification.rtl.simulation import Simulator

NETWORKS = Path(__file__).parents[2] / "golden" / "networks"
SEEDS = 200


@pytest.fixture(scope="module")
def chip() -> Chip:
    return load_chip(chip_file("digits"))


@pytest.fixture(scope="module")
def simulator(chip: Chip) -> Simulator:
    return LEVELS["rtl"](chip, "verilator")


@pytest.mark.parametrize("name", ["digits", "digits_ternary"])
def test_all_test_images(name: str, chip: Chip, simulator: Simulator) -> None:
    network = load_network(NETWORKS / f"{name}.nir")
    assert network.encoding is not None
    spikes = encode(network.encoding, digits().test_images, network.steps)
    outcomes = list(run_images(simulator, compile_network(network, chip), spikes, jobs=2))
    assert len(outcomes) == 360
    assert [str(outcome) for outcome in outcomes if not outcome.passed] == []
    neurons = sum(layer.n_out for layer in network.layers)
    assert all(outcome.comparisons >= network.steps * neurons for outcome in outcomes)


def test_random_networks(chip: Chip, simulator: Simulator) -> None:
    outcomes = list(run_seeds(simulator, chip, range(SEEDS), jobs=2))
    assert [outcome.name for outcome in outcomes if not outcome.passed] == []
    assert len(outcomes) == SEEDS


@settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(1000, 1 << 31), largest=st.integers(1, 128))
def test_any_network(chip: Chip, simulator: Simulator, seed: int, largest: int) -> None:
    outcome = run_case(simulator, random_case(seed, chip, largest))
    assert outcome.passed, outcome


def test_a_difference_is_located(chip: Chip, simulator: Simulator) -> None:
    """A wrong beta in the loaded network: layer, neuron, step and field are named."""
    network = load_network(NETWORKS / "digits.nir")
    assert network.encoding is not None
    spikes = encode(network.encoding, digits().test_images[:2], network.steps)
    image = compile_network(network, chip)
    words = image.blocks[1].words.copy()
    words[3, 0] ^= np.uint32(0b1111 << chip.potential_bits)  # beta of neuron 6
    blocks = list(image.blocks)
    blocks[1] = replace(blocks[1], words=words)
    outcomes = list(run_images(simulator, replace(image, blocks=tuple(blocks)), spikes))
    first = outcomes[0].differences[0]
    assert not outcomes[0].passed
    assert (first.where.layer, first.where.neuron) == (0, 6)
    assert "potential" in first.where.field
    assert "layer 0 neuron 6 step" in str(first)
    report = junit(outcomes, "digits-rtl")
    assert b'failures="' in report
    assert b"<failure" in report


def test_command_passes_and_reports(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    arguments = ["digits", "--images", "3", "--seeds", "2", "--junit", str(report)]
    result = CliRunner().invoke(regress, arguments, standalone_mode=False)
    assert result.return_value == 0, result.output
    assert report.read_bytes().count(b"<testcase") == 5


def test_command_fails_with_waveform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The golden model of another network: the chip differs, and the command says how."""
    import verification.rtl.regression as regression

    real = regression.simulate

    def other(network: Network, spikes: NDArray[np.bool_]) -> Trace:
        trace = real(network, spikes)
        trace.potential[1][:, 2, 4] += 1
        return trace

    monkeypatch.setattr(regression, "simulate", other)
    wave = tmp_path / "failure.vcd"
    arguments = ["digits", "--images", "1", "--first", "7", "--wave", str(wave)]
    result = CliRunner().invoke(regress, arguments, standalone_mode=False)
    assert result.return_value == 1
    assert "layer 1 neuron 4 step 2: potential: expected" in result.output
    assert "replay: spikeout regress digits" in result.output
    assert "--images 1 --first 7" in result.output
    assert wave.stat().st_size > 10_000


@pytest.mark.parametrize(
    "arguments", [["--images", "-1"], ["--images", "0"], ["--first", "360"], ["--jobs", "0"]]
)
def test_command_refuses(arguments: list[str]) -> None:
    result = CliRunner().invoke(regress, ["digits", *arguments], standalone_mode=False)
    assert isinstance(result.exception, ValueError)
