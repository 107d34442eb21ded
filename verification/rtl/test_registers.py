"""The register map: fields and windows are disjoint, and every chip's map fits its 16 MB."""

from __future__ import annotations

import pytest

from flow.chips import chip_file, chip_names
from rtl.config import load_chip
from rtl.host import REGISTER_BITS, WINDOW_BITS
from rtl.registers import REGISTERS, map_size, parameters, windows


def test_fields_are_disjoint() -> None:
    offsets = [register.offset for register in REGISTERS.values()]
    assert len(set(offsets)) == len(offsets)
    assert max(offsets) < 1 << REGISTER_BITS
    for register in REGISTERS.values():
        used = 0
        for field in register.fields:
            assert not used & field.mask, (register.name, field.name)
            used |= field.mask
        assert used < 1 << 32


@pytest.mark.parametrize("name", chip_names())
def test_windows_are_aligned_and_disjoint(name: str) -> None:
    chip = load_chip(chip_file(name))
    end = 1 << REGISTER_BITS
    for window in windows(chip):
        assert window.offset % window.size == 0
        assert window.offset >= end
        assert window.address(window.words - 1, window.columns - 1) < window.offset + window.size
        end = window.offset + window.size
    assert end <= map_size(chip) <= 1 << WINDOW_BITS


def test_parameters() -> None:
    value = parameters(load_chip(chip_file("digits")))
    fields = REGISTERS["parameters"]
    assert value & fields["lanes_log"].mask == 5
    assert (value & fields["potential_bits"].mask) >> fields["potential_bits"].offset == 10
    assert value & fields["four_bit"].mask
