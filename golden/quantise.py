"""From float layers to the chip's integers, and what that costs.

Each layer gets one scale s: weights become the format's nearest integers to ``s * w``, the decay
the nearest eighth. Scale and threshold (near s) are those, of a ladder each, whose spike counts
come closest to the float layer's on the calibration spikes: a threshold of its own makes up for
what rounding takes from every potential. Layers are settled from first to last, each on what its
quantised predecessors really send.

A bias is the weight of inputs that spike in every step (the encoder appends them); a hidden layer's
bias needs neurons before it that spike in every step, which such inputs drive.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import checks
from .float_network import FloatLayer, FloatTrace, float_simulate
from .network import MAXIMUM_STEPS, Encoding, Layer, Network, Potential, Readout
from .simulator import Trace, simulate
from .weights import weight_format

__all__ = ["LayerReport", "Quantised", "quantise"]

SCALES = np.geomspace(0.5, 2.0, 9)
"""Scales that are tried, relative to the one that fits the weights best."""
THRESHOLDS = np.linspace(0.6, 1.2, 13)
"""Thresholds that are tried, relative to the scale."""
MAXIMUM_CONSTANTS = 64
"""Inputs or neurons per layer that may be spent on biases."""
BIASES = ("constant", "drop")

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LayerReport:
    """What quantisation did to one layer.

    Attributes
    ----------
    name: of the neuron node
    scale: integer potential per threshold (per float unit where neurons integrate only)
    weight_error: root mean square of the weights' change, relative to that of the weights
    clipped: share of weights that lay beyond the format's ends by more than half a unit
    decay_error: largest change of a neuron's decay
    bias_inputs: inputs that spike in every step, for the biases
    bias_error: largest change of a neuron's bias, in thresholds
    float_spikes, spikes: per neuron and inference, on the calibration spikes
    saturated: share of stored potentials at an end of their range
    """

    name: str
    scale: float
    weight_error: float
    clipped: float
    decay_error: float
    bias_inputs: int
    bias_error: float
    float_spikes: float
    spikes: float
    saturated: float


@dataclass(frozen=True)
class Quantised:
    """A network, and the report on each of its layers."""

    network: Network
    layers: tuple[LayerReport, ...]


def quantise(
    layers: list[FloatLayer],
    calibration: NDArray[np.bool_],
    format_name: str,
    potential: Potential,
    bias: str = "constant",
    name: str = "",
    encoding: Encoding | None = None,
    readout: Readout | None = None,
) -> Quantised:
    """Quantise ``layers``.

    Parameters
    ----------
    layers: at least one
    calibration: spikes [batch, steps, n_in] that are typical of use; the network gets their steps
    format_name: of every layer's weights
    potential: of every layer
    bias: "constant" (as above) or "drop"
    name, encoding, readout: of the network

    Raises
    ------
    ValueError: a bias or scale that the format and the potential cannot hold
    """
    checks.choice("bias", bias, BIASES)
    if calibration.ndim != 3 or calibration.shape[2] != len(layers[0].weights):
        raise ValueError(
            f"calibration must have shape [batch, steps, {len(layers[0].weights)}],"
            f" not {list(calibration.shape)}"
        )
    if calibration.shape[0] < 1 or not 1 <= calibration.shape[1] <= MAXIMUM_STEPS:
        raise ValueError(f"calibration must hold samples and steps, not {list(calibration.shape)}")
    ideal = float_simulate(layers, calibration)
    drafts: list[_Draft] = []
    spikes = calibration
    for index, layer in enumerate(layers):
        draft = _settle(layer, spikes, ideal, index, format_name, potential, bias)
        drafts.append(draft)
        spikes = _run(draft.layer(), _with_constants(spikes, draft.constants)).spikes[-1]
    quantised = _join(drafts)
    constants = quantised[0].n_in - calibration.shape[2]
    if encoding is not None:
        encoding = dataclasses.replace(encoding, constant_inputs=constants)
    network = Network(tuple(quantised), calibration.shape[1], name, encoding, readout)
    trace = simulate(network, _with_constants(calibration, constants))
    reports = [
        _report(draft, ideal.spikes[index], trace.potential[index], trace.spikes[index])
        for index, draft in enumerate(drafts)
    ]
    return Quantised(network, tuple(reports))


@dataclass
class _Draft:
    """A layer being quantised: ``rows`` of weights, then ``constants`` rows that hold the bias."""

    source: FloatLayer
    format_name: str
    potential: Potential
    scale: float
    theta: int
    bias: str

    def __post_init__(self) -> None:
        values = np.array(weight_format(self.format_name).values)
        self.rows = _nearest(values, self.source.weights * self.scale)
        wanted = self.source.bias * self.scale * (self.bias == "constant")
        self.constants = 0
        if np.abs(wanted).max() >= 0.5:
            largest = values[-1] if wanted.max() >= -wanted.min() else max(-values[0], 1)
            self.constants = int(np.ceil(np.abs(wanted).max() / largest))
        if self.constants > MAXIMUM_CONSTANTS:
            raise ValueError(
                f"node {self.source.name!r}: bias must fit {MAXIMUM_CONSTANTS} inputs of"
                f" {self.format_name}, not {self.constants}; choose a wider format or drop it"
            )
        self.bias_rows = np.zeros((self.constants, len(wanted)), dtype=np.int64)
        left = wanted.copy()
        for row in range(self.constants):
            self.bias_rows[row] = _nearest(values, left / (self.constants - row))
            left -= self.bias_rows[row]

    def layer(self) -> Layer:
        """The layer by itself, its constants the last inputs."""
        source = self.source
        return Layer(
            weights=np.concatenate([self.rows, self.bias_rows]),
            weight_format=self.format_name,
            beta=np.rint(source.decay * 8).astype(np.int64),
            theta_high=self.theta,
            theta_low=self.potential.minimum,
            reset="none" if source.integrates_only else source.reset,
            potential=self.potential,
        )


def _settle(
    layer: FloatLayer,
    spikes: NDArray[np.bool_],
    ideal: FloatTrace,
    index: int,
    format_name: str,
    potential: Potential,
    bias: str,
) -> _Draft:
    """The draft whose scale and threshold bring the layer closest to the ideal."""
    best: tuple[float, _Draft] | None = None
    fit = _fit(layer.weights, format_name)
    for scale in fit * SCALES:
        for theta in _thresholds(layer, scale, potential):
            draft = _Draft(layer, format_name, potential, float(scale), theta, bias)
            trace = _run(draft.layer(), _with_constants(spikes, draft.constants))
            if layer.integrates_only:
                error = _unlike(trace.potential[-1], ideal.potential[index])
            else:
                counts = trace.spikes[-1].sum(axis=1) - ideal.spikes[index].sum(axis=1, dtype=float)
                error = float(np.square(counts).mean())
            if best is None or error < best[0]:
                best = (error, draft)
    if best is None:
        raise ValueError(
            f"node {layer.name!r}: threshold must lie in 1..{potential.maximum - 1} weight units of"
            f" {format_name}, not {fit:.3g}; widen the potential"
        )
    return best[1]


def _thresholds(layer: FloatLayer, scale: float, potential: Potential) -> list[int]:
    if layer.integrates_only:
        return [potential.maximum]
    rounded = sorted({round(scale * share) for share in THRESHOLDS})
    return [theta for theta in rounded if 1 <= theta < potential.maximum]


def _unlike(potential: NDArray[np.int32], ideal: FloatArray) -> float:
    """Share of ``ideal`` that no multiple of ``potential`` explains: 0 if proportional."""
    power = float(np.square(potential, dtype=np.float64).sum())
    total = float(np.square(ideal).sum())
    if power == 0 or total == 0:
        return 1.0
    return 1.0 - float((potential * ideal).sum()) ** 2 / (power * total)


def _fit(weights: FloatArray, format_name: str) -> float:
    """The scale s of least squares between ``weights`` and their integers divided by s."""
    values = np.array(weight_format(format_name).values)
    size = np.abs(weights).max()
    if size == 0:
        return 1.0
    scales = np.geomspace(0.5, 8.0 * np.abs(values).max(), 60) / size
    errors = [np.square(_nearest(values, weights * s) / s - weights).mean() for s in scales]
    rounded = _nearest(values, weights * scales[int(np.argmin(errors))])
    overlap = float((rounded * weights).sum())
    return float(np.square(rounded).sum() / overlap) if overlap > 0 else 1 / size


def _nearest(values: NDArray[np.integer], wanted: FloatArray) -> NDArray[np.int64]:
    """The one of the ascending ``values`` nearest to each of ``wanted``; of two the upper."""
    middles = (values[1:] + values[:-1]) / 2
    return values[np.searchsorted(middles, wanted, side="right")].astype(np.int64)


def _with_constants(spikes: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """``spikes`` [batch, steps, n] and ``count`` inputs more that spike in every step."""
    return np.concatenate([spikes, np.ones((*spikes.shape[:2], count), dtype=np.bool_)], axis=2)


def _run(layer: Layer, spikes: NDArray[np.bool_]) -> Trace:
    return simulate(Network((layer,), spikes.shape[1]), spikes)


def _join(drafts: list[_Draft]) -> list[Layer]:
    """Layers whose predecessors send the constants they need.

    Worked from the last layer to the first: a layer that must send constants gets neurons that its
    own constant inputs, at the largest weight, bring above the threshold in every step.
    """
    joined: list[Layer] = []
    wanted = 0
    for draft in reversed(drafts):
        single = draft.layer()
        constants = draft.constants
        values = weight_format(draft.format_name).values
        if wanted:
            if 0 not in values:
                raise ValueError(
                    f"node {draft.source.name!r}: bias of the layer after it must be dropped or the"
                    f" format hold 0, which {draft.format_name} does not"
                )
            constants = max(constants, draft.theta // values[-1] + 1)
            if constants > MAXIMUM_CONSTANTS:
                raise ValueError(
                    f"node {draft.source.name!r}: neurons that always spike must need at most"
                    f" {MAXIMUM_CONSTANTS} constant inputs, not {constants}; drop the bias"
                )
        shape = (single.n_in - draft.constants + constants, single.n_out + wanted)
        weights = np.zeros(shape, dtype=np.int8)
        weights[: single.n_in, : single.n_out] = single.weights
        weights[len(weights) - constants :, single.n_out :] = values[-1]
        joined.append(
            dataclasses.replace(
                single,
                weights=weights,
                beta=np.concatenate([single.beta, np.zeros(wanted, dtype=np.uint8)]),
            )
        )
        wanted = constants
    return joined[::-1]


def _report(
    draft: _Draft,
    float_spikes: NDArray[np.bool_],
    potential: NDArray[np.int32],
    spikes: NDArray[np.bool_],
) -> LayerReport:
    source, values = draft.source, weight_format(draft.format_name).values
    neurons = source.weights.shape[1]
    scaled = source.weights * draft.scale
    size = np.sqrt(np.square(scaled).mean()) or 1.0
    kept = potential[..., :neurons]
    ends = kept == draft.potential.maximum
    if draft.potential.signed:
        ends |= kept == draft.potential.minimum
    bias = draft.bias_rows.sum(axis=0) / draft.scale
    return LayerReport(
        name=source.name,
        scale=draft.scale,
        weight_error=float(np.sqrt(np.square(draft.rows - scaled).mean()) / size),
        clipped=float(((scaled > values[-1] + 0.5) | (scaled < values[0] - 0.5)).mean()),
        decay_error=float(np.abs(draft.layer().beta / 8 - source.decay).max()),
        bias_inputs=draft.constants,
        bias_error=float(np.abs(bias - source.bias).max()),
        float_spikes=float(float_spikes.sum(axis=1).mean()),
        spikes=float(spikes[..., :neurons].sum(axis=1).mean()),
        saturated=float(ends.mean()),
    )
