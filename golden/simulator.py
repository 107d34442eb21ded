"""The golden model: exact integers, a batch of samples at a time, every state recorded.

trace = simulate(network, spikes)       # spikes[batch, steps, n_in]
trace.spikes[-1].sum(axis=1)            # spike counts of the output neurons
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks
from .kernels import WORD, pack, run_layer
from .network import HYSTERESIS, RESETS, Layer, Network
from .neuron import keep_masks
from .weights import weight_format

__all__ = ["Trace", "simulate"]

RECORDS = ("all", "output")


@dataclass(frozen=True)
class Trace:
    """What happened in one batch of inferences.

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


def simulate(network: Network, spikes: ArrayLike, record: str = "all") -> Trace:
    """Run a batch of inferences.

    Parameters
    ----------
    network: the network
    spikes: [batch, steps, n_in], boolean or 0/1, with the steps and inputs of the network
    record: "all", or "output" for lists that hold the last layer only, which saves most of the
        memory and some of the time

    Raises
    ------
    ValueError: spikes of another shape or holding anything but 0 and 1
    """
    checks.choice("record", record, RECORDS)
    inputs = _check_spikes(network, spikes)
    trace = Trace([], [], [], [], np.zeros(len(inputs), dtype=np.int64))
    packed = pack(inputs.swapaxes(0, 1))
    for layer in network.layers:
        received = np.bitwise_count(packed).sum(axis=(0, 1), dtype=np.int64)
        np.add(trace.synaptic_operations, received * layer.n_out, out=trace.synaptic_operations)
        packed, states = _run(layer, packed, record == "all" or layer is network.layers[-1])
        histories: tuple[list[Any], ...] = (
            trace.accumulator,
            trace.potential,
            trace.armed,
            trace.spikes,
        )
        for history, state in zip(histories, states, strict=False):
            history.append(state.T)
    return trace


def _run(
    layer: Layer, packed: NDArray[np.uint64], record: bool
) -> tuple[NDArray[np.uint64], list[NDArray[Any]]]:
    """Spikes [words, steps, batch], packed like the inputs, and if ``record`` the accumulator,
    potential, armed and spikes, each [n_out, steps, batch]."""
    _, steps, batch = packed.shape
    shape = (layer.n_out, steps, batch) if record else (0, 0, 0)
    states = [np.empty(shape, dtype=kind) for kind in ("int32", "int32", "bool", "bool")]
    sent = np.empty((-(-layer.n_out // WORD), steps, batch), dtype=np.uint64)
    operands = _operands(layer)
    run_layer(
        packed,
        operands.synapses,
        operands.keep,
        operands.limits,
        operands.rules,
        sent,
        record,
        *states[:2],
        *(state.view(np.uint8) for state in states[2:]),
    )
    return sent, states if record else []


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


class _Operands(NamedTuple):
    """A layer as ``run_layer`` wants it; see there."""

    synapses: tuple[NDArray[np.uint64], NDArray[np.int32], np.int32]
    keep: NDArray[np.int32]
    limits: tuple[np.int32, ...]
    rules: tuple[int, int, bool]


def _operands(layer: Layer) -> _Operands:
    """The operands of ``layer``, made on first use and kept with it: a layer never changes."""
    kept = vars(layer).get("_operands")
    if kept is None:
        planes, coefficients, offset = weight_format(layer.weight_format).planes(layer.weights)
        words = np.ascontiguousarray(pack(planes.swapaxes(1, 2)).T)
        ends = (layer.potential.minimum, layer.potential.maximum)
        kept = _Operands(
            synapses=(words, coefficients, np.int32(offset)),
            keep=keep_masks(layer.beta),
            limits=tuple(np.int32(v) for v in (*ends, layer.theta_high, layer.theta_low)),
            rules=(
                HYSTERESIS.index(layer.hysteresis),
                RESETS.index(layer.reset),
                layer.refractory == "once",
            ),
        )
        object.__setattr__(layer, "_operands", kept)
    return kept
