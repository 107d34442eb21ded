import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import Events, from_events, to_events


@given(st.integers(0, 3), st.integers(0, 5), st.integers(0, 9), st.integers(0, 2**31))
def test_dense_to_events_and_back(batch: int, steps: int, n: int, seed: int) -> None:
    spikes = np.random.default_rng(seed).random((batch, steps, n)) < 0.3
    events = to_events(spikes)
    assert len(events) == spikes.sum()
    assert np.array_equal(from_events(events, spikes.shape), spikes)


def test_order_is_sample_time_address() -> None:
    spikes = np.zeros((2, 2, 3))
    spikes[1, 0, 2] = spikes[0, 1, 0] = spikes[0, 1, 2] = 1
    events = to_events(spikes)
    rows = list(zip(events.sample, events.time, events.address, strict=True))
    assert rows == [(0, 1, 0), (0, 1, 2), (1, 0, 2)]


def test_any_order_is_read() -> None:
    events = Events(np.array([0, 0]), np.array([1, 0]), np.array([2, 1]))
    assert from_events(events, (1, 2, 3)).tolist() == [[[0, 1, 0], [0, 0, 1]]]


@pytest.mark.parametrize(
    ("columns", "shape", "message"),
    [
        (([0], [0], [3]), (1, 2, 3), "events.address must be in 0..2, not 3"),
        (([0], [-1], [0]), (1, 2, 3), "events.time must be in 0..1, not -1"),
        (([0, 0], [1, 1], [2, 2]), (1, 2, 3), r"not twice: \(sample, time, address\) \(0, 1, 2\)"),
        (([0], [0, 1], [0]), (1, 2, 3), r"columns of one length, not \[1, 2, 1\]"),
        (([0], [0.5], [0]), (1, 2, 3), "events.time must hold integers, not 0.5"),
        (([0], [0], [0]), (1 << 20, 1 << 20, 1), "shape must be three sizes of product"),
    ],
)
def test_bad_events(columns: tuple, shape: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_events(Events(*map(np.array, columns)), shape)


def test_bad_spikes() -> None:
    with pytest.raises(ValueError, match=r"spikes must have shape \[batch, steps, n\], not \[3\]"):
        to_events(np.zeros(3))
