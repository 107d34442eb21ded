"""The golden model: exact integers, vectorised over samples, every state recorded.

trace = simulate(network, spikes)       # spikes[batch, steps, n_in]
trace.spikes[-1].sum(axis=1)            # spike counts of the output neurons
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .network import Layer, Network
from .neuron import leak
from .weights import weight_format

__all__ = ["Trace", "exact_float", "simulate"]


@dataclass(frozen=True)
class Trace:
    """Everything that happened in one batch of inferences.

    Attributes
    ----------
    accumulator: per layer, int32 [batch, steps, n_out]: the sum of the spiking inputs' weights
    potential: per layer, int32 [batch, steps, n_out]: as stored at the end of the step, after reset
    armed: per layer, bool [batch, steps, n_out]: whether the neuron may spike in the next step
    spikes: per layer, bool [batch, steps, n_out]
    synaptic_operations: int64 [batch]: over all layers, input spikes times the neurons they reach

    Before the first step every potential is 0 and every neuron is armed.
    """

    accumulator: list[NDArray[np.int32]]
    potential: list[NDArray[np.int32]]
    armed: list[NDArray[np.bool_]]
    spikes: list[NDArray[np.bool_]]
    synaptic_operations: NDArray[np.int64]


def simulate(network: Network, spikes: ArrayLike) -> Trace:
    """Run a batch of inferences.

    Parameters
    ----------
    network: the network
    spikes: [batch, steps, n_in], boolean or 0/1, with the steps and inputs of the network

    Raises
    ------
    ValueError: spikes of another shape or holding anything but 0 and 1
    """
    inputs = _check_spikes(network, spikes)
    trace = Trace([], [], [], [], np.zeros(len(inputs), dtype=np.int64))
    for layer in network.layers:
        operations = np.count_nonzero(inputs, axis=(1, 2)) * layer.n_out
        np.add(trace.synaptic_operations, operations, out=trace.synaptic_operations)
        accumulator = _accumulate(layer, inputs)
        potential, armed, inputs = _fire(layer, accumulator)
        trace.accumulator.append(accumulator)
        trace.potential.append(potential)
        trace.armed.append(armed)
        trace.spikes.append(inputs)
    return trace


def exact_float(terms: int, magnitude: int) -> type[np.floating[Any]]:
    """The float in which sums of ``terms`` integers up to ``magnitude`` are exact in any order.

    Every partial sum is an integer of at most terms * magnitude; a float holds all integers up to
    2**24 (float32) or 2**53 (float64) exactly, so BLAS may add in whatever order it likes.
    """
    bound = terms * magnitude
    if bound <= 1 << 24:
        return np.float32
    if bound <= 1 << 53:
        return np.float64
    raise ValueError(f"terms * magnitude must be at most 2**53, not {bound}")


def _check_spikes(network: Network, spikes: ArrayLike) -> NDArray[np.bool_]:
    array = np.asarray(spikes)
    wanted = (network.steps, network.n_in)
    if array.ndim != 3 or array.shape[1:] != wanted:
        raise ValueError(
            f"spikes must have shape [batch, {wanted[0]}, {wanted[1]}], not {list(array.shape)}"
        )
    if array.dtype.kind not in "biuf":
        raise ValueError(f"spikes must be boolean or 0/1, not {array.dtype}")
    if array.dtype == np.bool_:
        return array
    result = array != 0
    if (wrong := result & (array != 1)).any():
        raise ValueError(f"spikes must be 0 or 1, not {array[wrong][0]!s}")
    return result


def _accumulate(layer: Layer, spikes: NDArray[np.bool_]) -> NDArray[np.int32]:
    """[batch, steps, n_out]: spikes @ weights."""
    magnitude = max(abs(value) for value in weight_format(layer.weight_format).values)
    kind = exact_float(layer.n_in, magnitude)
    rows = spikes.reshape(-1, layer.n_in).astype(kind)
    sums = rows @ layer.weights.astype(kind)
    return sums.astype(np.int32).reshape(*spikes.shape[:2], layer.n_out)


def _fire(
    layer: Layer, accumulator: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Potential, armed and spikes, each [batch, steps, n_out], of neurons fed ``accumulator``."""
    batch, steps, neurons = accumulator.shape
    potentials = np.empty_like(accumulator)
    armeds = np.empty(accumulator.shape, dtype=np.bool_)
    spikes = np.empty(accumulator.shape, dtype=np.bool_)
    potential = np.zeros((batch, neurons), dtype=np.int32)
    armed = np.ones((batch, neurons), dtype=np.bool_)
    spent = np.zeros((batch, neurons), dtype=np.bool_)
    low, high = layer.potential.minimum, layer.potential.maximum
    for step in range(steps):
        potential = np.clip(leak(potential, layer.beta) + accumulator[:, step], low, high)
        spike = armed & (potential > layer.theta_high)
        if layer.hysteresis == "schmitt":
            armed = ~spike & (armed | (potential < layer.theta_low))
        elif layer.hysteresis == "openspike":
            armed = ~spike & (potential < layer.theta_low)
        else:
            armed = np.ones_like(armed)
        if layer.refractory == "once":
            spent |= spike
            armed = armed & ~spent
        if layer.reset == "zero":
            potential = np.where(spike, 0, potential)
        elif layer.reset == "subtract":
            potential = potential - layer.theta_high * spike
        potentials[:, step], armeds[:, step], spikes[:, step] = potential, armed, spike
    return potentials, armeds, spikes
