"""What a chip is: one validated dataclass, read from a YAML file.

    chip = load_chip("flow/chips/digits.yaml")
    chip.lanes, chip.memories["shared"].macro      # 32, "sram_512x32"

A wrong file is one ValueError that names the file, the field, the rule and the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from .names import check_module_name
from .yaml_file import read_yaml

__all__ = ["COLUMN_BITS", "Chip", "Floorplan", "Memory", "Place", "load_chip"]

COLUMN_BITS = 32
"""Width of a memory column, of a spike word and of the host's bus."""
ROLES = ("weights", "state", "spikes")
FLOPS = "flops"
ORIENTATIONS = ("N", "S", "FN", "FS")


@dataclass(frozen=True)
class Memory:
    """One 1RW memory as the chip sees it: `words` rows of one or more 32-bit columns.

    Parameters
    ----------
    words : rows, a power of two
    macro : name of the SRAM macro that makes up each column, "sram_<words>x32", or "flops"
    """

    words: int
    macro: str = FLOPS

    def __post_init__(self) -> None:
        _integer("words", self.words, 8, 1 << 16)
        _power_of_two("words", self.words)
        if self.macro == FLOPS:
            return
        match = re.fullmatch(rf"sram_([1-9][0-9]*)x{COLUMN_BITS}", str(self.macro))
        if match is None:
            raise ValueError(
                f'macro must be "{FLOPS}" or "sram_<words>x{COLUMN_BITS}", not {self.macro!r}'
            )
        _power_of_two("macro's words", int(match[1]))
        if self.words % int(match[1]):
            raise ValueError(
                f"words must be a multiple of {match[1]} ({self.macro}), not {self.words}"
            )

    @property
    def macro_words(self) -> int:
        """Rows of one macro (of the whole memory for flip-flops)."""
        return self.words if self.macro == FLOPS else int(self.macro[5:].split("x")[0])

    @property
    def address_bits(self) -> int:
        return (self.words - 1).bit_length()


@dataclass(frozen=True)
class Place:
    """Where a macro stands: lower left corner in nm and DEF orientation."""

    x_nm: int
    y_nm: int
    orientation: str = "N"

    def __post_init__(self) -> None:
        _integer("x_nm", self.x_nm, 0, 10**8)
        _integer("y_nm", self.y_nm, 0, 10**8)
        if self.orientation not in ORIENTATIONS:
            raise ValueError(
                f"orientation must be one of {list(ORIENTATIONS)}, not {self.orientation!r}"
            )


