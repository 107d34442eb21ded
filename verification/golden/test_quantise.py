import numpy as np
import pytest

from golden import Encoding, Potential, Readout, encode, simulate
from golden.float_network import FloatLayer, float_simulate
from golden.quantise import quantise

POTENTIAL = Potential(10, signed=True)


def layer(n_in: int, n_out: int, seed: int, **changes: object) -> FloatLayer:
    generator = np.random.default_rng(seed)
    values: dict = {
        "name": f"neurons_{seed}",
        "weights": generator.normal(0.1, 0.4, (n_in, n_out)),
        "bias": np.zeros(n_out),
        "decay": np.full(n_out, 0.875),
        "reset": "subtract",
    }
    return FloatLayer(**(values | changes))


def spikes(n_in: int, batch: int = 24, steps: int = 12) -> np.ndarray:
    return np.random.default_rng(9).random((batch, steps, n_in)) < 0.3


def test_integer_weights_come_through_exactly() -> None:
    """A float network that is an int4 network in disguise loses nothing."""
    weights = np.random.default_rng(2).integers(-8, 8, (10, 6))
    weights[0, 0] = -8
    source = layer(10, 6, 2, weights=weights / 16, decay=np.ones(6))
    result = quantise([source], spikes(10), "int4", POTENTIAL)
    assert np.array_equal(result.network.layers[0].weights, weights)
    assert result.network.layers[0].theta_high == 16
    (report,) = result.layers
    assert report.weight_error == pytest.approx(0, abs=1e-9)
    assert report.clipped == report.decay_error == report.bias_error == 0
    trace = simulate(result.network, spikes(10))
    assert np.array_equal(trace.spikes[-1], float_simulate([source], spikes(10)).spikes[-1])


def test_a_bias_that_needs_several_inputs_is_exact() -> None:
    """20 and -13 units of int4 do not fit one input, nor divide evenly by three."""
    weights = np.random.default_rng(2).integers(-8, 8, (10, 3))
    bias = np.array([20, -13, 0])
    source = layer(10, 3, 2, weights=weights / 16, bias=bias / 16, decay=np.ones(3))
    result = quantise([source], spikes(10), "int4", POTENTIAL)
    (report,) = result.layers
    assert report.bias_inputs == 3
    assert report.bias_error == pytest.approx(0, abs=1e-9)
    assert result.network.layers[0].weights[10:].sum(axis=0).tolist() == bias.tolist()


def test_ternary_in_disguise() -> None:
    weights = np.random.default_rng(3).integers(-1, 2, (10, 6))
    source = layer(10, 6, 3, weights=weights / 2, decay=np.ones(6))
    result = quantise([source], spikes(10), "ternary2", POTENTIAL)
    assert np.array_equal(result.network.layers[0].weights, weights)
    assert result.network.layers[0].theta_high == 2


def test_random_weights_stay_close_in_int4_and_the_report_says_how() -> None:
    layers = [layer(20, 16, 4), layer(16, 5, 5)]
    result = quantise(layers, spikes(20), "int4", POTENTIAL)
    for report, ideal, trace in zip(
        result.layers,
        float_simulate(layers, spikes(20)).spikes,
        simulate(result.network, spikes(20)).spikes,
        strict=True,
    ):
        assert report.float_spikes == pytest.approx(ideal.sum(axis=1).mean())
        assert report.spikes == pytest.approx(trace.sum(axis=1).mean())
        assert abs(report.spikes / report.float_spikes - 1) < 0.15
        assert 0.01 < report.weight_error < 0.25
        assert report.decay_error == 0


def test_more_bits_lose_less() -> None:
    source = [layer(20, 16, 6)]
    ideal = float_simulate(source, spikes(20)).spikes[-1].sum(axis=1, dtype=float)
    loss = {}
    for name in ("bipolar1", "ternary2", "int4"):
        network = quantise(source, spikes(20), name, POTENTIAL).network
        counts = simulate(network, spikes(20)).spikes[-1].sum(axis=1)
        loss[name] = np.square(counts - ideal).mean()
    assert loss["int4"] < loss["ternary2"] < loss["bipolar1"]


