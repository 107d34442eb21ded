"""The host's software: loads a network, streams spikes, reads results. It knows no bus.

Every method is a generator that yields bus accesses and is sent the answers, so that the same
driver runs over a simulated bus, a real one or a list::

    driver = Driver(image)
    outputs = play(driver.infer(spikes), bus)      # bus(access) -> word, words or None
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .image import Image, load_sequence, spike_words, spikes_of
from .layouts import trace_layouts
from .registers import IDENTITY, REGISTERS, parameters, windows

__all__ = ["Driver", "LayerTrace", "Read", "ReadMany", "Wait", "Write", "play"]

T = TypeVar("T")


@dataclass(frozen=True)
class Write:
    """Write a word to a byte address."""

    address: int
    data: int


@dataclass(frozen=True)
class Read:
    """Read the word at a byte address: the answer is an integer."""

    address: int


@dataclass(frozen=True)
class ReadMany:
    """Read the same byte address `count` times: the answer is a sequence of integers."""

    address: int
    count: int


@dataclass(frozen=True)
class Wait:
    """Wait for the interrupt."""


Access = Write | Read | ReadMany | Wait
Steps = Generator[Access, Any, T]


def play(steps: Steps[T], bus: Callable[[Access], Any]) -> T:
    """Run a driver's method on a synchronous bus."""
    answer = None
    while True:
        try:
            access = steps.send(answer)
        except StopIteration as end:
            return end.value
        answer = bus(access)


@dataclass(frozen=True)
class LayerTrace:
    """What the trace port told of one layer, each [steps, n_out]."""

    accumulator: NDArray[np.int64]
    potential: NDArray[np.int64]
    armed: NDArray[np.bool_]
    spikes: NDArray[np.bool_]


class Driver:
    """Runs the network of an image on its chip. Raises ValueError for another chip."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self._base = image.chip.base_address
        self._windows = {window.role: window for window in windows(image.chip)}

    def register(self, name: str) -> int:
        """Byte address of a register."""
        return self._base + REGISTERS[name].offset

    def word(self, role: str, row: int, column: int = 0) -> int:
        """Byte address of a word in a memory."""
        window = self._windows["shared" if self.image.chip.shared else role]
        return self._base + window.address(row, column)

    def load(self) -> Steps[None]:
        """Check that this is the right chip, wait until it is ready, and load the network."""
        for name, wanted in (("identity", IDENTITY), ("parameters", parameters(self.image.chip))):
            if (found := (yield Read(self.register(name)))) != wanted:
                raise ValueError(f"{name} must be {wanted:#010x} on this chip, not {found:#010x}")
        ready = REGISTERS["status"]["ready"].mask
        while not (yield Read(self.register("status"))) & ready:
            pass
        for role, row, column, word in load_sequence(self.image):
            yield Write(self.word(role, row, column), word)

    def infer(self, spikes: NDArray[np.bool_]) -> Steps[NDArray[np.bool_]]:
        """Output spikes [steps, n_out] of input spikes [steps, n_in]; the next step's input goes
        in while a step runs, and its start is queued."""
        yield from self._modes("interrupt")
        yield from self._write_input(0, spikes)
        yield from self._start(0)
        outputs = []
        for step in range(len(spikes)):
            if step + 1 < len(spikes):
                yield from self._write_input(step + 1, spikes)
                yield from self._start(step + 1)
            yield from self._finish()
            outputs.append((yield from self._read_output(step)))
        return np.array(outputs)

    def infer_traced(
        self, spikes: NDArray[np.bool_]
    ) -> Steps[tuple[NDArray[np.bool_], list[LayerTrace]]]:
        """Output spikes [steps, n_out], and every update of every layer."""
        yield from self._modes("interrupt", "trace")
        chip, network = self.image.chip, self.image.network
        sizes = [
            -(-layer.n_out // chip.update_lanes) * chip.update_lanes for layer in network.layers
        ]
        count = sum(sizes) * chip.trace_words
        words = np.empty((len(spikes), count), dtype=np.int64)
        outputs = []
        yield from self._write_input(0, spikes)
        for step in range(len(spikes)):
            yield from self._start(step)
            if step + 1 < len(spikes):
                yield from self._write_input(step + 1, spikes)
            words[step] = yield ReadMany(self.register("trace"), count)
            yield from self._finish()
            outputs.append((yield from self._read_output(step)))
        return np.array(outputs), self._traces(words, sizes)

    def counters(self, clear: bool = False) -> Steps[dict[str, int]]:
        """The performance counters, and the spikes of each layer as "spikes <layer>"."""
        places = {
            name: self.register(name) for name in ("cycles", "weight_reads", "synaptic_operations")
        }
        for layer in range(len(self.image.network.layers)):
            places[f"spikes {layer}"] = self.word("spikes", self.image.spike_count_row(layer))
        values = {}
        for name, address in places.items():
            values[name] = yield Read(address)
            if clear:
                yield Write(address, 0)
        return values

    def _modes(self, *names: str) -> Steps[None]:
        control = REGISTERS["control"]
        yield Write(self.register("control"), sum(control[name].mask for name in names))

    def _write_input(self, step: int, spikes: NDArray[np.bool_]) -> Steps[None]:
        row = self.image.input_row(step & 1)
        for index, word in enumerate(spike_words(spikes[step])):
            yield Write(self.word("spikes", row + index), int(word))

    def _start(self, step: int) -> Steps[None]:
        start = REGISTERS["start"]
        command = start["go"].mask
        command |= start["buffer"].mask if step & 1 else 0
        command |= start["first"].mask if step == 0 else 0
        yield Write(self.register("start"), command)

    def _finish(self) -> Steps[None]:
        yield Wait()
        yield Write(self.register("status"), REGISTERS["status"]["done"].mask)

    def _read_output(self, step: int) -> Steps[NDArray[np.bool_]]:
        neurons = self.image.network.n_out
        row = self.image.output_row(step & 1)
        words = []
        for index in range(-(-neurons // 32)):
            words.append((yield Read(self.word("spikes", row + index))))
        return spikes_of(np.array(words), neurons)

    def _traces(self, words: NDArray[np.int64], sizes: list[int]) -> list[LayerTrace]:
        """Split trace words [steps, n] by layer, and those into their fields."""
        chip = self.image.chip
        traces, start = [], 0
        for layer, size in zip(self.image.network.layers, sizes, strict=True):
            end = start + size * chip.trace_words
            part = words[:, start:end].reshape(len(words), size, chip.trace_words)
            part = part[:, : layer.n_out]
            fields = {}
            for place, layout in enumerate(trace_layouts(chip)):
                for name in layout.members:
                    width = layout[name].width
                    fields[name] = part[..., place] >> layout[name].offset & (1 << width) - 1
                    signed = name == "accumulator" or (
                        name == "potential" and layer.potential.signed
                    )
                    if signed:
                        fields[name] -= (fields[name] >> width - 1) << width
            traces.append(
                LayerTrace(
                    fields["accumulator"],
                    fields["potential"],
                    fields["armed"].astype(np.bool_),
                    fields["spike"].astype(np.bool_),
                )
            )
            start = end
        return traces
