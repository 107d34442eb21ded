"""The benchmark's own measures, and the bars of the large designs."""

from __future__ import annotations

import numpy as np
import pytest

from verification.bench import pnr
from verification.bench._steiner import MOST, steiner_lengths


def _length(*points: tuple[int, int]) -> float:
    x, y = np.array(points).T
    return float(steiner_lengths(np.array([0, len(points)]), x, y)[0])


def test_steiner_trees_known_by_hand() -> None:
    assert _length((0, 0)) == 0
    assert _length((0, 0), (30, 40)) == 70
    assert _length((0, 0), (30, 40), (50, 10)) == 90  # half the perimeter
    assert _length((10, 0), (0, 10), (20, 10), (10, 20)) == 40  # one crossing in the middle
    # a comb: a back of 40 and five teeth of 10, where the spanning tree has 90
    teeth = [(10 * k, y) for k in range(5) for y in (0, 10)]
    assert _length(*teeth) == 90
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 1000, (2, MOST))
    ends = np.array([0, MOST])
    half = int(np.ptp(x) + np.ptp(y))
    assert half <= steiner_lengths(ends, x, y)[0] < 3 * half


def test_unknown_design_is_named() -> None:
    with pytest.raises(ValueError, match="not 'fifo 5k'"):
        pnr.main(["fifo 5k"])


@pytest.fixture(scope="module")
def compiled() -> None:
    """Compilation of the inner loops is none of a design's seconds."""
    pnr.measured("shift 0.5k")


@pytest.mark.full
@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("name", ["multiplier 20k", "multiplier 60k"])
def test_large_designs_meet_their_bars(name: str) -> None:
    row = pnr.measured(name)
    missed = {c: row[c] for c, bar in pnr.bars_of(name).items() if row[c] > bar}
    assert not missed
