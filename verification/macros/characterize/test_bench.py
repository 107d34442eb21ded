"""macros.characterize.bench: what it does when ngspice finds no time step, and its waveforms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flow import pdk
from macros.characterize import CORNERS, bench
from macros.characterize.bench import Bench, Waves, edges
from macros.characterize.trim import Circuit
from macros.spice import SpiceError, simulate

CORNER = CORNERS["tt_025C_1v80"]
CHARGE = Circuit(resistors=[("in", "out", 1000.0)], capacitors=[("out", 100.0)])
TOO_SMALL = "ngspice failed: doAnalyses: TRAN:  Timestep too small; time = 9e-12"


@pytest.fixture(scope="module")
def tree() -> Path:
    return pdk.resolve(timing=False)


def run(tree: Path, precise: bool = False) -> Waves:
    steps = {"in": edges([(0.0, 0), (1.0, 1)], 0.01, CORNER.volt)}
    return Bench(tree, CORNER, CHARGE, precise=precise).run(steps, ["out"], 2.0, step_ns=0.02)


def test_a_resistor_charges_a_capacitor(tree: Path) -> None:
    waves = run(tree)
    late = waves.cross("out", CORNER.volt * (1 - np.exp(-1)), 0.0, rising=True) - 1.0
    assert late == pytest.approx(0.1, rel=0.03)  # R C in ns


@pytest.mark.parametrize("precise", [False, True])
def test_other_options_are_tried_where_the_step_gets_too_small(
    tree: Path, monkeypatch: pytest.MonkeyPatch, precise: bool
) -> None:
    tried = []

    def fragile(deck: str, *, timeout_s: float = 600.0, files: tuple[str, ...] = ()) -> str:
        tried.append(deck.splitlines()[1])
        if len(tried) < 3:
            raise SpiceError(TOO_SMALL)
        return simulate(deck, timeout_s=timeout_s, files=files)

    monkeypatch.setattr(bench, "simulate", fragile)
    assert run(tree, precise).at("out", 1.9) == pytest.approx(CORNER.volt, rel=0.01)
    assert len(set(tried)) == 3
    tried.clear()
    monkeypatch.setattr(bench, "PRECISE", bench.PRECISE[:2])
    monkeypatch.setattr(bench, "OPTIONS", bench.OPTIONS[:2])
    with pytest.raises(SpiceError, match="Timestep too small"):
        run(tree, precise)


def test_another_failure_is_no_reason_to_try_again(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(deck: str, **options: object) -> str:
        raise SpiceError("ngspice is not on PATH")

    monkeypatch.setattr(bench, "simulate", broken)
    with pytest.raises(SpiceError, match="not on PATH"):
        run(tree)
