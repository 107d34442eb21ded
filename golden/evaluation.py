"""How well, and how busily, a network answers labelled images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .inference import prepare
from .network import Network
from .readouts import decide
from .simulator import simulate

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True)
class Evaluation:
    """What happened on a labelled set.

    Attributes
    ----------
    decided: int64 [n], the classes
    correct: how many are right
    input_spikes: per inference, mean
    layer_spikes: per layer, spikes per inference, mean
    synaptic_operations: per inference, mean
    saturated: share of stored potentials that stand at the end of their range, over all layers
    """

    decided: NDArray[np.int64]
    correct: int
    input_spikes: float
    layer_spikes: tuple[float, ...]
    synaptic_operations: float
    saturated: float

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.correct / len(self.decided)


def evaluate(network: Network, images: ArrayLike, labels: ArrayLike) -> Evaluation:
    """Classify ``images`` [n, ...] and compare with ``labels`` [n]."""
    spikes, readout = prepare(network, images)
    wanted = np.asarray(labels)
    if wanted.shape != (len(spikes),) or len(spikes) == 0:
        raise ValueError(f"labels must have shape ({len(spikes)},), not {wanted.shape}")
    trace = simulate(network, spikes)
    decided = decide(readout, trace)
    ends = 0
    for layer, potential in zip(network.layers, trace.potential, strict=True):
        ends += int((potential == layer.potential.maximum).sum())
        if layer.potential.signed:
            ends += int((potential == layer.potential.minimum).sum())
    return Evaluation(
        decided=decided,
        correct=int((decided == wanted).sum()),
        input_spikes=float(spikes.sum() / len(spikes)),
        layer_spikes=tuple(float(layer.sum() / len(layer)) for layer in trace.spikes),
        synaptic_operations=float(trace.synaptic_operations.mean()),
        saturated=ends / sum(potential.size for potential in trace.potential),
    )
