"""What a host does to run inferences, as an array of bus operations with the expected answers.

An operation is a row of four uint32: kind, address (or a count of cycles), data, mask. Both hosts
(host.cpp for Verilator, host.v for Icarus) play the same rows. The expected answers come from the
golden model alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.simulator import Trace, simulate
from rtl.config import Chip
from rtl.image import Image, load_sequence, spike_words
from rtl.layouts import trace_layouts
from rtl.registers import REGISTERS, windows

__all__ = ["Kind", "Where", "inferences", "load", "locate", "operations"]

Operations = NDArray[np.uint32]
ALL = 0xFFFF_FFFF


class Kind(IntEnum):
    """What the host does: address is a byte address, but for the counts of RESET and IDLE."""

    WRITE = 0
    READ = 1  # and compare under the mask
    RECORD = 2  # read and print
    WAIT = 3  # for the interrupt
    RESET = 4  # for `address` cycles
    IDLE = 5  # for `address` cycles
    ABORT = 6  # a read given up after `data` cycles
    PARTIAL = 7  # a write with `mask` as byte select


def operations(*rows: tuple[int, int, int, int]) -> Operations:
    """uint32 [n, 4] from tuples."""
    return np.array(rows, dtype=np.uint32).reshape(-1, 4)


class Map:
    """Absolute addresses of a chip."""

    def __init__(self, image: Image) -> None:
        self._base = image.chip.base_address
        self._windows = {window.role: window for window in windows(image.chip)}
        self._shared = image.chip.shared

    def register(self, name: str) -> int:
        return self._base + REGISTERS[name].offset

    def word(self, role: str, row: int, column: int = 0) -> int:
        window = self._windows["shared" if self._shared else role]
        return self._base + window.address(row, column)


def load(image: Image, *, trace: bool = True, reset: bool = True) -> Operations:
    """Reset the chip, wait until its memories are clear, load the network, set the modes."""
    addresses = Map(image)
    control = REGISTERS["control"]
    modes = control["interrupt"].mask | (control["trace"].mask if trace else 0)
    words = max(memory.words for memory in image.chip.memories.values())
    rows = [(Kind.RESET, 2, 0, 0), (Kind.IDLE, words + 2, 0, 0)] if reset else []
    rows.append((Kind.READ, addresses.register("status"), 1, 0x1F if reset else 0))
    for role, row, column, word in load_sequence(image):
        rows.append((Kind.WRITE, addresses.word(role, row, column), word, 0))
    rows.append((Kind.WRITE, addresses.register("control"), modes, 0))
    return operations(*rows)


def inferences(
    image: Image, spikes: NDArray[np.bool_], *, trace: bool = True, golden: Trace | None = None
) -> Operations:
    """uint32 [batch, n, 4]: one inference per sample of spikes [batch, steps, n_in].

    The input of step t + 1 is written while step t runs. With `trace` (set it in `load` too), every
    accumulator, potential, armed bit and spike is compared; without, the output spikes.
    """
    golden = golden or simulate(image.network, spikes)
    plan = _Plan(image, spikes, golden)
    for step in range(image.network.steps):
        plan.step(step, trace)
    return plan.assemble()


class _Plan:
    """Collects operations whose data differ from sample to sample."""

    def __init__(self, image: Image, spikes: NDArray[np.bool_], golden: Trace) -> None:
        self.image, self.golden = image, golden
        self.map = Map(image)
        self.words = spike_words(spikes)
        self.batch = len(spikes)
        self.parts: list[Operations] = []
        self.trace_words = [
            _trace_words(image, golden, layer) for layer in range(len(image.network.layers))
        ]

    def add(self, kind: Kind, address: ArrayLike, data: ArrayLike, mask: ArrayLike) -> None:
        """Operations [batch, n]: address [n] or scalar; data and mask [batch, n], [n] or scalar."""
        shape = np.broadcast_shapes(
            (self.batch, 1), np.shape(address), np.shape(data), np.shape(mask)
        )
        part = np.empty((*shape, 4), dtype=np.uint32)
        for place, value in enumerate((int(kind), address, data, mask)):
            part[..., place] = value
        self.parts.append(part)

    def write_input(self, step: int) -> None:
        row = self.image.input_row(step & 1)
        count = self.words.shape[-1]
        addresses = np.array([self.map.word("spikes", row + index) for index in range(count)])
        self.add(Kind.WRITE, addresses, self.words[:, step], 0)

    def step(self, step: int, trace: bool) -> None:
        start, status = REGISTERS["start"], REGISTERS["status"]
        if step == 0:
            self.write_input(0)
        command = start["go"].mask
        command |= start["buffer"].mask if step & 1 else 0
        command |= start["first"].mask if step == 0 else 0
        self.add(Kind.WRITE, self.map.register("start"), command, 0)
        if step + 1 < self.image.network.steps:
            self.write_input(step + 1)
        if trace:
            for words, masks in self.trace_words:
                self.add(Kind.READ, self.map.register("trace"), words[:, step], masks)
        self.add(Kind.WAIT, 0, 0, 0)
        self.add(Kind.WRITE, self.map.register("status"), status["done"].mask, 0)
        outputs = spike_words(self.golden.spikes[-1][:, step])
        row = self.image.output_row(step & 1)
        addresses = [self.map.word("spikes", row + i) for i in range(outputs.shape[-1])]
        self.add(Kind.READ, np.array(addresses), outputs, ALL)

    def assemble(self) -> Operations:
        return np.concatenate(self.parts, axis=1)


def _trace_words(
    image: Image, golden: Trace, layer: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Expected trace words [batch, steps, n], and their masks [n]; neurons that only fill up a
    group are read but not compared."""
    chip = image.chip
    values = {
        "accumulator": golden.accumulator[layer],
        "potential": golden.potential[layer],
        "armed": golden.armed[layer],
        "spike": golden.spikes[layer],
        "valid": np.ones_like(golden.spikes[layer]),
    }
    batch, steps, neurons = values["spike"].shape
    padded = -(-neurons // chip.update_lanes) * chip.update_lanes
    layouts = trace_layouts(chip)
    words = np.zeros((batch, steps, padded, len(layouts)), dtype=np.uint32)
    masks = np.zeros((padded, len(layouts)), dtype=np.uint32)
    masks[:neurons] = ALL
    for place, layout in enumerate(layouts):
        for name in layout.members:
            if name in values:
                field = values[name].astype(np.int64) & ((1 << layout[name].width) - 1)
                words[..., :neurons, place] |= (field << layout[name].offset).astype(np.uint32)
    return words.reshape(batch, steps, -1), masks.reshape(-1)


@dataclass(frozen=True)
class Where:
    """Which value of an inference an operation compares."""

    step: int
    layer: int
    neuron: int
    field: str


def locate(image: Image, operation: int, expected: int, got: int, *, trace: bool = True) -> Where:
    """What operation number `operation` of an inference compares, and the field that differs."""
    chip, network = image.chip, image.network
    words_in = -(-network.n_in // 32)
    words_out = -(-network.n_out // 32)
    number = operation - words_in
    for step in range(network.steps):
        number -= 1 + (words_in if step + 1 < network.steps else 0)
        for layer, content in enumerate(network.layers if trace else ()):
            groups = -(-content.n_out // chip.update_lanes)
            count = groups * chip.update_lanes * chip.trace_words
            if number < count:
                neuron, place = divmod(number, chip.trace_words)
                return Where(step, layer, neuron, _field(chip, place, expected ^ got))
            number -= count
        number -= 2
        if number < words_out:
            bits = expected ^ got
            neuron = number * 32 + ((bits & -bits).bit_length() - 1)
            return Where(step, len(network.layers) - 1, neuron, "output spike")
        number -= words_out
    raise ValueError(f"operation must belong to an inference, not be number {operation}")


def _field(chip: Chip, place: int, difference: int) -> str:
    layout = trace_layouts(chip)[place]
    names = []
    for name in layout.members:
        mask = ((1 << layout[name].width) - 1) << layout[name].offset
        if difference & mask and name != "padding":
            names.append(name)
    return " and ".join(names)
