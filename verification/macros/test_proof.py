"""macros.proof.bitcell: margins against analytic cases, and the bit cell's own figures."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

from flow import pdk
from macros.proof import bitcell, mismatch, sense_amp
from macros.proof.bitcell import Corner, margins, mismatch_margins, noise_margin, read_current
from macros.spice.models import _model_file

WORST_READ = Corner("sf", 1.60, 100)
WORST_WRITE = Corner("fs", 1.60, 100)


@pytest.fixture(scope="module")
def tree() -> Path:
    return pdk.resolve(timing=False)


def step(threshold: float, high: float = 1.0) -> np.ndarray:
    """Transfer curve of an ideal inverter."""
    inputs = np.array([0.0, threshold, threshold, high])
    return np.column_stack([inputs, [high, high, 0.0, 0.0]])


@pytest.mark.parametrize("threshold", [0.5, 0.4, 0.3])
def test_the_margin_of_ideal_inverters_is_the_shorter_side(threshold: float) -> None:
    assert noise_margin(step(threshold), step(threshold)) == pytest.approx(
        min(threshold, 1 - threshold), abs=2e-3
    )


def test_followers_have_no_margin() -> None:
    line = np.column_stack([np.linspace(0, 1, 11), np.linspace(1, 0, 11)])
    assert noise_margin(line, line) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("corner", [WORST_READ, WORST_WRITE, Corner("tt", 1.80, 25)], ids=str)
def test_the_bit_cell_is_stable_and_writable(tree: Path, corner: Corner) -> None:
    found = margins(tree, corner)
    assert found.read > 0.15
    assert found.hold > found.read
    assert found.write > 0.15
    assert read_current(tree, corner) > 20e-6


def test_a_weak_pull_down_costs_read_margin(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = margins(tree, WORST_READ)
    width, device, nodes = bitcell._TRANSISTOR["pull_down"]
    del width
    weakened = {**bitcell._TRANSISTOR, "pull_down": (0.42, device, nodes)}
    monkeypatch.setattr(bitcell, "_TRANSISTOR", weakened)
    bitcell._nominal.cache_clear()
    assert margins(tree, WORST_READ).read < good.read - 0.02


def test_mismatch_repeats_and_spreads(tree: Path) -> None:
    first = mismatch_margins(tree, WORST_READ, 3, seed=7)
    assert first == mismatch_margins(tree, WORST_READ, 3, seed=7)
    assert len({m.read for m in first}) == 3


def test_the_mismatch_is_the_one_of_the_cells_own_model_bins(tree: Path) -> None:
    """Some bins of the n-transistor name another parameter, `vth0_slope1`: long ones, not ours."""
    others = 0
    sizes = {(one.width_um, one.device) for one in sense_amp._transistors()}
    sizes |= {(width, device) for width, device, _ in bitcell._TRANSISTOR.values()}
    for width, device in sorted(sizes):
        for corner in ("sf", "fs"):
            text = _model_file(tree, device, corner).read_text()
            for body in re.split(r"^\.model ", text, flags=re.MULTILINE)[1:]:
                used = {
                    (name, parameter)
                    for name, terms in re.findall(r"\b(vth0|toxe|voff) = \{(.*)\}", body)
                    for parameter in re.findall(r"\w+_slope\d*", terms)
                }
                if _in_bin(body, "l", mismatch.LENGTH_UM) and _in_bin(body, "w", width):
                    assert used == {
                        (name, f"sky130_fd_pr__{device}__{name}_slope")
                        for name in mismatch.MISMATCHED
                    }
                others += ("vth0", f"sky130_fd_pr__{device}__vth0_slope1") in used
    assert others, "no bin names another parameter: this test looks at nothing"


def _in_bin(body: str, axis: str, size_um: float) -> bool:
    low, high = (float(mismatch.parameter(body, axis + end)) * 1e6 for end in ("min", "max"))
    return low <= size_um * (1 + 1e-9) < high


def test_a_folder_that_is_no_pdk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no sky130A tree"):
        margins(tmp_path, WORST_READ)


@pytest.mark.full
@pytest.mark.parametrize(("corner", "kind"), [(WORST_READ, "read"), (WORST_WRITE, "write")])
def test_five_sigma_of_mismatch_leave_a_margin(tree: Path, corner: Corner, kind: str) -> None:
    samples = int(os.environ.get("SPIKEOUT_SAMPLES", "500"))
    values = np.array([getattr(m, kind) for m in mismatch_margins(tree, corner, samples)])
    assert values.mean() - 5 * values.std(ddof=1) > 0