def test_biases_become_constant_inputs_and_neurons() -> None:
    """With biases in both layers, the hidden one must send spikes in every step."""
    layers = [
        layer(12, 8, 7, bias=np.linspace(-0.3, 0.5, 8)),
        layer(8, 4, 8, bias=np.array([0.6, -0.6, 0.3, 0.0])),
    ]
    encoding = Encoding("rate")
    images = np.random.default_rng(0).random((30, 12))
    calibration = encode(encoding, images, 12)
    result = quantise(layers, calibration, "int4", POTENTIAL, encoding=encoding)
    network = result.network
    constants = network.n_in - 12
    assert network.encoding == Encoding("rate", constant_inputs=constants)
    assert constants >= 1
    trace = simulate(network, encode(network.encoding, images, 12))
    assert network.layers[0].n_out > 8
    assert trace.spikes[0][..., 8:].all()
    ideal = float_simulate(layers, calibration)
    change = trace.spikes[-1].sum(axis=1) - ideal.spikes[-1].sum(axis=1, dtype=float)
    dropped = quantise(layers, calibration, "int4", POTENTIAL, bias="drop")
    assert dropped.network.n_in == 12
    assert dropped.layers[1].bias_error == pytest.approx(0.6)
    plain = simulate(dropped.network, calibration).spikes[-1].sum(axis=1)
    without = plain - ideal.spikes[-1].sum(axis=1, dtype=float)
    assert np.square(change).mean() < np.square(without).mean()


def test_integrators_keep_their_order() -> None:
    layers = [layer(16, 12, 10), layer(12, 3, 11, integrates_only=True)]
    result = quantise(layers, spikes(16, 60), "int4", POTENTIAL, readout=Readout("membrane", 3))
    last = result.network.layers[-1]
    assert (last.theta_high, last.reset) == (POTENTIAL.maximum, "none")
    answer = simulate(result.network, spikes(16, 60)).potential[-1][:, -1].argmax(axis=1)
    ideal = float_simulate(layers, spikes(16, 60)).potential[-1][:, -1].argmax(axis=1)
    assert (answer == ideal).mean() > 0.8


def test_saturation_is_reported() -> None:
    source = layer(400, 4, 12, weights=np.full((400, 4), 1.0), integrates_only=True)
    (report,) = quantise([source], spikes(400), "int4", Potential(8, signed=False)).layers
    assert report.saturated > 0.5


@pytest.mark.parametrize(
    ("bias", "name", "message"),
    [
        (2.0, "bipolar1", "'neurons_13': bias of the layer after it must be dropped"),
        (500.0, "ternary2", "'neurons_14': bias must fit 64 inputs of ternary2"),
    ],
)
def test_biases_that_do_not_fit(bias: float, name: str, message: str) -> None:
    layers = [layer(12, 8, 13), layer(8, 4, 14, bias=np.full(4, bias))]
    with pytest.raises(ValueError, match=message):
        quantise(layers, spikes(12), name, POTENTIAL)


def test_bad_arguments() -> None:
    source = [layer(3, 2, 15)]
    with pytest.raises(ValueError, match="bias must be one of"):
        quantise(source, spikes(3), "int4", POTENTIAL, bias="keep")
    with pytest.raises(ValueError, match=r"calibration must have shape \[batch, steps, 3\]"):
        quantise(source, spikes(4), "int4", POTENTIAL)
    with pytest.raises(ValueError, match="calibration must hold samples and steps"):
        quantise(source, spikes(3, batch=0), "int4", POTENTIAL)
    with pytest.raises(ValueError, match="weight_format must be one of"):
        quantise(source, spikes(3), "int5", POTENTIAL)


def test_a_threshold_that_no_potential_reaches() -> None:
    tiny = layer(3, 2, 16, weights=np.full((3, 2), 1e-4))
    with pytest.raises(ValueError, match=r"must lie in 1\.\.126 weight units of ternary2"):
        quantise([tiny], spikes(3), "ternary2", Potential(8, signed=True))
