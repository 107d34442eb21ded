"""How words in memory are divided into fields: layer descriptors, neuron records, trace words.

The RTL reads these layouts as Amaranth views, `rtl.image` fills them with numbers, and
`docs/chip.md` shows them: they stand here once.
"""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.lib import data

from .config import COLUMN_BITS, Chip

__all__ = [
    "DESCRIPTOR_STRIDE",
    "HYSTERESIS",
    "MAGNITUDE_LOW_BITS",
    "RESET",
    "SCAN_WORDS",
    "SPIKE_COUNT_WORD",
    "UPDATE_WORDS",
    "pack",
    "record_layout",
    "trace_layouts",
]

MAGNITUDE_LOW_BITS = 7
DESCRIPTOR_STRIDE = 8
"""Words per layer in the descriptor table, which starts at word 0 of the spikes memory."""

HYSTERESIS = {"off": 0, "schmitt": 1, "openspike": 2}
RESET = {"zero": 0, "subtract": 1, "none": 2}

SCAN_WORDS = (
    data.StructLayout(
        {"last_input": 12, "last_neuron": 12, "weight_log": 2, "reserved": 5, "last_layer": 1}
    ),
    data.StructLayout({"input_base": 16, "weight_base": 16}),
)
"""Words 0..1, read by the sequencer. Counts are stored less one ("last index"); a weight has
2**weight_log bits; bases are rows of the spikes and weights memory."""

UPDATE_WORDS = (
    data.StructLayout(
        {
            "last_neuron": 12,
            "magnitude_high": 9,
            "signed": 1,
            "hysteresis": 2,
            "reset": 2,
            "once": 1,
            "bipolar": 1,
            "weight_log": 2,
            "reserved": 1,
            "last_layer": 1,
        }
    ),
    data.StructLayout({"output_base": 16, "state_base": 16}),
    data.StructLayout({"theta_high": 17, "reserved": 15}),
    data.StructLayout({"theta_low": 17, "reserved": 15}),
    data.StructLayout({"spike_count": 32}),
)
"""Words 2..6, read by the updater; it writes back the last one, the spikes that the layer has
fired since the host cleared it. magnitude_high is the highest potential less its 7 lowest bits,
which are ones in every range."""

SPIKE_COUNT_WORD = len(SCAN_WORDS) + len(UPDATE_WORDS) - 1


def record_layout(chip: Chip) -> data.StructLayout:
    """A neuron's record, padded to 16 or 32 bits. beta stays; the chip rewrites the rest."""
    size = COLUMN_BITS // chip.records_per_column
    members = {"potential": chip.potential_bits, "beta": 4, "armed": 1, "spent": 1}
    padding = size - sum(members.values())
    return data.StructLayout(members | ({"padding": padding} if padding else {}))


def trace_layouts(chip: Chip) -> tuple[data.StructLayout, ...]:
    """What the trace port shows of one neuron, in one word or two."""
    accumulator, flags = {"accumulator": 16}, {"armed": 1, "spike": 1, "valid": 1}
    if chip.trace_words == 1:
        return (data.StructLayout(accumulator | {"potential": 13} | flags),)
    return (
        data.StructLayout(accumulator | {"padding": 13} | flags),
        data.StructLayout({"potential": 16, "padding": 13} | flags),
    )


def pack(layout: data.StructLayout, values: Mapping[str, int]) -> int:
    """The word that holds `values` (negative ones in two's complement); the rest is 0."""
    word = 0
    for name, value in values.items():
        entry = layout[name]
        width = entry.width
        if not -(1 << (width - 1)) <= value < 1 << width:
            raise ValueError(f"{name} must fit in {width} bits, not {value}")
        word |= (value & ((1 << width) - 1)) << entry.offset
    return word
