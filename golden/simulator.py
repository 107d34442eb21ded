"""The golden model: exact integers, a batch of samples at a time, every state recorded.

trace = simulate(network, spikes)       # spikes[batch, steps, n_in]
trace.spikes[-1].sum(axis=1)            # spike counts of the output neurons
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .kernels import WORD, accumulate, fire, pack, pack_inputs
from .network import HYSTERESIS, RESETS, Layer, Network
from .neuron import keep_masks
from .weights import weight_format

__all__ = ["Trace", "simulate"]


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
    batch, steps, _ = inputs.shape
    trace = Trace([], [], [], [], np.zeros(batch, dtype=np.int64))
    packed = pack_inputs(inputs.swapaxes(0, 1))
    for layer in network.layers:
        received = np.bitwise_count(packed).sum(axis=(0, 1), dtype=np.int64)
        np.add(trace.synaptic_operations, received * layer.n_out, out=trace.synaptic_operations)
        accumulator = _accumulate(layer, packed)
        potential, armed, fired = _fire(layer, accumulator)
        packed = np.empty((-(-layer.n_out // WORD), steps, batch), dtype=np.uint64)
        pack(_lanes(fired.view(np.uint8)), _lanes(packed))
        trace.accumulator.append(accumulator.T)
        trace.potential.append(potential.T)
        trace.armed.append(armed.T)
        trace.spikes.append(fired.T)
    return trace


def _lanes(array: NDArray[Any]) -> NDArray[Any]:
    """[n, steps * batch] of [n, steps, batch]: steps and samples side by side."""
    return array.reshape(len(array), array.shape[1] * array.shape[2])


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


def _accumulate(layer: Layer, packed: NDArray[np.uint64]) -> NDArray[np.int32]:
    """[n_out, steps, batch]: the sums of the weights of the ``packed`` spikes."""
    planes, coefficients, offset = weight_format(layer.weight_format).planes(layer.weights)
    words = np.stack([pack_inputs(plane.T) for plane in planes])
    accumulator = np.empty((layer.n_out, *packed.shape[1:]), dtype=np.int32)
    accumulate(_lanes(packed), words, coefficients, np.int32(offset), _lanes(accumulator))
    return accumulator


def _fire(
    layer: Layer, accumulator: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Potential, armed and spikes, each [n_out, steps, batch], of neurons fed ``accumulator``."""
    potential = np.empty_like(accumulator)
    armed, spikes = (np.empty(accumulator.shape, dtype=np.bool_) for _ in range(2))
    limits = (
        layer.potential.minimum,
        layer.potential.maximum,
        layer.theta_high,
        layer.theta_low,
    )
    fire(
        accumulator,
        keep_masks(layer.beta),
        tuple(np.int32(limit) for limit in limits),
        HYSTERESIS.index(layer.hysteresis),
        RESETS.index(layer.reset),
        layer.refractory == "once",
        potential,
        armed.view(np.uint8),
        spikes.view(np.uint8),
    )
    return potential, armed, spikes
