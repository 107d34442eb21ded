import numpy as np
import pytest

from golden import Encoding, Layer, Network, Potential, Readout
from verification.golden.plain import small_network


def test_ranges_of_potentials() -> None:
    assert (Potential(8, False).minimum, Potential(8, False).maximum) == (0, 255)
    assert (Potential(10, True).minimum, Potential(10, True).maximum) == (-512, 511)


def test_shapes_and_bits() -> None:
    layer = Layer(np.zeros((5, 3)), "ternary2", 8, 4)
    network = Network((layer, Layer(np.ones((3, 2)), "int4", [7, 8], 4)), 2)
    assert (network.n_in, network.n_out, network.weight_bits) == (5, 2, 5 * 3 * 2 + 3 * 2 * 4)
    assert layer.beta.tolist() == [8, 8, 8]


def test_arrays_cannot_be_changed() -> None:
    layer = small_network().layers[0]
    with pytest.raises(ValueError, match="read-only"):
        layer.weights[0, 0] = -1
    with pytest.raises(AttributeError):
        layer.theta_high = 5  # type: ignore[misc]  # a frozen field, on purpose


def test_equality_is_by_value() -> None:
    assert small_network() == small_network()
    assert small_network() != small_network(beta=6)
    assert small_network() != small_network(theta_high=2)
    assert small_network().layers[0] != "layer"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": [1, 1]}, r"weights must have 2 dimension\(s\), not 1"),
        ({"weights": [[1, 0], [1]]}, "weights must be a rectangular array"),
        ({"weights": np.ones((0, 2))}, r"weights must have 1..65536 rows \(inputs\), not 0"),
        ({"weights": np.ones((2, 0))}, r"weights must have 1..65536 columns \(neurons\), not 0"),
        ({"weights": [[0.5]]}, "weights must hold integers, not 0.5"),
        ({"weights": [[float("nan")]]}, "weights must hold integers, not nan"),
        ({"weights": [[float("inf")]]}, "weights must hold integers, not inf"),
        ({"weights": [["1"]]}, "weights must hold integers, not <U1"),
        ({"weights": [[1, 0]]}, r"weights of bipolar1 must be one of \[-1, 1\], not 0"),
        ({"weights": [[-1]], "weight_format": "unipolar1"}, "weights of unipolar1 .* not -1"),
        ({"weights": [[2]], "weight_format": "ternary2"}, "weights of ternary2 .* not 2"),
        ({"weights": [[8]], "weight_format": "int4"}, "weights of int4 .* not 8"),
        ({"weight_format": "int5"}, "weight_format must be one of .* not 'int5'"),
        ({"weight_format": ["int4"]}, "weight_format must be one of"),
        ({"beta": 9}, r"beta must be an integer in 0..8 \(eighths\), not 9"),
        ({"beta": -1}, "beta must be an integer in 0..8"),
        ({"beta": 0.875}, "beta must hold integers, not 0.875"),
        ({"beta": [7, 7, 7]}, r"beta must be one value or have shape \(2,\), not \(3,\)"),
        ({"theta_high": 128}, "theta_high must be an integer in -128..127, not 128"),
        ({"theta_high": 1.5}, "theta_high must be an integer .* not 1.5"),
        ({"theta_high": True}, "theta_high must be an integer .* not True"),
        ({"theta_high": -1, "reset": "subtract"}, "theta_high must be an integer in 0..127"),
        ({"theta_high": 1, "theta_low": 2}, "theta_low must be an integer in -128..1, not 2"),
        ({"hysteresis": "on"}, "hysteresis must be one of .* not 'on'"),
        ({"reset": "hard"}, "reset must be one of .* not 'hard'"),
        ({"refractory": 1}, "refractory must be one of .* not 1"),
        ({"potential": 8}, "potential must be a Potential, not 8"),
    ],
)
def test_bad_layer(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small_network(**changes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((7, True), "potential.bits must be an integer in 8..16, not 7"),
        ((17, True), "potential.bits must be"),
        ((8.0, True), "potential.bits must be"),
        ((8, 1), "potential.signed must be true or false, not 1"),
    ],
)
def test_bad_potential(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Potential(*arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": ()}, "layers must be a sequence of at least one Layer"),
        ({"layers": None}, "layers must be a sequence"),
        ({"layers": ("x",)}, r"layers\[0\] must be a Layer, not 'x'"),
        ({"steps": 0}, "steps must be an integer in 1..65536, not 0"),
        ({"steps": 2.0}, "steps must be an integer"),
        ({"name": "a\nb"}, "name must be printable text"),
        ({"name": None}, "name must be printable text"),
        ({"encoding": "rate"}, "encoding must be Encoding or None, not 'rate'"),
        ({"readout": "count"}, "readout must be Readout or None"),
        ({"readout": Readout("population", 3)}, "readout.classes must divide the 2 neurons"),
        ({"readout": Readout("count", 1)}, "readout.classes of 'count' must equal the 2 neurons"),
    ],
)
def test_bad_network(changes: dict, message: str) -> None:
    values = {"layers": small_network().layers, "steps": 4}
    with pytest.raises(ValueError, match=message):
        Network(**(values | changes))


def test_layers_that_do_not_fit() -> None:
    layer = small_network().layers[0]
    with pytest.raises(ValueError, match=r"layers\[1\].weights must have 2 rows .* not 3"):
        Network((layer, layer), 4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Encoding("burst"), "encoding.kind must be one of"),
        (lambda: Encoding("rate", 0.0), "encoding.full_scale must be a number"),
        (lambda: Encoding("rate", float("nan")), "encoding.full_scale .* not nan"),
        (lambda: Encoding("rate", 1.0, -1), "encoding.seed must be an integer"),
        (lambda: Readout("vote", 2), "readout.kind must be one of"),
        (lambda: Readout("count", 0), "readout.classes must be an integer"),
    ],
)
def test_bad_encoding_or_readout(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
