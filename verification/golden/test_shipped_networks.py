"""The two networks in golden/networks keep the promises that are made about them."""

from pathlib import Path

import numpy as np
import pytest

import golden
from golden import Network, classify, load_network, save_network, simulate
from golden.digits import digits
from golden.encoders import encode
from verification.golden.plain import plain_simulate

NETWORKS = Path(golden.__file__).parent / "networks"
PROMISES = {
    # name: weight format, most weight bits, least accuracy
    "digits": ("bipolar1", 16_384, 0.96),
    "digits_ternary": ("ternary2", 32_768, 0.97),
}


@pytest.fixture(params=sorted(PROMISES))
def network(request: pytest.FixtureRequest) -> Network:
    return load_network(NETWORKS / f"{request.param}.nir")


def test_accuracy_on_the_test_images(network: Network) -> None:
    data = digits()
    right = classify(network, data.test_images) == data.test_labels
    assert len(right) == 360
    assert right.mean() >= PROMISES[network.name][2]


def test_accuracy_is_of_the_weights_not_of_the_test(network: Network) -> None:
    """The same images against shuffled labels are at chance."""
    data = digits()
    labels = np.random.default_rng(0).permutation(data.test_labels)
    assert (classify(network, data.test_images) == labels).mean() < 0.2


def test_size_steps_and_population_code(network: Network) -> None:
    weight_format, most_bits, _ = PROMISES[network.name]
    assert {layer.weight_format for layer in network.layers} == {weight_format}
    assert network.weight_bits <= most_bits
    assert network.steps <= 16
    assert network.readout is not None
    assert network.readout.kind == "population"
    assert network.n_out == 3 * network.readout.classes


def test_potentials_fit_eight_to_ten_bits(network: Network) -> None:
    assert all(layer.potential.bits <= 10 for layer in network.layers)


def test_equals_the_plain_loop_on_real_images(network: Network) -> None:
    assert network.encoding is not None
    spikes = encode(network.encoding, digits().test_images[:4], network.steps)
    trace, expected = simulate(network, spikes), plain_simulate(network, spikes)
    for name in ("accumulator", "potential", "armed", "spikes"):
        for mine, plain in zip(getattr(trace, name), expected[name], strict=True):
            assert np.array_equal(mine, np.array(plain))


def test_saving_what_was_loaded_gives_the_same_bytes(network: Network, tmp_path: Path) -> None:
    save_network(tmp_path / "copy.nir", network)
    assert (tmp_path / "copy.nir").read_bytes() == (NETWORKS / f"{network.name}.nir").read_bytes()
