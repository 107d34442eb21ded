"""A float NIR graph as layers that step in time.

NIR's neurons are differential equations; a step of ``dt`` seconds by the forward Euler rule makes

=========  =============================================================  ====================
node       equation                                                       becomes
=========  =============================================================  ====================
LIF        tau dv/dt = (v_leak - v) + r i, at v_threshold to v_reset      decay 1 - dt/tau
CubaLIF    the same behind a synapse, which must be instantaneous         tau_syn <= dt
LI         LIF that never spikes                                          integrates only
IF         dv/dt = r i; one step adds r i, as the exporters mean it       decay 1
Threshold  spikes where the input is above threshold                      decay 0
Linear     weight @ i;  Affine adds a bias                                weights, bias
Flatten    [..., a, b] to [..., a * b]                                    nothing: inputs are flat
NIRGraph   a chain within the chain                                       its nodes
=========  =============================================================  ====================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from . import checks
from .float_network import FloatLayer
from .network import MAXIMUM_NEURONS
from .nir_graph import chain

__all__ = ["SNNTORCH_DT_S", "SUPPORTED", "float_layers"]

FloatArray = NDArray[np.float64]
MAXIMUM_SYNAPSES = 1 << 24
"""Of one layer, 4096 x 4096. A file may hold a far larger matrix as the product of two thin ones,
or as the identity of neurons without synapses."""
SNNTORCH_DT_S = 1e-4
"""The step that snnTorch's exporter assumes; Norse assumes 1e-3."""
SUPPORTED = ("Affine", "CubaLIF", "Flatten", "IF", "LI", "LIF", "Linear", "Threshold")


def float_layers(
    graph: nir.NIRGraph, dt_s: float = SNNTORCH_DT_S, reset: str = "zero"
) -> list[FloatLayer]:
    """The layers of a chain of supported nodes.

    Parameters
    ----------
    graph: Input -> nodes of SUPPORTED -> Output
    dt_s: seconds per time step
    reset: "zero" (to v_reset, as NIR has it) or "subtract" (the threshold, which NIR cannot tell)

    Raises
    ------
    ValueError: an unsupported node, a graph that is no chain, or a value that has no meaning here
    """
    dt_s = checks.real("dt", dt_s, 1e-12, 1e3)
    checks.choice("reset", reset, ("zero", "subtract"))
    shape = chain(graph)[0][1].input_type["input"]
    transform = _Transform(int(np.prod(_finite("Input shape", shape))))
    layers: list[FloatLayer] = []
    for name, node in _inner(graph):
        try:
            if layers and layers[-1].integrates_only:
                raise ValueError("node must not follow an LI, which sends no spikes")
            if isinstance(node, (nir.Linear, nir.Affine)):
                transform.append(node)
            elif type(node).__name__ in NEURONS:
                layers.append(_layer(name, node, transform, dt_s, reset))
                transform = _Transform(layers[-1].weights.shape[1])
            elif not isinstance(node, nir.Flatten):
                raise ValueError(
                    f"type must be one of {', '.join(SUPPORTED)}, not {type(node).__name__}"
                )
        except ValueError as error:
            raise ValueError(f"node {name!r}: {error}") from None
    if not layers:
        raise ValueError("graph must hold at least one layer of neurons, not none")
    if not transform.empty:
        raise ValueError("graph must end in neurons (an LI reads a Linear out), not in synapses")
    return layers


