"""The host's view of a chip, described once: registers, their fields, windows into memory.

`rtl.host` decodes what stands here, `rtl.driver` uses it and `docs/chip.md` shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.utils import ceil_log2

from .config import Chip

__all__ = [
    "IDENTITY",
    "REGISTERS",
    "Field",
    "Register",
    "Window",
    "map_size",
    "parameters",
    "windows",
]

IDENTITY = 0x5350_4B31
"""ASCII "SPK1"."""


@dataclass(frozen=True)
class Field:
    """Bits `offset` .. `offset + width - 1` of a register.

    access: "r" read only, "rw" read and write, "w1" acts when 1 is written and reads 0,
    "w1c" reads a flag that writing 1 clears
    """

    name: str
    offset: int
    width: int
    access: str
    meaning: str

    @property
    def mask(self) -> int:
        return ((1 << self.width) - 1) << self.offset


@dataclass(frozen=True)
class Register:
    """A 32-bit word at byte address `offset` from the chip's base."""

    name: str
    offset: int
    meaning: str
    fields: tuple[Field, ...]

    def __getitem__(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


def _whole(access: str, meaning: str) -> tuple[Field, ...]:
    return (Field("value", 0, 32, access, meaning),)


REGISTERS: dict[str, Register] = {
    register.name: register
    for register in (
        Register("identity", 0x00, "What this is", _whole("r", 'the letters "SPK1"')),
        Register(
            "parameters",
            0x04,
            "Which chip this is",
            (
                Field("lanes_log", 0, 4, "r", "2**lanes_log one-bit lanes"),
                Field("update_log", 4, 4, "r", "2**update_log neurons updated side by side"),
                Field("potential_bits", 8, 8, "r", "bits of the widest potential"),
                Field("largest_layer", 16, 12, "r", "most inputs or neurons of a layer"),
                Field("two_bit", 28, 1, "r", "the lanes understand 2-bit weights"),
                Field("four_bit", 29, 1, "r", "the lanes understand 4-bit weights"),
            ),
        ),
        Register(
            "control",
            0x08,
            "Modes",
            (
                Field("interrupt", 0, 1, "rw", "raise irq_o while status.done is set"),
                Field(
                    "trace",
                    1,
                    1,
                    "rw",
                    "hold every update until `trace` has been read; "
                    "a time step takes the value at its start",
                ),
            ),
        ),
        Register(
            "start",
            0x0C,
            "Start a time step, or queue one behind the running step",
            (
                Field("go", 0, 1, "w1", "start; needs status.ready"),
                Field("buffer", 1, 1, "w1", "input and output buffer of this step"),
                Field("first", 2, 1, "w1", "first step of an inference: potentials 0, all armed"),
            ),
        ),
        Register(
            "status",
            0x10,
            "What the chip is doing",
            (
                Field("ready", 0, 1, "r", "the memories have been cleared since reset"),
                Field("busy", 1, 1, "r", "a time step is running or queued"),
                Field("queued", 2, 1, "r", "another one waits behind it"),
                Field("done", 3, 1, "w1c", "a time step has ended"),
                Field(
                    "overrun",
                    4,
                    1,
                    "w1c",
                    "a start was dropped: one was queued already, or the chip was not ready",
                ),
            ),
        ),
        Register("cycles", 0x14, "Cycles with status.busy", _whole("rw", "counts up, wraps")),
        Register("weight_reads", 0x18, "Weight rows read", _whole("rw", "counts up, wraps")),
        Register(
            "synaptic_operations",
            0x1C,
            "Input spikes times the neurons they reach",
            _whole("rw", "counts up, wraps"),
        ),
        Register(
            "trace",
            0x20,
            "The updates of this step, neuron by neuron; a read waits for the next one. Its flag "
            "`valid` is clear if no step is running, or control.trace was clear at its start",
            _whole("r", "see the trace words"),
        ),
    )
}


def parameters(chip: Chip) -> int:
    """Value of the register `parameters`."""
    values = {
        "lanes_log": ceil_log2(chip.lanes),
        "update_log": ceil_log2(chip.update_lanes),
        "potential_bits": chip.potential_bits,
        "largest_layer": chip.largest_layer,
        "two_bit": 2 in chip.weight_bits,
        "four_bit": 4 in chip.weight_bits,
    }
    fields = REGISTERS["parameters"]
    return sum(int(value) << fields[name].offset for name, value in values.items())


@dataclass(frozen=True)
class Window:
    """A memory in the host's address space: row r, column c at offset + 4 * (r * stride + c).

    Attributes
    ----------
    role : key of `Chip.memories`
    offset : byte address from the chip's base, a multiple of the window's size
    words : rows
    columns : 32-bit columns
    """

    role: str
    offset: int
    words: int
    columns: int

    @property
    def column_bits(self) -> int:
        """log2 of the stride of rows, in columns."""
        return ceil_log2(self.columns)

    @property
    def size(self) -> int:
        """Bytes, a power of two."""
        return self.words << (self.column_bits + 2)

    def address(self, row: int, column: int = 0) -> int:
        """Byte address of a word, from the chip's base."""
        return self.offset + ((row << self.column_bits) + column << 2)


def windows(chip: Chip) -> tuple[Window, ...]:
    """The chip's memories, each aligned to its size, above the registers."""
    result: list[Window] = []
    end = 1 << (max(register.offset for register in REGISTERS.values()) + 4).bit_length()
    order = sorted(chip.memories, key=lambda role: chip.memory(role).words * chip.columns(role))
    for role in order:
        window = Window(role, 0, chip.memory(role).words, chip.columns(role))
        offset = -(-end // window.size) * window.size
        result.append(Window(role, offset, window.words, window.columns))
        end = offset + window.size
    return tuple(result)


def map_size(chip: Chip) -> int:
    """Bytes of the whole map, a power of two."""
    return 1 << (max(window.offset + window.size for window in windows(chip)) - 1).bit_length()
