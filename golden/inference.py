"""Images in, classes out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .encoders import encode
from .network import Network
from .readouts import decide
from .simulator import simulate

__all__ = ["classify"]

BATCH = 512
"""Images at a time: bounds the memory, whatever the number of images."""


def classify(network: Network, images: ArrayLike) -> NDArray[np.int64]:
    """[batch]: the class of each of ``images`` [batch, ...], by the network's read-out.

    Raises ValueError if the network has no encoding or read-out, or for images it cannot encode.
    """
    if network.encoding is None or network.readout is None:
        missing = "encoding" if network.encoding is None else "readout"
        raise ValueError(f"{missing} of network {network.name!r} must be set to classify, not None")
    array = np.atleast_1d(np.asarray(images))
    decided = [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(array), BATCH):
        spikes = encode(network.encoding, array[start : start + BATCH], network.steps)
        decided.append(decide(network.readout, simulate(network, spikes, record="output")))
    return np.concatenate(decided)
