import numpy as np
import pytest

from golden import Readout, Trace, decide, first_spike, membrane, population_count, spike_count


@pytest.fixture
def trace() -> Trace:
    """Two samples, three steps, four neurons."""
    spikes = np.array(
        [
            [[0, 0, 1, 0], [1, 0, 0, 0], [1, 0, 0, 1]],
            [[0, 0, 0, 0], [0, 1, 0, 1], [0, 1, 0, 1]],
        ],
        dtype=bool,
    )
    potential = np.zeros((2, 3, 4), dtype=np.int32)
    potential[:, -1] = [[5, -2, 3, 1], [0, 1, 9, 9]]
    return Trace([potential], [potential], [spikes], [spikes], np.zeros(2, dtype=np.int64))


def test_values(trace: Trace) -> None:
    assert spike_count(trace).tolist() == [[2, 0, 1, 1], [0, 2, 0, 2]]
    assert population_count(trace, 2).tolist() == [[2, 2], [2, 2]]
    assert first_spike(trace).tolist() == [[1, 3, 0, 2], [3, 1, 3, 1]]
    assert membrane(trace).tolist() == [[5, -2, 3, 1], [0, 1, 9, 9]]


@pytest.mark.parametrize(
    ("kind", "classes", "expected"),
    [
        ("count", 4, [0, 1]),
        ("population", 2, [0, 0]),
        ("first_spike", 4, [2, 1]),
        ("membrane", 4, [0, 2]),
    ],
)
def test_decisions_and_ties(trace: Trace, kind: str, classes: int, expected: list[int]) -> None:
    assert decide(Readout(kind, classes), trace).tolist() == expected
