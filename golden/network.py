"""The network that golden model, chip and files agree on: plain validated values.

    layer = Layer(weights, "bipolar1", beta=7, theta_high=12, potential=Potential(9, signed=True))
    network = Network((layer,), steps=8, name="tiny")

Every value is checked when the object is made; a wrong one raises ValueError naming field, rule
and value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks
from .weights import weight_format

__all__ = [
    "ENCODINGS",
    "HYSTERESIS",
    "READOUTS",
    "REFRACTORY",
    "RESETS",
    "Encoding",
    "Layer",
    "Network",
    "Potential",
    "Readout",
]

HYSTERESIS = ("off", "schmitt", "openspike")
RESETS = ("zero", "subtract", "none")
REFRACTORY = ("none", "once")
ENCODINGS = ("rate", "latency", "direct")
READOUTS = ("count", "population", "first_spike", "membrane")

MAXIMUM_NEURONS = 1 << 16
"""Largest layer. It bounds every sum of a layer: 2**16 weights of magnitude <= 8 make 2**19."""
MAXIMUM_STEPS = 1 << 16


@dataclass(frozen=True)
class Potential:
    """The integer that holds a membrane potential; sums saturate at its ends.

    Parameters
    ----------
    bits: width, 8..16
    signed: two's complement if true
    """

    bits: int
    signed: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", checks.integer("potential.bits", self.bits, 8, 16))
        if not isinstance(self.signed, (bool, np.bool_)):
            raise ValueError(f"potential.signed must be true or false, not {self.signed!r}")
        object.__setattr__(self, "signed", bool(self.signed))

    @property
    def minimum(self) -> int:
        """Lowest potential."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        """Highest potential."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1


@dataclass(frozen=True, eq=False, init=False)
class Layer:
    """Leaky integrate-and-fire neurons and the synapses that lead to them.

    Per time step, for neuron j (``saturate`` clamps to the range of ``potential``)::

        accumulator = sum over i of weights[i, j] * spike[i]
        u'          = saturate(leak(u, beta[j]) + accumulator)
        spike       = armed and u' > theta_high
        armed'      = off:       1
                      schmitt:   0 if spike else (armed or u' < theta_low)
                      openspike: 0 if spike else (u' < theta_low)
        u           = after a spike, zero: 0, subtract: u' - theta_high, none: u'; else u'

    With ``refractory="once"`` a neuron that has spiked stays disarmed to the end of the inference.

    Parameters
    ----------
    weights: [n_in, n_out] integers of the weight format
    weight_format: "unipolar1" {0, 1}, "bipolar1" {-1, +1}, "ternary2" {-1, 0, +1} or "int4" -8..7
    beta: [n_out] or one for all: eighths of the potential kept per step, 0 (forget) .. 8 (keep all)
    theta_high: fire above; within the potential's range, and >= 0 if reset is "subtract".
        The highest potential means "never": the neuron integrates only.
    theta_low: re-arm below (hysteresis); from the lowest potential to theta_high; default 0,
        or theta_high where that is lower
    hysteresis: "off", "schmitt" or "openspike"
    reset: "zero", "subtract" or "none"
    potential: range of the membrane potential
    refractory: "none" or "once"
    """

    weights: NDArray[np.int8]
    weight_format: str
    beta: NDArray[np.uint8]
    theta_high: int
    theta_low: int
    hysteresis: str
    reset: str
    potential: Potential
    refractory: str

    def __init__(
        self,
        weights: ArrayLike,
        weight_format: str,
        beta: ArrayLike,
        theta_high: int,
        theta_low: int | None = None,
        hysteresis: str = "off",
        reset: str = "zero",
        potential: Potential = Potential(8, signed=False),
        refractory: str = "none",
    ) -> None:
        put = object.__setattr__
        put(self, "weights", _weights(weights, weight_format))
        put(self, "weight_format", weight_format)
        put(self, "beta", _beta(beta, self.weights.shape[1]))
        if not isinstance(potential, Potential):
            raise ValueError(f"potential must be a Potential, not {potential!r}")
        put(self, "potential", potential)
        put(self, "hysteresis", checks.choice("hysteresis", hysteresis, HYSTERESIS))
        put(self, "reset", checks.choice("reset", reset, RESETS))
        put(self, "refractory", checks.choice("refractory", refractory, REFRACTORY))
        lowest = 0 if reset == "subtract" else potential.minimum
        put(self, "theta_high", checks.integer("theta_high", theta_high, lowest, potential.maximum))
        if theta_low is None:
            theta_low = min(0, self.theta_high)
        put(
            self,
            "theta_low",
            checks.integer("theta_low", theta_low, potential.minimum, self.theta_high),
        )

    @property
    def n_in(self) -> int:
        """Inputs of the layer."""
        return self.weights.shape[0]

    @property
    def n_out(self) -> int:
        """Neurons of the layer."""
        return self.weights.shape[1]

    @property
    def weight_bits(self) -> int:
        """Bits that store all weights of the layer."""
        return self.weights.size * weight_format(self.weight_format).bits

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Layer):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, field.name), getattr(other, field.name))
            for field in fields(self)
        )


