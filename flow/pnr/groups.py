"""Groups of rows that stand one after another in a table."""

from __future__ import annotations

import numpy as np

__all__ = ["row_numbers"]


def row_numbers(first: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Row numbers of groups that start at `first` and hold `size` rows each, one after another."""
    size = size.astype(np.int64)
    return np.repeat(first - (np.cumsum(size) - size), size) + np.arange(int(size.sum()))
