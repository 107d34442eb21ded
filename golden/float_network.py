"""A spiking network in floats: what a trained NIR graph computes before it is quantised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatLayer", "FloatTrace", "float_simulate"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """Neurons with potentials in units of their own threshold, and the synapses that lead to them.

    Per time step::

        u'    = decay * u + spikes @ weights + bias
        spike = u' > 1, unless integrates_only
        u     = after a spike, zero: 0, subtract: u' - 1; else u'

    Attributes
    ----------
    name: of the graph's neuron node
    weights: [n_in, n_out]
    bias: [n_out]
    decay: [n_out] in 0..1
    reset: "zero" or "subtract"
    integrates_only: the neurons never spike; their potential is the answer (NIR's LI)
    """

    name: str
    weights: FloatArray
    bias: FloatArray
    decay: FloatArray
    reset: str
    integrates_only: bool = False


@dataclass(frozen=True, eq=False)
class FloatTrace:
    """Per layer [batch, steps, n_out]: ``potential`` after reset, in thresholds, and ``spikes``."""

    potential: list[FloatArray]
    spikes: list[NDArray[np.bool_]]


def float_simulate(layers: list[FloatLayer], spikes: NDArray[np.bool_]) -> FloatTrace:
    """Run ``layers`` on ``spikes`` [batch, steps, n_in] from potentials of 0."""
    trace = FloatTrace([], [])
    for layer in layers:
        drive = spikes.astype(np.float64) @ layer.weights + layer.bias
        potential = np.zeros((drive.shape[0], drive.shape[2]))
        spikes = np.zeros(drive.shape, dtype=np.bool_)
        for step in range(drive.shape[1]):
            potential = layer.decay * potential + drive[:, step]
            if not layer.integrates_only:
                spikes[:, step] = potential > 1
                lost = potential if layer.reset == "zero" else 1.0
                potential = potential - spikes[:, step] * lost
            drive[:, step] = potential
        trace.potential.append(drive)
        trace.spikes.append(spikes)
    return trace
