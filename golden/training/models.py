"""Two PyTorch models of one network: the float ideal in snnTorch, and the chip's integers.

``QuantisedModel`` computes, in float32 but on whole numbers below 2**24, exactly what
``golden.simulate`` computes, and passes gradients through the roundings as if they were not there
(straight-through estimate) and through the spikes by snnTorch's fast sigmoid.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import nir
import numpy as np
import snntorch
import torch
from snntorch import surrogate
from torch import Tensor, nn

from golden import Encoding, Layer, Network, Potential, Readout
from golden.nir_import import SNNTORCH_DT_S

__all__ = ["FloatModel", "QuantisedModel", "Shape"]


@dataclass(frozen=True)
class Shape:
    """What both models of a network share.

    Parameters
    ----------
    sizes: inputs, then neurons of each layer
    weight_format: of the quantised model
    beta: per layer, eighths of the potential kept per step
    theta: per layer, the threshold that training starts from
    potential: of every layer
    slope: of the surrogate gradient, per threshold
    """

    sizes: tuple[int, ...]
    weight_format: str
    beta: tuple[int, ...]
    theta: tuple[float, ...]
    potential: Potential
    slope: float


class FloatModel(nn.Module):
    """Float weights and snnTorch's Leaky neurons, reset by subtraction in the step of the spike."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.synapses = nn.ModuleList(
            nn.Linear(n_in, n_out, bias=False) for n_in, n_out in pairwise(shape.sizes)
        )
        self.neurons = nn.ModuleList(
            snntorch.Leaky(
                beta=beta / 8,
                spike_grad=surrogate.fast_sigmoid(slope=shape.slope),
                reset_mechanism="subtract",
                reset_delay=False,
            )
            for beta in shape.beta
        )

    def forward(self, spikes: Tensor) -> Tensor:
        """Output spikes [batch, steps, n_out] of input ``spikes`` [batch, steps, n_in]."""
        for synapses, leaky in zip(self.synapses, self.neurons, strict=True):
            current = synapses(spikes)
            potential = torch.zeros_like(current[:, 0])
            moments = []
            for step in range(current.shape[1]):
                spike, potential = leaky(current[:, step], potential)
                moments.append(spike)
            spikes = torch.stack(moments, dim=1)
        return spikes

    def confine(self) -> None:
        """Nothing to confine."""

    @torch.no_grad()
    def graph(self) -> nir.NIRGraph:
        """The model as a float NIR graph, with the time constants of snnTorch's exporter."""
        nodes: list[nir.NIRNode] = []
        pairs: list[tuple[Any, Any]] = list(zip(self.synapses, self.neurons, strict=True))
        for synapses, leaky in pairs:
            nodes.append(nir.Linear(synapses.weight.numpy()))
            threshold = np.full(len(synapses.weight), float(leaky.threshold))
            ones = np.ones_like(threshold)
            beta = float(leaky.beta)
            if beta == 1:
                nodes.append(nir.IF(r=ones, v_threshold=threshold))
                continue
            tau = ones * SNNTORCH_DT_S / (1 - beta)
            nodes.append(
                nir.LIF(tau=tau, r=tau / SNNTORCH_DT_S, v_leak=0 * ones, v_threshold=threshold)
            )
        return nir.NIRGraph.from_list(*nodes)


class QuantisedModel(nn.Module):
    """The chip's integers: quantised weights, shift-and-add leak, saturation, whole thresholds."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.weights = nn.ParameterList(
            nn.Parameter(torch.empty(n_in, n_out).uniform_(-1, 1))
            for n_in, n_out in pairwise(shape.sizes)
        )
        self.thetas = nn.ParameterList(nn.Parameter(torch.tensor(theta)) for theta in shape.theta)
        self.fire = surrogate.fast_sigmoid(slope=shape.slope)

    def forward(self, spikes: Tensor) -> Tensor:
        """Output spikes [batch, steps, n_out] of input ``spikes`` [batch, steps, n_in]."""
        limits = self.shape.potential
        for weights, theta, beta in zip(self.weights, self.thetas, self.shape.beta, strict=True):
            threshold = _through(theta, torch.round(theta))
            accumulator = spikes @ _quantised(weights, self.shape.weight_format)
            potential = torch.zeros_like(accumulator[:, 0])
            moments = []
            for step in range(accumulator.shape[1]):
                potential = _leak(potential, beta) + accumulator[:, step]
                potential = potential.clamp(limits.minimum, limits.maximum)
                spike = self.fire((potential - threshold) / threshold.detach())
                potential = potential - threshold * spike
                moments.append(spike)
            spikes = torch.stack(moments, dim=1)
        return spikes

    @torch.no_grad()
    def confine(self) -> None:
        """Bring parameters back to where they have an effect; called after each optimiser step."""
        for weights in self.weights:
            weights.clamp_(-1, 1)
        for theta in self.thetas:
            theta.clamp_(1, self.shape.potential.maximum)

    @torch.no_grad()
    def network(self, steps: int, name: str, encoding: Encoding, readout: Readout) -> Network:
        """The integer network that this model has become."""
        layers = tuple(
            Layer(
                weights=_quantised(weights, self.shape.weight_format).numpy().astype(np.int8),
                weight_format=self.shape.weight_format,
                beta=beta,
                theta_high=round(theta.item()),
                reset="subtract",
                potential=self.shape.potential,
            )
            for weights, theta, beta in zip(self.weights, self.thetas, self.shape.beta, strict=True)
        )
        return Network(layers, steps, name, encoding, readout)


def _through(soft: Tensor, hard: Tensor) -> Tensor:
    """Exactly the value of ``hard``, with the gradient of ``soft``."""
    return hard.detach() + (soft - soft.detach())


def _quantised(weights: Tensor, weight_format: str) -> Tensor:
    if weight_format == "bipolar1":
        return _through(weights, torch.where(weights >= 0, 1.0, -1.0))
    if weight_format == "ternary2":
        return _through(weights, torch.round(weights))
    raise ValueError(f"weight_format must be bipolar1 or ternary2 to train, not {weight_format!r}")


def _leak(potential: Tensor, beta: int) -> Tensor:
    if beta == 8:
        return potential
    hard = torch.zeros_like(potential)
    for bit, divisor in ((4, 2), (2, 4), (1, 8)):
        if beta & bit:
            hard = hard + torch.floor(potential / divisor)
    return _through(potential * (beta / 8), hard)
