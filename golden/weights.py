"""Weight formats: which integers a synapse may hold, and the bits that store them.

The bit patterns are two's complement; only ``bipolar1`` differs: it stores +1 as 1 and -1 as 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["WEIGHT_FORMATS", "WeightFormat", "weight_format"]


@dataclass(frozen=True)
class WeightFormat:
    """One way to store a synaptic weight.

    Attributes
    ----------
    name: as it stands in ``Layer.weight_format``
    bits: bits of one stored weight
    values: the allowed weights, ascending
    """

    name: str
    bits: int
    values: tuple[int, ...]

    def encode(self, weights: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Bit pattern of each weight, same shape, in the low ``bits`` bits."""
        if self.name == "bipolar1":
            return (np.asarray(weights) > 0).astype(np.uint8)
        mask = (1 << self.bits) - 1
        return (np.asarray(weights, dtype=np.int64) & mask).astype(np.uint8)

    def decode(self, patterns: NDArray[np.integer]) -> NDArray[np.int8]:
        """Weights of bit patterns: the inverse of ``encode``. ValueError on an unused pattern."""
        table = {int(self.encode(np.array(value))): value for value in self.values}
        found = {int(pattern) for pattern in np.unique(patterns)}
        if unused := sorted(found - table.keys()):
            raise ValueError(
                f"patterns of {self.name} must be one of {sorted(table)}, not {unused[0]}"
            )
        lookup = np.zeros(1 << self.bits, dtype=np.int8)
        lookup[list(table)] = list(table.values())
        return lookup[np.asarray(patterns)]

    def planes(
        self, weights: NDArray[np.integer]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int32], int]:
        """Planes [p, ...] of the stored bits, coefficients [p] and offset of ``weights``.

        ``weights == offset + sum over p of coefficients[p] * planes[p]``
        """
        patterns = self.encode(weights)
        planes = np.stack([(patterns >> bit & 1).astype(np.bool_) for bit in range(self.bits)])
        if self.name == "bipolar1":
            return planes, np.array([2], dtype=np.int32), -1
        coefficients = 1 << np.arange(self.bits, dtype=np.int32)
        if self.values[0] < 0:  # two's complement: the top bit counts negative
            coefficients[-1] *= -1
        return planes, coefficients, 0


WEIGHT_FORMATS: dict[str, WeightFormat] = {
    entry.name: entry
    for entry in (
        WeightFormat("unipolar1", 1, (0, 1)),
        WeightFormat("bipolar1", 1, (-1, 1)),
        WeightFormat("ternary2", 2, (-1, 0, 1)),
        WeightFormat("int4", 4, tuple(range(-8, 8))),
    )
}


def weight_format(name: str) -> WeightFormat:
    """The format called ``name``. Raises ValueError naming the known ones."""
    if not isinstance(name, str) or name not in WEIGHT_FORMATS:
        raise ValueError(f"weight_format must be one of {sorted(WEIGHT_FORMATS)}, not {name!r}")
    return WEIGHT_FORMATS[name]
