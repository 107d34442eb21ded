import numpy as np
import pytest
from hypothesis import given, settings

from golden import Layer, Network, Potential, simulate
from verification.golden.plain import plain_simulate, small_network
from verification.golden.strategies import networks_with_spikes


@settings(max_examples=120)
@given(networks_with_spikes())
def test_equals_the_plain_loop(case: tuple[Network, np.ndarray]) -> None:
    network, spikes = case
    trace = simulate(network, spikes)
    brief = simulate(network, spikes, record="output")
    expected = plain_simulate(network, spikes)
    for name in ("accumulator", "potential", "armed", "spikes"):
        for mine, plain, layer in zip(
            getattr(trace, name), expected[name], network.layers, strict=True
        ):
            assert mine.shape == (*spikes.shape[:2], layer.n_out)
            assert np.array_equal(mine, np.array(plain)), name
        output = getattr(brief, name)
        assert len(output) == 1
        assert np.array_equal(output[0], getattr(trace, name)[-1])
    assert trace.synaptic_operations.tolist() == expected["synaptic_operations"]
    assert np.array_equal(brief.synaptic_operations, trace.synaptic_operations)


def test_a_worked_example() -> None:
    """Weights +1 +1 -1 into neuron 0, keep 7/8, fire above 1, reset to zero."""
    spikes = np.array([[[1, 0, 0], [1, 1, 0], [1, 1, 0], [0, 0, 1]]])
    trace = simulate(small_network(), spikes)
    assert trace.accumulator[0][0, :, 0].tolist() == [1, 2, 2, -1]
    assert trace.spikes[0][0, :, 0].tolist() == [False, True, True, False]
    assert trace.potential[0][0, :, 0].tolist() == [1, 0, 0, -1]
    assert trace.accumulator[0][0, :, 1].tolist() == [-1, 0, 0, 1]
    assert trace.potential[0][0, :, 1].tolist() == [-1, -3, -4, -3]
    assert trace.synaptic_operations.tolist() == [6 * 2]


def test_types_and_repeatability() -> None:
    spikes = np.random.default_rng(0).random((5, 4, 3)) < 0.5
    first, second = (simulate(small_network(), spikes) for _ in range(2))
    for name, dtype in (("accumulator", "int32"), ("potential", "int32"), ("armed", "bool")):
        assert getattr(first, name)[0].dtype == dtype
        assert getattr(first, name)[0].tobytes() == getattr(second, name)[0].tobytes()


def test_batch_does_not_matter() -> None:
    spikes = np.random.default_rng(1).random((6, 4, 3)) < 0.5
    together = simulate(small_network(), spikes)
    alone = [simulate(small_network(), sample[None]) for sample in spikes]
    assert np.array_equal(together.potential[0], np.concatenate([t.potential[0] for t in alone]))


def test_empty_batch() -> None:
    assert simulate(small_network(), np.zeros((0, 4, 3))).spikes[0].shape == (0, 4, 2)


def test_saturates_after_the_exact_sum() -> None:
    """200 times +1 and 190 times -1 in one step add up to 10, whatever the order."""
    weights = np.concatenate([np.ones(200), -np.ones(190)])[:, None]
    layer = Layer(weights, "bipolar1", 8, theta_high=255, potential=Potential(8, signed=False))
    trace = simulate(Network((layer,), 1), np.ones((1, 1, 390)))
    assert trace.potential[0].item() == 10


@pytest.mark.parametrize(
    ("hysteresis", "expected"),
    [("off", [1, 1, 1, 1]), ("schmitt", [1, 0, 0, 0]), ("openspike", [0, 0, 0, 0])],
)
def test_hysteresis(hysteresis: str, expected: list[int]) -> None:
    """A neuron that forgets at once, driven by +2 (between the thresholds), then +4 (above).

    OpenSpike's is armed only right after a step below theta_low, so it misses even the first one.
    """
    layer = Layer(np.ones((4, 1)), "unipolar1", 0, 3, 1, hysteresis, "none")
    spikes = np.ones((1, 5, 4))
    spikes[0, 0, 2:] = 0
    trace = simulate(Network((layer,), 5), spikes)
    assert trace.spikes[0][0, 1:, 0].tolist() == [bool(spike) for spike in expected]


@pytest.mark.parametrize(
    ("spikes", "message"),
    [
        (np.zeros((1, 3, 3)), r"spikes must have shape \[batch, 4, 3\], not \[1, 3, 3\]"),
        (np.zeros((4, 3)), "spikes must have shape"),
        (np.full((1, 4, 3), 2), "spikes must be 0 or 1, not 2"),
        (np.full((1, 4, 3), np.nan), "spikes must be 0 or 1, not nan"),
        (np.full((1, 4, 3), -1), "spikes must be 0 or 1, not -1"),
        (np.full((1, 4, 3), 0.5), "spikes must be 0 or 1, not 0.5"),
        (np.full((1, 4, 3), "x"), "spikes must be boolean or 0/1"),
    ],
)
def test_bad_spikes(spikes: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(small_network(), spikes)


@pytest.mark.parametrize(
    ("hysteresis", "expected"),
    [
        ("off", [1, 0, 1, 0, 0, 1, 0]),
        ("schmitt", [1, 0, 0, 0, 0, 1, 0]),
        ("openspike", [1, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_thresholds_themselves_are_outside(hysteresis: str, expected: list[int]) -> None:
    """A neuron that forgets sees the drive: neither theta_high = 3 fires nor theta_low = 2 arms."""
    layer = Layer(np.ones((4, 1)), "unipolar1", 0, 3, 2, hysteresis, "none")
    drive = np.array([4, 2, 4, 1, 3, 4, 2])
    spikes = (np.arange(4) < drive[:, None])[None]
    trace = simulate(Network((layer,), len(drive)), spikes)
    assert trace.accumulator[0][0, :, 0].tolist() == drive.tolist()
    assert trace.spikes[0][0, :, 0].tolist() == [bool(spike) for spike in expected]


def test_bad_record() -> None:
    with pytest.raises(ValueError, match=r"record must be one of .* not 'some'"):
        simulate(small_network(), np.zeros((1, 4, 3)), record="some")
