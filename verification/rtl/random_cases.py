"""Random networks, inputs and hosts, each made from one integer: the seed that replays it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from golden.network import HYSTERESIS, REFRACTORY, RESETS, Layer, Network, Potential
from golden.weights import WEIGHT_FORMATS
from rtl.config import Chip
from rtl.image import Image, compile_network
from rtl.registers import REGISTERS
from verification.rtl import stimulus
from verification.rtl.stimulus import Kind, Map, operations

__all__ = ["Case", "random_case"]

Generator = np.random.Generator


@dataclass(frozen=True)
class Case:
    """A network on a chip, its input spikes [batch, steps, n_in], and how its host behaves."""

    seed: int
    image: Image
    spikes: NDArray[np.bool_]
    restless: bool
    interrupted: bool

    def operations(self) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Bus operations [n, 4] and, for each, its number among those of `stimulus.inferences`
        (all samples in a row), -1 for the others."""
        random = np.random.default_rng([self.seed, 1])
        plain = stimulus.inferences(self.image, self.spikes).reshape(-1, 4)
        numbers = np.arange(len(plain))
        rows, places = [stimulus.load(self.image)], []
        if self.interrupted:  # a reset in the middle of a run: everything starts again
            cut = int(random.integers(1, len(plain)))
            rows = [rows[0], plain[:cut], rows[0]]
            places = [numbers[:cut]]
        body, body_numbers = plain, numbers
        if self.restless:
            body, body_numbers = _disturb(random, self.image, plain)
        before = sum(len(part) for part in rows)
        labels = np.full(before + len(body), -1)
        if places:
            labels[len(rows[0]) : len(rows[0]) + len(places[0])] = places[0]
        labels[before:] = body_numbers
        return np.concatenate([*rows, body]), labels


def random_case(seed: int, chip: Chip, largest: int = 70) -> Case:
    """The case number `seed`: 1..4 layers of up to `largest` neurons that fit the chip."""
    random = np.random.default_rng([seed, 0])
    saturate = bool(random.random() < 0.3)
    while True:
        network = _network(random, chip, min(largest, chip.largest_layer), saturate)
        try:
            image = compile_network(network, chip)
        except ValueError:
            continue  # too big for the chip: draw again
        batch = int(random.integers(1, 3))
        density = 1.0 if saturate else random.choice([0.0, 0.02, 0.1, 0.3, 0.7, 1.0])
        spikes = random.random((batch, network.steps, network.n_in)) < density
        return Case(seed, image, spikes, bool(random.random() < 0.4), bool(random.random() < 0.15))


def _network(random: Generator, chip: Chip, largest: int, saturate: bool) -> Network:
    depth = int(random.integers(1, 5))
    sizes = [_size(random, largest) for _ in range(depth + 1)]
    layers = [_layer(random, chip, *pair) for pair in pairwise(sizes)]
    if saturate:
        layers[0] = _saturating_layer(random, chip, *sizes[:2])
    return Network(tuple(layers), steps=int(random.integers(1, 6)))


def _saturating_layer(random: Generator, chip: Chip, n_in: int, n_out: int) -> Layer:
    """Neurons that only ever count up, or only down, and never fire."""
    form = max(
        WEIGHT_FORMATS.values(), key=lambda form: form.bits * (form.bits in chip.weight_bits)
    )
    potential = Potential(8, signed=bool(random.random() < 0.5))
    weights = np.full((n_in, n_out), form.values[-1 if random.random() < 0.6 else 0])
    return Layer(weights, form.name, 8, potential.maximum, potential=potential)


def _size(random: Generator, largest: int) -> int:
    """Anything, but the borders of words, tiles and groups more often."""
    borders = [1, 2, 31, 32, 33, 63, 64, 65, largest]
    if random.random() < 0.4:
        return min(largest, int(random.choice(borders)))
    return int(random.integers(1, largest + 1))


def _layer(random: Generator, chip: Chip, n_in: int, n_out: int) -> Layer:
    allowed = [form for form in WEIGHT_FORMATS.values() if form.bits in chip.weight_bits]
    form = allowed[random.integers(len(allowed))]
    weights = random.choice(form.values, size=(n_in, n_out))
    bits = int(random.integers(8, chip.potential_bits + 1))
    potential = Potential(bits, signed=bool(random.random() < 0.6))
    reset = RESETS[random.integers(len(RESETS))]
    scale = int(random.choice([4, 30, 1 << bits]))
    lowest = max(potential.minimum, 0 if reset == "subtract" else -scale)
    high = int(random.integers(lowest, min(potential.maximum, scale) + 1))
    low = int(random.integers(max(potential.minimum, high - scale), high + 1))
    return Layer(
        weights,
        form.name,
        beta=random.integers(0, 9, n_out),
        theta_high=high,
        theta_low=low,
        hysteresis=HYSTERESIS[random.integers(len(HYSTERESIS))],
        reset=reset,
        potential=potential,
        refractory=REFRACTORY[random.integers(len(REFRACTORY))],
    )


def _disturb(
    random: Generator, image: Image, plain: NDArray[np.uint32]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Things that a host may do at any time, put between the operations of an inference: pauses,
    reads that compare, reads given up, byte writes that must not count."""
    addresses = Map(image)
    descriptor = image.blocks[0].words[0, 0]
    queued = REGISTERS["status"]["queued"].mask
    extras = (
        (Kind.IDLE, int(random.integers(1, 30)), 0, 0),
        (Kind.IDLE, 1, 0, 0),
        (Kind.READ, addresses.register("identity"), 0x53504B31, 0xFFFFFFFF),
        (Kind.READ, addresses.register("status"), 1, 1 | queued),
        (Kind.READ, addresses.word("spikes", 0), int(descriptor), 0xFFFFFFFF),
        (Kind.ABORT, addresses.word("weights", 0), int(random.integers(1, 4)), 0),
        (Kind.PARTIAL, addresses.word("spikes", 0), 0, 0b0111),
        (Kind.PARTIAL, addresses.register("control"), 0, 0b1110),
        (Kind.READ, addresses.register("start"), 0, 0xFFFFFFFF),
    )
    chosen = random.random(len(plain)) < 0.2
    places = np.flatnonzero(chosen)
    picks = operations(*extras)[random.integers(len(extras), size=len(places))]
    rows = np.insert(plain, places, picks, axis=0)
    numbers = np.insert(np.arange(len(plain)), places, -1)
    return rows, numbers
