"""Address events (AER): spikes as a list of who fired when, to and from dense arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks

__all__ = ["Events", "from_events", "to_events"]

MAXIMUM_CELLS = 1 << 31
"""Largest dense array that a list of events is unfolded into."""


@dataclass(frozen=True, eq=False)
class Events:
    """Spikes in order of sample, then time, then address.

    Attributes
    ----------
    sample, time, address: int64 [events]
    """

    sample: NDArray[np.int64]
    time: NDArray[np.int64]
    address: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.address)


def to_events(spikes: ArrayLike) -> Events:
    """Events of dense ``spikes`` [batch, steps, n]."""
    array = np.asarray(spikes)
    if array.ndim != 3:
        raise ValueError(f"spikes must have shape [batch, steps, n], not {list(array.shape)}")
    return Events(*(index.astype(np.int64) for index in np.nonzero(array)))


def from_events(events: Events, shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Dense spikes of ``shape`` (batch, steps, n); events may come in any order.

    Raises ValueError for an event outside the shape or a spike that is listed twice.
    """
    names = ("sample", "time", "address")
    columns = [checks.integers(f"events.{name}", getattr(events, name), 1) for name in names]
    if len({len(column) for column in columns}) != 1:
        raise ValueError(f"events must have columns of one length, not {[*map(len, columns)]}")
    if (
        len(shape) != 3
        or min(shape) < 0
        or np.prod([float(side) for side in shape]) > MAXIMUM_CELLS
    ):
        raise ValueError(f"shape must be three sizes of product <= {MAXIMUM_CELLS}, not {shape}")
    for name, column, size in zip(names, columns, shape, strict=True):
        outside = (column < 0) | (column >= size)
        if outside.any():
            raise ValueError(f"events.{name} must be in 0..{size - 1}, not {column[outside][0]}")
    cells = np.ravel_multi_index(tuple(columns), shape) if len(columns[0]) else columns[0]
    unique, counts = np.unique(cells, return_counts=True)
    if (counts > 1).any():
        twice = tuple(int(i) for i in np.unravel_index(unique[counts > 1][0], shape))
        raise ValueError(
            f"events must list a spike once, not twice: (sample, time, address) {twice}"
        )
    dense = np.zeros(shape, dtype=np.bool_)
    dense.reshape(-1)[cells] = True
    return dense
