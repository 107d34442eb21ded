"""Images in, classes out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .encoders import encode
from .network import Network, Readout
from .readouts import decide
from .simulator import simulate

__all__ = ["classify", "prepare"]

BATCH = 512
"""Images at a time: bounds the memory, whatever the number of images."""


def classify(network: Network, images: ArrayLike) -> NDArray[np.int64]:
    """[batch]: the class of each of ``images`` [batch, ...], by the network's read-out.

    Raises ValueError if the network has no encoding or read-out, or for images it cannot encode.
    """
    array = np.atleast_1d(np.asarray(images))
    decided = [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(array), BATCH):
        spikes, readout = prepare(network, array[start : start + BATCH])
        decided.append(decide(readout, simulate(network, spikes, record="output")))
    return np.concatenate(decided)


def prepare(network: Network, images: ArrayLike) -> tuple[NDArray[np.bool_], Readout]:
    """Input spikes [batch, steps, n_in] of ``images``, and the network's read-out.

    Raises ValueError as ``classify`` does.
    """
    if network.encoding is None or network.readout is None:
        missing = "encoding" if network.encoding is None else "readout"
        raise ValueError(f"{missing} of network {network.name!r} must be set to classify, not None")
    spikes = encode(network.encoding, images, network.steps)
    constants = network.encoding.constant_inputs
    if spikes.shape[2] != network.n_in:
        raise ValueError(
            f"images must have {network.n_in - constants} values each, the inputs of network"
            f" {network.name!r}, not {spikes.shape[2] - constants}"
        )
    return spikes, network.readout
