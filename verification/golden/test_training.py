"""The training models against the golden model.

Full tier, whose set-up installs the extra `train`; PyTorch is imported by nothing else.
"""

import dataclasses

import numpy as np
import pytest

from golden import Potential, classify, simulate
from golden.digits import digits
from golden.float_network import float_simulate
from golden.nir_import import float_layers

pytestmark = pytest.mark.full


@pytest.fixture
def spikes() -> np.ndarray:
    return np.random.default_rng(0).random((40, 8, 64)) < 0.35


@pytest.mark.parametrize("weight_format", ["bipolar1", "ternary2"])
@pytest.mark.parametrize("beta", [(7, 8), (5, 0), (3, 6)])
@pytest.mark.parametrize("signed", [True, False])
def test_the_quantised_model_is_the_golden_model(
    spikes: np.ndarray, weight_format: str, beta: tuple[int, int], signed: bool
) -> None:
    """Spike for spike, with weights as they are before training: the rules are what is compared."""
    import torch

    from golden.training.digits import ENCODING, READOUT
    from golden.training.models import QuantisedModel, Shape

    torch.manual_seed(1)
    potential = Potential(8, signed=signed)
    model = QuantisedModel(Shape((64, 48, 30), weight_format, beta, (3.4, 2.0), potential, 5.0))
    network = model.network(8, "x", ENCODING, READOUT)
    assert network.layers[0].theta_high == 3
    with torch.no_grad():
        sent = model(torch.from_numpy(spikes.astype(np.float32))).numpy()
    expected = simulate(network, spikes).spikes[-1]
    assert np.array_equal(sent, expected)
    assert 0.001 < expected.mean() < 0.9


def test_the_float_model_is_the_imported_graph(spikes: np.ndarray) -> None:
    """All but the rare case that a potential is still above its threshold after one subtraction:
    there snnTorch holds the next spike back."""
    import torch

    from golden.training.digits import RECIPES
    from golden.training.models import FloatModel

    torch.manual_seed(2)
    model = FloatModel(RECIPES["digits"].shape)
    with torch.no_grad():
        for synapses in model.synapses:
            synapses.weight *= 1.5
        sent = model(torch.from_numpy(spikes.astype(np.float32))).numpy() > 0
    layers = float_layers(model.graph(), reset="subtract")
    expected = float_simulate(layers, spikes).spikes[-1]
    assert (sent == expected).mean() > 0.99
    assert expected.mean() > 0.02


def test_training_learns_and_is_repeatable() -> None:
    import torch

    from golden.training.digits import ENCODING, READOUT, RECIPES, train
    from golden.training.models import QuantisedModel

    recipe = dataclasses.replace(RECIPES["digits"], epochs=3)
    torch.set_num_threads(1)
    networks = []
    for _ in range(2):
        torch.manual_seed(0)
        model = QuantisedModel(recipe.shape)
        train(model, recipe, digits(), 0)
        networks.append([weights.detach().numpy().copy() for weights in model.weights])
    assert all(np.array_equal(a, b) for a, b in zip(*networks, strict=True))
    network = model.network(recipe.steps, "x", ENCODING, READOUT)
    data = digits()
    assert (classify(network, data.test_images) == data.test_labels).mean() > 0.8