@dataclass(frozen=True)
class Encoding:
    """How an image becomes input spikes (see ``golden.encoders``).

    Parameters
    ----------
    kind: "rate", "latency" or "direct"
    full_scale: the input value that stands for 1.0
    seed: of the encoder's fixed pattern, for kinds that have one
    constant_inputs: inputs after those of the image that spike in every step (they carry biases)
    """

    kind: str
    full_scale: float = 1.0
    seed: int = 0
    constant_inputs: int = 0

    def __post_init__(self) -> None:
        checks.choice("encoding.kind", self.kind, ENCODINGS)
        full_scale = checks.real("encoding.full_scale", self.full_scale, 1e-6, 1e9)
        object.__setattr__(self, "full_scale", full_scale)
        object.__setattr__(
            self, "seed", checks.integer("encoding.seed", self.seed, 0, (1 << 32) - 1)
        )
        constants = checks.integer(
            "encoding.constant_inputs", self.constant_inputs, 0, MAXIMUM_NEURONS
        )
        object.__setattr__(self, "constant_inputs", constants)


@dataclass(frozen=True)
class Readout:
    """How the last layer's trace becomes an answer (see ``golden.readouts``).

    Parameters
    ----------
    kind: "count", "population", "first_spike" or "membrane"
    classes: number of classes; the last layer holds the same number of neurons for each, side by
        side, and exactly one unless the kind is "population"
    """

    kind: str
    classes: int

    def __post_init__(self) -> None:
        checks.choice("readout.kind", self.kind, READOUTS)
        classes = checks.integer("readout.classes", self.classes, 1, MAXIMUM_NEURONS)
        object.__setattr__(self, "classes", classes)


@dataclass(frozen=True)
class Network:
    """Layers in a chain; each sees the spikes its predecessor made in the same time step.

    Parameters
    ----------
    layers: at least one ``Layer``; n_in of each is n_out of the one before
    steps: time steps of one inference, at least 1
    name: printable, for files and reports
    encoding: how images are turned into spikes, or None if the user does it
    readout: how spikes are turned into an answer, or None
    """

    layers: tuple[Layer, ...]
    steps: int
    name: str = ""
    encoding: Encoding | None = None
    readout: Readout | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", _chain(self.layers))
        object.__setattr__(self, "steps", checks.integer("steps", self.steps, 1, MAXIMUM_STEPS))
        if not isinstance(self.name, str) or not (self.name == "" or self.name.isprintable()):
            raise ValueError(f"name must be printable text, not {self.name!r}")
        for member, kind in (("encoding", Encoding), ("readout", Readout)):
            value = getattr(self, member)
            if value is not None and not isinstance(value, kind):
                raise ValueError(f"{member} must be {kind.__name__} or None, not {value!r}")
        if self.readout is not None:
            _check_readout(self.readout, self.layers[-1].n_out)

    @property
    def n_in(self) -> int:
        """Inputs of the first layer."""
        return self.layers[0].n_in

    @property
    def n_out(self) -> int:
        """Neurons of the last layer."""
        return self.layers[-1].n_out

    @property
    def weight_bits(self) -> int:
        """Bits that store all weights."""
        return sum(layer.weight_bits for layer in self.layers)


def _weights(weights: ArrayLike, name: str) -> NDArray[np.int8]:
    allowed = weight_format(name).values
    array = checks.integers("weights", weights, 2)
    for side, size in zip(("rows (inputs)", "columns (neurons)"), array.shape, strict=True):
        if not 1 <= size <= MAXIMUM_NEURONS:
            raise ValueError(f"weights must have 1..{MAXIMUM_NEURONS} {side}, not {size}")
    wrong = ~np.isin(array, allowed)
    if wrong.any():
        row, column = (int(index) for index in np.argwhere(wrong)[0])
        raise ValueError(
            f"weights of {name} must be one of {list(allowed)}, not {array[row, column]}"
            f" (at [{row}, {column}])"
        )
    return _frozen(array.astype(np.int8))


def _beta(beta: ArrayLike, n_out: int) -> NDArray[np.uint8]:
    array = checks.integers("beta", beta, np.ndim(beta))
    if array.ndim > 1 or (array.ndim == 1 and array.shape != (n_out,)):
        raise ValueError(f"beta must be one value or have shape ({n_out},), not {array.shape}")
    wrong = (array < 0) | (array > 8)
    if wrong.any():
        raise ValueError(f"beta must be an integer in 0..8 (eighths), not {array[wrong][0]}")
    return _frozen(np.broadcast_to(array, (n_out,)).astype(np.uint8))


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array


def _chain(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    if not isinstance(layers, (tuple, list)) or len(layers) == 0:
        raise ValueError(f"layers must be a sequence of at least one Layer, not {layers!r}")
    for index, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise ValueError(f"layers[{index}] must be a Layer, not {layer!r}")
        if index and layer.n_in != layers[index - 1].n_out:
            raise ValueError(
                f"layers[{index}].weights must have {layers[index - 1].n_out} rows"
                f" (the neurons of layers[{index - 1}]), not {layer.n_in}"
            )
    return tuple(layers)


def _check_readout(readout: Readout, n_out: int) -> None:
    if n_out % readout.classes:
        raise ValueError(
            f"readout.classes must divide the {n_out} neurons of the last layer,"
            f" not {readout.classes}"
        )
    if readout.kind != "population" and n_out != readout.classes:
        raise ValueError(
            f"readout.classes of {readout.kind!r} must equal the {n_out} neurons of the"
            f" last layer, not {readout.classes}"
        )
