"""What a network looks like in a chip's memories.

image = compile_network(network, chip)       # ValueError if it does not fit, saying by how much
image.blocks                                 # the words that the host loads
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.network import Layer, Network
from golden.weights import weight_format

from .config import COLUMN_BITS, Chip
from .layouts import (
    DESCRIPTOR_STRIDE,
    HYSTERESIS,
    MAGNITUDE_LOW_BITS,
    RESET,
    SCAN_WORDS,
    SPIKE_COUNT_WORD,
    UPDATE_WORDS,
    pack,
    record_layout,
)

__all__ = ["Block", "Image", "compile_network", "load_sequence", "spike_words", "spikes_of"]

Words = NDArray[np.uint32]

CODE_OFFSET = {"unipolar1": 0, "ternary2": 1, "int4": 8}
"""Weights are stored as unsigned codes: weight + offset. The chip takes the offset off again
after the sum; of bipolar1 it sums the bits b and makes 2 b - 1 of them."""


@dataclass(frozen=True)
class Block:
    """Consecutive rows of one memory: uint32 [rows, columns], from `row` on."""

    role: str
    row: int
    words: Words


@dataclass(frozen=True)
class Image:
    """A network, laid out for a chip.

    Attributes
    ----------
    network, chip : what was compiled, for which chip
    blocks : memory contents to load: descriptors, neuron records, weights of every layer
    input_base, output_base : rows of buffer 0 in the spikes memory; buffer 1 is `chip.layer_words`
        further
    """

    network: Network
    chip: Chip
    blocks: tuple[Block, ...]
    input_base: int
    output_base: int

    def input_row(self, buffer: int) -> int:
        return self.input_base + buffer * self.chip.layer_words

    def output_row(self, buffer: int) -> int:
        return self.output_base + buffer * self.chip.layer_words

    def spike_count_row(self, layer: int) -> int:
        """Row of the spikes memory that counts the spikes of `layer`."""
        return layer * DESCRIPTOR_STRIDE + SPIKE_COUNT_WORD


class _Allocator:
    """Hands out rows of the chip's memories, and says how many are missing."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._used: dict[str, int] = dict.fromkeys(chip.memories, 0)

    def take(self, role: str, rows: int, align: int = 1) -> int:
        memory = "shared" if self._chip.shared else role
        start = -(-self._used[memory] // align) * align
        self._used[memory] = start + rows
        return start

    def check(self) -> None:
        for memory, used in self._used.items():
            words = self._chip.memories[memory].words
            if used > words:
                raise ValueError(
                    f"the network must fit in the {words} rows of the {memory} memory of"
                    f" {self._chip.name}, not need {used} ({used - words} too many)"
                )


def compile_network(network: Network, chip: Chip) -> Image:
    """Lay a network out for a chip. Raises ValueError naming what does not fit, and by how much."""
    for index, layer in enumerate(network.layers):
        _check_layer(index, layer, chip)
    rows = _Allocator(chip)
    rows.take("spikes", DESCRIPTOR_STRIDE * len(network.layers))
    buffers = 2 * chip.layer_words
    input_base = rows.take("spikes", buffers, align=buffers)
    output_base = rows.take("spikes", buffers, align=buffers)
    spike_bases = [input_base]
    for layer in network.layers[:-1]:
        spike_bases.append(rows.take("spikes", -(-layer.n_out // COLUMN_BITS)))
    spike_bases.append(output_base)
    blocks: list[Block] = []
    for index, layer in enumerate(network.layers):
        records, weights = _records(layer, chip), _weight_rows(layer, chip)
        state_base = rows.take("state", len(records))
        weight_base = rows.take("weights", len(weights))
        descriptor = _descriptor(
            layer,
            last_layer=index == len(network.layers) - 1,
            input_base=spike_bases[index],
            output_base=spike_bases[index + 1],
            state_base=state_base,
            weight_base=weight_base,
        )
        blocks += [
            Block("spikes", index * DESCRIPTOR_STRIDE, descriptor),
            Block("state", state_base, records),
            Block("weights", weight_base, weights),
        ]
    rows.check()
    return Image(network, chip, tuple(blocks), input_base, output_base)


def _check_layer(index: int, layer: Layer, chip: Chip) -> None:
    where = f"layers[{index}]"
    for name, size in (("inputs", layer.n_in), ("neurons", layer.n_out)):
        if size > chip.largest_layer:
            raise ValueError(
                f"{where} must have at most {chip.largest_layer} {name} on {chip.name},"
                f" not {size} ({size - chip.largest_layer} too many)"
            )
    bits = weight_format(layer.weight_format).bits
    if bits not in chip.weight_bits:
        raise ValueError(
            f"{where}.weight_format must have {list(chip.weight_bits)} bits on {chip.name},"
            f" not {bits} ({layer.weight_format})"
        )
    if layer.potential.bits > chip.potential_bits:
        raise ValueError(
            f"{where}.potential must have at most {chip.potential_bits} bits on {chip.name},"
            f" not {layer.potential.bits}"
        )


def _descriptor(layer: Layer, *, last_layer: bool, **bases: int) -> Words:
    """uint32 [7, 1]: the layer's words in the table."""
    weight_log = weight_format(layer.weight_format).bits.bit_length() - 1
    values = {
        **bases,
        "last_input": layer.n_in - 1,
        "last_neuron": layer.n_out - 1,
        "weight_log": weight_log,
        "last_layer": int(last_layer),
        "magnitude_high": layer.potential.maximum >> MAGNITUDE_LOW_BITS,
        "signed": int(layer.potential.signed),
        "hysteresis": HYSTERESIS[layer.hysteresis],
        "reset": RESET[layer.reset],
        "once": int(layer.refractory == "once"),
        "bipolar": int(layer.weight_format == "bipolar1"),
        "theta_high": layer.theta_high,
        "theta_low": layer.theta_low,
    }
    words = [
        pack(layout, {name: values[name] for name in layout.members if name in values})
        for layout in (*SCAN_WORDS, *UPDATE_WORDS)
    ]
    return np.array(words, dtype=np.uint32)[:, np.newaxis]


def _records(layer: Layer, chip: Chip) -> Words:
    """uint32 [groups, state columns]: the neurons' records, in the state before an inference."""
    layout = record_layout(chip)
    values = np.zeros(-(-layer.n_out // chip.update_lanes) * chip.update_lanes, dtype=np.uint32)
    values[: layer.n_out] = layer.beta.astype(np.uint32) << layout["beta"].offset
    values[: layer.n_out] |= 1 << layout["armed"].offset
    size = COLUMN_BITS // chip.records_per_column
    columns = np.zeros(len(values) // chip.records_per_column, dtype=np.uint32)
    for place in range(chip.records_per_column):
        columns |= values[place :: chip.records_per_column] << np.uint32(place * size)
    return columns.reshape(-1, chip.state_columns)


def _weight_rows(layer: Layer, chip: Chip) -> Words:
    """uint32 [tiles * n_in, weight columns]: tile after tile, in each a row per input.

    Neuron k of a tile stands in bits k * b .. k * b + b - 1 of its rows, b bits to a weight.
    """
    form = weight_format(layer.weight_format)
    if layer.weight_format == "bipolar1":
        codes = (layer.weights > 0).astype(np.uint8)
    else:
        codes = (layer.weights.astype(np.int16) + CODE_OFFSET[form.name]).astype(np.uint8)
    width = chip.lanes // form.bits
    tiles = -(-layer.n_out // width)
    padded = np.zeros((layer.n_in, tiles * width), dtype=np.uint8)
    padded[:, : layer.n_out] = codes
    by_tile = padded.reshape(layer.n_in, tiles, width).swapaxes(0, 1)
    bits = (by_tile[..., np.newaxis] >> np.arange(form.bits, dtype=np.uint8)) & 1
    rows = bits.reshape(tiles * layer.n_in, chip.lanes)
    return np.packbits(rows, axis=1, bitorder="little").view("<u4").astype(np.uint32)


def spike_words(spikes: NDArray[np.bool_]) -> Words:
    """[..., n] spikes as uint32 [..., ceil(n / 32)], neuron 0 in bit 0 of word 0."""
    pad = [(0, 0)] * (spikes.ndim - 1) + [(0, -spikes.shape[-1] % COLUMN_BITS)]
    packed = np.packbits(np.pad(spikes, pad), axis=-1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u4").astype(np.uint32)


def spikes_of(words: NDArray[np.integer], count: int) -> NDArray[np.bool_]:
    """The inverse of `spike_words`: bool [..., count]."""
    little = np.ascontiguousarray(np.asarray(words), dtype="<u4").view(np.uint8)
    return np.unpackbits(little, axis=-1, bitorder="little")[..., :count].astype(np.bool_)


def load_sequence(image: Image) -> Iterator[tuple[str, int, int, int]]:
    """(role, row, column, word) of every word to load."""
    for block in image.blocks:
        for row, columns in enumerate(block.words):
            for column, word in enumerate(columns):
                yield block.role, block.row + row, column, int(word)
