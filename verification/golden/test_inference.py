import dataclasses

import numpy as np
import pytest

from golden import Encoding, Layer, Network, Readout, classify


def identity_network() -> Network:
    """Neuron j counts the spikes of input j."""
    layer = Layer(np.eye(4), "unipolar1", 8, theta_high=0)
    return Network((layer,), 8, "identity", Encoding("rate", 16.0), Readout("count", 4))


def test_the_brightest_pixel_wins() -> None:
    images = np.random.default_rng(0).permuted(np.tile([0, 4, 8, 16], (20, 1)), axis=1)
    assert classify(identity_network(), images).tolist() == images.argmax(axis=1).tolist()


def test_images_may_have_rows() -> None:
    assert classify(identity_network(), [[[1, 2], [16, 4]]]).tolist() == [2]


@pytest.mark.parametrize("member", ["encoding", "readout"])
def test_needs_encoding_and_readout(member: str) -> None:
    network = dataclasses.replace(identity_network(), **{member: None})
    with pytest.raises(ValueError, match=f"{member} of network 'identity' must be set"):
        classify(network, [[0, 0, 0, 0]])


def test_images_of_another_size() -> None:
    with pytest.raises(ValueError, match=r"images must have 4 values each, .* 'identity', not 3"):
        classify(identity_network(), [[0, 0, 0]])
