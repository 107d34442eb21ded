"""Networks as memory contents: weights come back out, and what does not fit is refused."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from flow.chips import chip_file
from golden.network import Layer, Network, Potential
from golden.weights import WEIGHT_FORMATS, weight_format
from rtl.config import Chip, load_chip
from rtl.image import compile_network, load_sequence, spike_words, spikes_of
from rtl.layouts import record_layout


@pytest.fixture(scope="module")
def chip() -> Chip:
    return load_chip(chip_file("digits"))


def network(*sizes: int, form: str = "bipolar1", **options: object) -> Network:
    random = np.random.default_rng(0)
    values = weight_format(form).values
    layers = [
        Layer(random.choice(values, pair), form, random.integers(0, 9, pair[1]), 5, **options)
        for pair in pairwise(sizes)
    ]
    return Network(tuple(layers), steps=2)


@pytest.mark.parametrize("form", sorted(WEIGHT_FORMATS))
def test_weights_come_back(chip: Chip, form: str) -> None:
    """Row base + tile * n_in + i, bits k * b: the weight of input i to neuron k of the tile."""
    built = network(20, 45, form=form)
    rows = compile_network(built, chip).blocks[2].words[:, 0]
    bits = weight_format(form).bits
    offset = {"bipolar1": 0, "unipolar1": 0, "ternary2": 1, "int4": 8}[form]
    width = 32 // bits
    for (source, neuron), weight in np.ndenumerate(built.layers[0].weights):
        tile, place = divmod(neuron, width)
        code = int(rows[tile * 20 + source]) >> place * bits & (1 << bits) - 1
        assert (2 * code - 1 if form == "bipolar1" else code - offset) == weight


def test_records_hold_beta(chip: Chip) -> None:
    built = network(20, 45)
    words = compile_network(built, chip).blocks[1].words[:, 0]
    place = record_layout(chip)["beta"].offset
    found = [int(words[j // 2]) >> 16 * (j % 2) + place & 15 for j in range(45)]
    assert found == list(built.layers[0].beta)


def test_nothing_overlaps(chip: Chip) -> None:
    image = compile_network(network(64, 128, 30), chip)
    rows = [row for _, row, _, _ in load_sequence(image)]
    buffers = range(image.input_base, image.input_base + 2 * chip.layer_words)
    assert len(set(rows)) == len(rows)
    assert not set(rows) & set(buffers)
    assert max(rows) < 512
    assert image.input_base % (2 * chip.layer_words) == 0


@pytest.mark.parametrize(
    ("built", "words"),
    [
        (
            network(64, 160),
            r"layers\[0\] must have at most 128 neurons on digits, not 160 \(32 too",
        ),
        (network(129, 3), r"at most 128 inputs on digits, not 129 \(1 too many\)"),
        (network(128, 128), r"the 512 rows of the shared memory of digits, not need \d+ \(\d+ too"),
        (
            network(9, 9, potential=Potential(12, signed=True)),
            "potential must have at most 10 bits",
        ),
    ],
)
def test_what_does_not_fit(chip: Chip, built: Network, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        compile_network(built, chip)


def test_format_that_the_chip_lacks() -> None:
    big = load_chip(chip_file("openspike1024"))
    with pytest.raises(ValueError, match="weight_format must have"):
        compile_network(network(9, 9, form="int4"), big)


def test_spike_words() -> None:
    spikes = np.random.default_rng(1).random((3, 70)) < 0.5
    words = spike_words(spikes)
    assert words.shape == (3, 3)
    assert np.array_equal(spikes_of(words, 70), spikes)
    assert int(words[0, 0]) & 1 == spikes[0, 0]
