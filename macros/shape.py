"""The shape of an SRAM macro: how many words of how many bits, and what follows from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

__all__ = ["MacroShape"]

SMALLEST_WORDS, LARGEST_WORDS = 16, 2048
SMALLEST_BITS, LARGEST_BITS = 2, 64


@dataclass(frozen=True)
class MacroShape:
    """A single-port (1RW) memory of `words` words of `bits` bits, without write mask.

    Parameters
    ----------
    words : number of words, a power of two from 16 to 2048
    bits : width of a word, an even number from 2 to 64

    A shape outside of these limits is a `ValueError` that names the field, the rule and the value.
    """

    words: int
    bits: int

    def __post_init__(self) -> None:
        if not SMALLEST_WORDS <= self.words <= LARGEST_WORDS or self.words & (self.words - 1):
            raise ValueError(
                f"words must be a power of two from {SMALLEST_WORDS} to {LARGEST_WORDS}, "
                f"not {self.words}"
            )
        if not SMALLEST_BITS <= self.bits <= LARGEST_BITS or self.bits % 2:
            raise ValueError(
                f"bits must be an even number from {SMALLEST_BITS} to {LARGEST_BITS}, "
                f"not {self.bits}"
            )

    @classmethod
    def from_name(cls, name: str) -> Self:
        """The shape that a macro's name states: `sram_512x32` -> 512 words of 32 bits."""
        match = re.fullmatch(r"sram_([1-9]\d*)x([1-9]\d*)", name)
        if match is None:
            raise ValueError(f"a macro's name must read sram_<words>x<bits>, not {name!r}")
        return cls(int(match[1]), int(match[2]))

    @property
    def name(self) -> str:
        """Name of the macro and of its Verilog module."""
        return f"sram_{self.words}x{self.bits}"

    @property
    def address_bits(self) -> int:
        return (self.words - 1).bit_length()