def _inner(graph: nir.NIRGraph, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names and nodes between Input and Output, those of graphs within the graph in their place."""
    for name, node in chain(graph)[1:-1]:
        if isinstance(node, nir.NIRGraph):
            yield from _inner(node, f"{prefix}{name}/")
        else:
            yield prefix + name, node


class _Transform:
    """The Linear and Affine nodes since the last neurons, as one matrix [n_in, n_out] and bias."""

    def __init__(self, width: int) -> None:
        if not 1 <= width <= MAXIMUM_NEURONS:
            raise ValueError(f"Input must have 1..{MAXIMUM_NEURONS} elements, not {width}")
        self.width = width
        self.weights: FloatArray | None = None
        self.bias: FloatArray = np.zeros(width)

    @property
    def empty(self) -> bool:
        return self.weights is None

    def append(self, node: nir.Linear | nir.Affine) -> None:
        matrix = _finite("weight", node.weight)
        if matrix.ndim != 2 or matrix.shape[1] != len(self.bias) or 0 in matrix.shape:
            raise ValueError(
                f"weight must have shape [n, {len(self.bias)}], not {list(matrix.shape)}"
            )
        _bounded(self.width, len(matrix))
        self.weights = matrix.T if self.weights is None else self.weights @ matrix.T
        self.bias = self.bias @ matrix.T
        if isinstance(node, nir.Affine):
            self.bias = self.bias + _vector("bias", node.bias, len(matrix))


def _layer(name: str, node: Any, transform: _Transform, dt_s: float, reset: str) -> FloatLayer:
    """The neurons of ``node`` in units of their threshold, counted from v_reset."""
    size = len(transform.bias)
    _bounded(transform.width, size)
    weights = np.eye(size) if transform.weights is None else transform.weights
    decay, gain, rest, threshold = NEURONS[type(node).__name__](node, size, dt_s)
    base = np.zeros(size)
    if hasattr(node, "v_reset") and node.v_reset is not None:
        base = _vector("v_reset", node.v_reset, size)
    if threshold is None:
        return FloatLayer(
            name, weights * gain, transform.bias * gain + rest, decay, "zero", integrates_only=True
        )
    height = threshold - base
    if not (height > 0).all():
        raise ValueError(f"v_threshold must be above v_reset, not {threshold[~(height > 0)][0]:g}")
    bias = (transform.bias * gain + rest - (1 - decay) * base) / height
    return FloatLayer(name, weights * (gain / height), bias, decay, reset)


def _bounded(inputs: int, outputs: int) -> None:
    if inputs * outputs > MAXIMUM_SYNAPSES:
        raise ValueError(
            f"layer must have at most {MAXIMUM_SYNAPSES} synapses, not {inputs} x {outputs}"
        )


Neurons = tuple[FloatArray, FloatArray, FloatArray, FloatArray | None]
"""Decay, gain of the input, drive towards v_leak per step, and threshold, each [n]."""


def _leaky(tau: Any, node: Any, size: int, dt_s: float) -> tuple[FloatArray, ...]:
    constant = _vector("tau", tau, size)
    if not (constant >= dt_s * (1 - 1e-6)).all():
        raise ValueError(f"tau must be at least dt = {dt_s:g} s, not {constant.min():g} s")
    share = np.minimum(dt_s / constant, 1.0)
    gain = _vector("r", node.r, size) * share
    return 1 - share, gain, _vector("v_leak", node.v_leak, size) * share


def _lif(node: nir.LIF, size: int, dt_s: float) -> Neurons:
    decay, gain, rest = _leaky(node.tau, node, size, dt_s)
    return decay, gain, rest, _vector("v_threshold", node.v_threshold, size)


def _cuba_lif(node: nir.CubaLIF, size: int, dt_s: float) -> Neurons:
    synapse = _vector("tau_syn", node.tau_syn, size)
    if not (synapse <= dt_s * (1 + 1e-6)).all():
        raise ValueError(
            f"tau_syn must be at most dt = {dt_s:g} s (an instantaneous synapse),"
            f" not {synapse.max():g} s"
        )
    decay, gain, rest = _leaky(node.tau_mem, node, size, dt_s)
    gain = gain * _vector("w_in", node.w_in, size)
    return decay, gain, rest, _vector("v_threshold", node.v_threshold, size)


def _li(node: nir.LI, size: int, dt_s: float) -> Neurons:
    decay, gain, rest = _leaky(node.tau, node, size, dt_s)
    return decay, gain, rest, None


def _if(node: nir.IF, size: int, dt_s: float) -> Neurons:
    threshold = _vector("v_threshold", node.v_threshold, size)
    return np.ones(size), _vector("r", node.r, size), np.zeros(size), threshold


def _threshold(node: nir.Threshold, size: int, dt_s: float) -> Neurons:
    threshold = _vector("threshold", node.threshold, size)
    return np.zeros(size), np.ones(size), np.zeros(size), threshold


NEURONS: dict[str, Callable[[Any, int, float], Neurons]] = {
    "CubaLIF": _cuba_lif,
    "IF": _if,
    "LI": _li,
    "LIF": _lif,
    "Threshold": _threshold,
}


def _finite(field: str, value: Any) -> FloatArray:
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{field} must hold real numbers, not {array.dtype}")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{field} must be finite, not {array[~np.isfinite(array)][0]}")
    return array


def _vector(field: str, value: Any, size: int) -> FloatArray:
    """[size] of a value per neuron, or of one for all, which is how some exporters write it."""
    array = _finite(field, value)
    if array.size not in (1, size):
        raise ValueError(f"{field} must have 1 or {size} values, not {array.size}")
    return np.broadcast_to(array.reshape(-1), (size,)).copy()
