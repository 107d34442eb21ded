"""macros.shape: names and limits of a macro."""

from __future__ import annotations

import pytest

from macros.shape import MacroShape


def test_name_and_shape_are_inverse() -> None:
    shape = MacroShape.from_name("sram_512x32")
    assert shape == MacroShape(words=512, bits=32)
    assert shape.name == "sram_512x32"
    assert shape.address_bits == 9


@pytest.mark.parametrize("name", ["sram", "sram_512", "sram_0x8", "ram_16x8", "sram_16x8 "])
def test_a_malformed_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must read sram_<words>x<bits>"):
        MacroShape.from_name(name)


@pytest.mark.parametrize(
    ("words", "bits", "field"),
    [(48, 8, "words"), (8, 8, "words"), (4096, 8, "words"), (64, 7, "bits"), (64, 128, "bits")],
)
def test_a_shape_outside_of_the_limits_is_refused(words: int, bits: int, field: str) -> None:
    value = words if field == "words" else bits
    with pytest.raises(ValueError, match=rf"^{field} must be .* not {value}$"):
        MacroShape(words, bits)
