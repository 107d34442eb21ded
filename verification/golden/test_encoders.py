import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import Encoding, direct, encode, latency, rate


@given(st.integers(0, 16), st.integers(0, 99))
def test_rate_makes_exactly_the_spikes_asked_for(count: int, seed: int) -> None:
    spikes = rate(np.full((1, 20), count / 16), 16, seed)
    assert spikes.shape == (1, 16, 20)
    assert (spikes.sum(axis=1) == count).all()


@given(st.floats(0, 1), st.integers(1, 40))
def test_rate_is_within_one_spike_and_even(value: float, steps: int) -> None:
    spikes = rate([[value] * 8], steps)[0]
    assert (np.abs(spikes.sum(axis=0) - value * steps) < 1 + 1e-9).all()
    half = spikes[: steps // 2].sum(axis=0)
    assert (np.abs(half - value * (steps // 2)) < 1 + 1e-9).all()


def test_rate_depends_on_the_seed_alone() -> None:
    values = np.random.default_rng(3).random((4, 64))
    assert np.array_equal(rate(values, 8, 5), rate(values, 8, 5))
    assert not np.array_equal(rate(values, 8, 5), rate(values, 8, 6))
    assert np.array_equal(rate(values, 8, 5)[2:3], rate(values[2:3], 8, 5))


def test_rate_spreads_equal_inputs_over_time() -> None:
    per_step = rate(np.full((1, 1000), 0.25), 8)[0].sum(axis=1)
    assert per_step.min() > 180
    assert per_step.max() < 320


def test_latency_known() -> None:
    spikes = latency([[0.0, 0.01, 0.5, 1.0]], 5)[0]
    assert spikes.sum(axis=0).tolist() == [0, 1, 1, 1]
    assert spikes.argmax(axis=0).tolist() == [0, 4, 2, 0]


def test_direct_repeats_the_binary_image() -> None:
    spikes = direct([[0.5, 0.51, 1.0]], 3)
    assert spikes.tolist() == [[[False, True, True]] * 3]


@pytest.mark.parametrize("kind", ["rate", "latency", "direct"])
def test_encode_scales_and_flattens(kind: str) -> None:
    images = np.arange(16).reshape(2, 2, 4)
    expected = {
        "rate": rate(images.reshape(2, 8) / 16, 4, 9),
        "latency": latency(images.reshape(2, 8) / 16, 4),
        "direct": direct(images.reshape(2, 8) / 16, 4),
    }[kind]
    assert np.array_equal(encode(Encoding(kind, 16.0, 9), images, 4), expected)


@pytest.mark.parametrize("bad", [float("nan"), -0.1, 1.1, float("inf")])
def test_values_outside(bad: float) -> None:
    for make in (rate, latency, direct):
        with pytest.raises(ValueError, match=r"values must be in 0..1, not"):
            make([[0.5, bad]], 4)
    with pytest.raises(ValueError, match=r"images must be in 0..1 \(encoding.full_scale\), not"):
        encode(Encoding("rate"), [[0.5, bad]], 4)


def test_bad_shapes_and_steps() -> None:
    with pytest.raises(ValueError, match="values must be numbers of shape"):
        rate([0.5], 4)
    with pytest.raises(ValueError, match="images must be numbers of shape"):
        encode(Encoding("rate"), [["a"]], 4)
    with pytest.raises(ValueError, match="steps must be an integer"):
        latency([[0.5]], 0)
