"""From the trace of the last layer to an answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .float_network import FloatTrace
from .network import Readout
from .simulator import Trace

__all__ = ["decide", "first_spike", "membrane", "population_count", "spike_count"]


def spike_count(trace: Trace | FloatTrace) -> NDArray[np.int64]:
    """[batch, n_out]: spikes of each output neuron over the inference."""
    return trace.spikes[-1].sum(axis=1, dtype=np.int64)


def population_count(trace: Trace | FloatTrace, classes: int) -> NDArray[np.int64]:
    """[batch, classes]: spikes of each class's neurons, class by class side by side."""
    counts = spike_count(trace)
    return counts.reshape(len(counts), classes, -1).sum(axis=2)


def first_spike(trace: Trace | FloatTrace) -> NDArray[np.int64]:
    """[batch, n_out]: step of each output neuron's first spike; the number of steps if none."""
    spikes = trace.spikes[-1]
    return np.where(spikes.any(axis=1), spikes.argmax(axis=1), spikes.shape[1]).astype(np.int64)


def membrane(trace: Trace | FloatTrace) -> NDArray[Any]:
    """[batch, n_out]: potential of each output neuron after the last step."""
    return trace.potential[-1][:, -1]


def decide(readout: Readout, trace: Trace | FloatTrace) -> NDArray[np.int64]:
    """[batch]: the class of each sample; the lowest class wins a tie.

    The winner has the most spikes (count, population), the earliest spike (first_spike) or the
    highest potential (membrane).
    """
    if readout.kind == "first_spike":
        return first_spike(trace).argmin(axis=1)
    if readout.kind == "membrane":
        return membrane(trace).argmax(axis=1)
    return population_count(trace, readout.classes).argmax(axis=1)