@dataclass(frozen=True)
class Floorplan:
    """Wishes for the physical flow; what is left out is chosen there.

    Parameters
    ----------
    utilisation_percent : cell area over the area left by macros, 10..90
    aspect_percent : height over width of the die, 25..400
    die_nm : width and height of the die, instead of the two above
    macros : instance name -> place
    """

    utilisation_percent: int = 55
    aspect_percent: int = 100
    die_nm: tuple[int, int] | None = None
    macros: Mapping[str, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _integer("utilisation_percent", self.utilisation_percent, 10, 90)
        _integer("aspect_percent", self.aspect_percent, 25, 400)
        if self.die_nm is not None:
            if not isinstance(self.die_nm, (list, tuple)) or len(self.die_nm) != 2:
                raise ValueError(f"die_nm must be [width, height], not {self.die_nm!r}")
            for value in self.die_nm:
                _integer("die_nm", value, 10_000, 10**8)
            object.__setattr__(self, "die_nm", tuple(self.die_nm))
        places = {
            str(name): _build(Place, place, f"macros.{name}.")
            for name, place in _mapping("macros", self.macros).items()
        }
        object.__setattr__(self, "macros", places)


@dataclass(frozen=True)
class Chip:
    """The parameters of one accelerator.

    Parameters
    ----------
    name : Verilog name of the top module
    memories : either {"shared": Memory}, one 32-bit memory for everything, or one memory each for
        "weights" (`lanes` bits wide), "state" (`update_lanes` records wide) and "spikes" (32 bits:
        spike words and layer descriptors)
    lanes : one-bit synapses per weight row, a multiple of 32; a row of b-bit weights feeds lanes/b
    weight_bits : widths of weights that the lanes understand, 1 and any of 2, 4
    potential_bits : widest membrane potential, 8..16; a network may use less
    largest_layer : most inputs and most neurons of a layer, a multiple of 32 up to 2048
    update_lanes : neurons updated side by side; a power of two up to 32
    double_buffer : a second set of accumulators, so that a tile of neurons is updated while the
        next one accumulates
    prefetch_words : spike words fetched ahead, 2..8
    counter_bits : width of the performance counters, 16..32; they wrap
    clock_period_ps : target of the physical flow
    base_address : where the chip answers on the host's bus
    floorplan : wishes for the physical flow
    """

    name: str
    memories: Mapping[str, Memory]
    lanes: int = 32
    weight_bits: tuple[int, ...] = (1, 2, 4)
    potential_bits: int = 10
    largest_layer: int = 128
    update_lanes: int = 2
    double_buffer: bool = False
    prefetch_words: int = 2
    counter_bits: int = 32
    clock_period_ps: int = 20_000
    base_address: int = 0x3000_0000
    floorplan: Floorplan = field(default_factory=Floorplan)

    def __post_init__(self) -> None:
        put = object.__setattr__
        check_module_name(self.name)
        memories = {
            str(role): _build(Memory, memory, f"memories.{role}.")
            for role, memory in _mapping("memories", self.memories).items()
        }
        if set(memories) not in ({"shared"}, set(ROLES)):
            raise ValueError(f"memories must be [shared] or {list(ROLES)}, not {sorted(memories)}")
        put(self, "memories", memories)
        put(self, "floorplan", _build(Floorplan, self.floorplan, "floorplan."))
        _integer("lanes", self.lanes, 32, 1024)
        _power_of_two("lanes", self.lanes)
        put(self, "weight_bits", _weight_bits(self.weight_bits))
        _integer("potential_bits", self.potential_bits, 8, 16)
        _integer("largest_layer", self.largest_layer, 32, 2048)
        if self.largest_layer % COLUMN_BITS:
            raise ValueError(
                f"largest_layer must be a multiple of {COLUMN_BITS}, not {self.largest_layer}"
            )
        _integer("update_lanes", self.update_lanes, self.records_per_column, COLUMN_BITS)
        _power_of_two("update_lanes", self.update_lanes)
        if not isinstance(self.double_buffer, bool):
            raise ValueError(f"double_buffer must be true or false, not {self.double_buffer!r}")
        _integer("prefetch_words", self.prefetch_words, 2, 8)
        _integer("counter_bits", self.counter_bits, 16, 32)
        _integer("clock_period_ps", self.clock_period_ps, 1000, 10**6)
        _integer("base_address", self.base_address, 0, (1 << 32) - 1)
        if self.base_address % (1 << 24):
            raise ValueError(
                f"base_address must be a multiple of 0x1000000, not {self.base_address:#x}"
            )
        self._check_widths()

    def _check_widths(self) -> None:
        narrowest = self.lanes // max(self.weight_bits)
        if self.update_lanes > narrowest:
            raise ValueError(
                f"update_lanes must be at most {narrowest} (lanes of {max(self.weight_bits)}-bit"
                f" weights), not {self.update_lanes}"
            )
        if self.shared and self.lanes != COLUMN_BITS:
            raise ValueError(f"lanes must be {COLUMN_BITS} with a shared memory, not {self.lanes}")
        if self.shared and self.state_columns != 1:
            raise ValueError(
                f"update_lanes must be {self.records_per_column} with a shared memory and"
                f" {self.potential_bits}-bit potentials, not {self.update_lanes}"
            )

    @property
    def shared(self) -> bool:
        """Whether one memory holds everything."""
        return "shared" in self.memories

    def memory(self, role: str) -> Memory:
        """The memory that plays `role` ("weights", "state" or "spikes")."""
        return self.memories["shared" if self.shared else role]

    def columns(self, role: str) -> int:
        """32-bit columns of the memory that plays `role`."""
        if self.shared:
            return 1
        return {"weights": self.lanes // 32, "state": self.state_columns, "spikes": 1}[role]

    @property
    def record_bits(self) -> int:
        """Bits of a neuron's record (see `rtl.layouts`): potential, beta, armed, spent."""
        return self.potential_bits + 6

    @property
    def records_per_column(self) -> int:
        return COLUMN_BITS // self.record_bits

    @property
    def state_columns(self) -> int:
        return self.update_lanes // self.records_per_column

    @property
    def accumulator_bits(self) -> int:
        """Bits of a signed sum of a layer's weights: no sum of this chip overflows."""
        return 1 + (self.largest_layer << (max(self.weight_bits) - 1)).bit_length()

    @property
    def layer_words(self) -> int:
        """32-bit words of a largest layer's spikes, rounded up to a power of two: the distance
        between the two buffers of input (and output) spikes."""
        return 1 << (self.largest_layer // COLUMN_BITS - 1).bit_length()

    @property
    def trace_words(self) -> int:
        """Words of one neuron in the trace port."""
        return 1 if self.potential_bits <= 13 else 2

    @property
    def macro_counts(self) -> dict[str, int]:
        """Macro name -> how many of it the chip holds."""
        counts: dict[str, int] = {}
        for role, memory in self.memories.items():
            if memory.macro != FLOPS:
                number = self.columns(role) * memory.words // memory.macro_words
                counts[memory.macro] = counts.get(memory.macro, 0) + number
        return counts


def load_chip(path: str | Path) -> Chip:
    """Read and check a chip's YAML file. Raises ValueError: "<file>: <field> must ..., not ..."."""
    path = Path(path)
    content = read_yaml(path)
    try:
        return _build(Chip, content, "")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _build(kind: type[Any], values: Any, prefix: str) -> Any:
    """`kind(**values)`, with unknown and missing fields named and errors prefixed."""
    if isinstance(values, kind):
        return values
    values = _mapping(prefix.rstrip(".") or "the file", values)
    known = {entry.name: entry for entry in fields(kind)}
    for name in values:
        if name not in known:
            raise ValueError(f"{prefix}{name} is not a field; the fields are {sorted(known)}")
    for name, entry in known.items():
        needed = entry.default is MISSING and entry.default_factory is MISSING
        if needed and name not in values:
            raise ValueError(f"{prefix}{name} is missing")
    try:
        return kind(**values)
    except ValueError as error:
        raise ValueError(f"{prefix}{error}") from None


def _mapping(name: str, value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a mapping (name: value), not {value!r}")
    return value


def _integer(name: str, value: Any, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name} must be an integer in {low}..{high}, not {value!r}")


def _power_of_two(name: str, value: int) -> None:
    if value & (value - 1):
        raise ValueError(f"{name} must be a power of two, not {value}")


def _weight_bits(value: Any) -> tuple[int, ...]:
    if (
        not isinstance(value, (list, tuple))
        or any(type(bits) is not int for bits in value)
        or 1 not in value
        or not set(value) <= {1, 2, 4}
        or len(set(value)) != len(value)
    ):
        raise ValueError(f"weight_bits must be a list of 1 and any of 2, 4, not {value!r}")
    return tuple(sorted(value))
