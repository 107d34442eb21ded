"""A second golden model, to be read, not to be fast: Python integers, one neuron at a time."""

from __future__ import annotations

import math

import numpy as np

from golden import Layer, Network, Potential


def plain_leak(u: int, beta: int) -> int:
    if beta == 8:
        return u
    total = 0
    for bit, divisor in ((4, 2), (2, 4), (1, 8)):
        if beta & bit:
            total += math.floor(u / divisor)
    return total


class PlainNeuron:
    def __init__(self, layer: Layer, index: int) -> None:
        self.layer = layer
        self.weights = [int(w) for w in layer.weights[:, index]]
        self.beta = int(layer.beta[index])
        self.u, self.armed, self.spent = 0, True, False
        self.accumulator = 0

    def step(self, inputs: list[bool]) -> bool:
        layer, limits = self.layer, self.layer.potential
        self.accumulator = 0
        for weight, spike in zip(self.weights, inputs, strict=True):
            if spike:
                self.accumulator += weight
        u = plain_leak(self.u, self.beta) + self.accumulator
        if u > limits.maximum:
            u = limits.maximum
        if u < limits.minimum:
            u = limits.minimum
        fired = self.armed and u > layer.theta_high
        if layer.hysteresis == "off":
            self.armed = True
        elif fired:
            self.armed = False
        elif layer.hysteresis == "openspike":
            self.armed = u < layer.theta_low
        elif u < layer.theta_low:
            self.armed = True
        if fired and layer.refractory == "once":
            self.spent = True
        if self.spent:
            self.armed = False
        if fired and layer.reset == "zero":
            u = 0
        if fired and layer.reset == "subtract":
            u -= layer.theta_high
        self.u = u
        return fired


def plain_simulate(network: Network, spikes: np.ndarray) -> dict[str, list]:
    """The arrays of a Trace, as nested lists [layer][batch][step][neuron], and the operations."""
    names = ("accumulator", "potential", "armed", "spikes")
    trace: dict[str, list] = {name: [[] for _ in network.layers] for name in names}
    trace["synaptic_operations"] = []
    for sample in spikes:
        neurons = [[PlainNeuron(layer, j) for j in range(layer.n_out)] for layer in network.layers]
        operations = 0
        for name in names:
            for rows in trace[name]:
                rows.append([])
        for moment in sample:
            signal = [bool(s) for s in moment]
            for index, row in enumerate(neurons):
                operations += sum(signal) * len(row)
                signal = [neuron.step(signal) for neuron in row]
                trace["accumulator"][index][-1].append([n.accumulator for n in row])
                trace["potential"][index][-1].append([n.u for n in row])
                trace["armed"][index][-1].append([n.armed for n in row])
                trace["spikes"][index][-1].append(signal)
        trace["synaptic_operations"].append(operations)
    return trace


def small_network(**changes: object) -> Network:
    """A network of one layer, 3 inputs and 2 neurons, with some of its layer's values changed."""
    values: dict = {
        "weights": [[1, -1], [1, 1], [-1, 1]],
        "weight_format": "bipolar1",
        "beta": 7,
        "theta_high": 1,
        "potential": Potential(8, signed=True),
    }
    return Network((Layer(**(values | changes)),), steps=4)
