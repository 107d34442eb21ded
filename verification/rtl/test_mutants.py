"""Planted errors, one at a time: every one of them must be caught by the regression.

Each mutant is a change of one line of the RTL's source (or of the loaded network); the mutated
chip is built from a copy and runs a few random cases in Icarus.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flow.chips import chip_file
from golden import encode, load_network
from golden.digits import digits
from macros.shape import MacroShape
from macros.views.verilog import behavioural_verilog
from rtl.config import load_chip
from rtl.image import Block, Image, compile_network
from rtl.layouts import UPDATE_WORDS
from verification.rtl import stimulus
from verification.rtl.random_cases import random_case
from verification.rtl.regression import LEVELS, run_case, run_seeds
from verification.rtl.simulation import build

ROOT = Path(__file__).parents[2]
SEEDS = range(24)

MUTANTS = {
    "leak rounds a half up": ("neuron.py", "((3, 0), (2, 1)", "((3, 0), (2, 0)"),
    "leak forgets the eighth": ("neuron.py", "(terms[2] + terms[3])", "terms[2]"),
    "fires at the threshold": (
        "neuron.py",
        "self.armed & ~over[-1] & over.any()",
        "self.armed & ~over[-1]",
    ),
    "fires while disarmed": ("neuron.py", "self.armed & ~over[-1]", "~over[-1]"),
    "re-arms above theta_low": ("neuron.py", "below = under[-1]", "below = ~under[-1]"),
    "never spent": ("neuron.py", "mode.once & (self.spent | self.spike)", "mode.once & self.spent"),
    "no saturation at the bottom": (
        "neuron.py",
        "with m.If(~positive_or_signed):",
        "with m.If(0):",
    ),
    "wraps instead of saturating": ("neuron.py", "Mux(outside, limit,", "Mux(0, limit,"),
    "subtracts nothing": ("neuron.py", "self.potential.eq(over)", "self.potential.eq(integrated)"),
    "ternary offset left on": ("updater.py", "(self._weight_log == 1)", "(self._weight_log == 3)"),
    "potential not cleared at first": ("updater.py", "Mux(self.first, 0,", "Mux(0, 0,"),
    "neurons beyond the layer spike": ("updater.py", "neuron.spike & exists", "neuron.spike"),
    "output words overwrite each other": (
        "updater.py",
        "self._output_address.eq(self._output_address + 1)",
        "self._output_address.eq(self._output_address)",
    ),
    "tiles share their rows": ("sequencer.py", "base_row + last_input + 1", "base_row"),
    "input buffers not swapped": ("sequencer.py", "(self.layer == 0) & self.step_buffer", "0"),
    "sequencer stops after a layer": ("sequencer.py", "with m.If(last_layer):", "with m.If(1):"),
    "tile begins before the lanes are free": ("sequencer.py", "~(hold & self.updater_busy)", "1"),
    "scanner drops the last word": ("scanner.py", "| tag_2.last", "& ~tag_2.last"),
    "scanner repeats a spike": ("scanner.py", "head.eq(rest)", "head.eq(head)"),
    "lane adds into its neighbour": ("lanes.py", "lane * bits : (lane + 1)", "0 : 1 * bits * (1)"),
    "byte writes count": ("host.py", "wbs.we_i & ~wbs.sel_i.all()", "0"),
    "given-up reads are acknowledged": ("host.py", "kept & selected", "selected"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_caught(name: str, tmp_path: Path) -> None:
    file, old, new = MUTANTS[name]
    shutil.copytree(ROOT / "rtl", tmp_path / "rtl", ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / "rtl" / file
    text = source.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{file} no longer has {old!r}"
    source.write_text(text.replace(old, new), encoding="utf-8")
    (tmp_path / "golden").symlink_to(ROOT / "golden")
    program = (
        "import sys; from pathlib import Path; from rtl.config import load_chip;"
        "from rtl.verilog import write_verilog;"
        "write_verilog(load_chip(sys.argv[1]), Path(sys.argv[2]))"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(chip_file("digits")), "verilog"],
        cwd=tmp_path,
        check=True,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
    )
    macro = behavioural_verilog(MacroShape.from_name("sram_512x32"))
    sources = {
        "digits.v": (tmp_path / "verilog" / "digits.v").read_text(encoding="utf-8"),
        "sram_512x32.v": macro,
    }
    simulator = build(sources, "digits", "icarus", {"PATIENCE": "20000"})
    chip = load_chip(chip_file("digits"))
    assert any(not run_case(simulator, random_case(seed, chip)).passed for seed in SEEDS)


def test_unmutated_chip_passes() -> None:
    chip = load_chip(chip_file("digits"))
    simulator = LEVELS["rtl"](chip, "icarus")
    for outcome in run_seeds(simulator, chip, SEEDS):
        assert outcome.passed, [str(entry) for entry in outcome.differences[:3]]


@pytest.fixture(scope="module")
def image() -> Image:
    network = load_network(ROOT / "golden" / "networks" / "digits.nir")
    return compile_network(network, load_chip(chip_file("digits")))


def _difference_count(image: Image, mutated: Image) -> int:
    """Mismatches of one test image on a chip that was loaded with `mutated`."""
    network = image.network
    assert network.encoding is not None
    spikes = encode(network.encoding, digits().test_images[:1], network.steps)
    body = stimulus.inferences(image, spikes).reshape(-1, 4)
    simulator = LEVELS["rtl"](image.chip, "icarus")
    return simulator.run(np.concatenate([stimulus.load(mutated), body])).mismatch_count


def _with_bit(image: Image, block: int, row: int, bit: int) -> Image:
    """The image with one bit of one loaded word changed."""
    words = image.blocks[block].words.copy()
    words[row, 0] ^= np.uint32(1 << bit)
    old = image.blocks[block]
    blocks = list(image.blocks)
    blocks[block] = Block(old.role, old.row, words)
    return replace(image, blocks=tuple(blocks))


def test_right_image_passes(image: Image) -> None:
    assert _difference_count(image, image) == 0


def test_one_weight_bit_is_caught(image: Image) -> None:
    network = image.network
    assert network.encoding is not None
    spikes = encode(network.encoding, digits().test_images[:1], network.steps)
    busiest = int(spikes.sum(axis=(0, 1)).argmax())
    assert _difference_count(image, _with_bit(image, 2, busiest, 5)) > 0


def test_one_threshold_is_caught(image: Image) -> None:
    high = next(i for i, word in enumerate(UPDATE_WORDS) if "theta_high" in word.members)
    assert _difference_count(image, _with_bit(image, 0, 2 + high, 0)) > 0
