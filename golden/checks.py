"""Checks of values that come from outside: each raises ValueError naming field, rule and value."""

from __future__ import annotations

import numbers
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["choice", "integer", "integers", "real"]


def integer(field: str, value: Any, minimum: int, maximum: int) -> int:
    """``value`` as an int within ``minimum..maximum``."""
    whole = isinstance(value, (numbers.Integral, np.integer)) and not isinstance(value, bool)
    if not whole or not minimum <= value <= maximum:
        raise ValueError(f"{field} must be an integer in {minimum}..{maximum}, not {value!r}")
    return int(value)


def real(field: str, value: Any, minimum: float, maximum: float) -> float:
    """``value`` as a float within ``minimum..maximum``, bounds included (NaN is outside)."""
    number = isinstance(value, (numbers.Real, np.number)) and not isinstance(value, bool)
    if not number or not minimum <= float(value) <= maximum:
        raise ValueError(f"{field} must be a number in {minimum:g}..{maximum:g}, not {value!r}")
    return float(value)


def choice(field: str, value: Any, allowed: Collection[str]) -> str:
    """``value`` if it is one of ``allowed``."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{field} must be one of {sorted(allowed)}, not {value!r}")
    return value


def integers(field: str, values: Any, dimensions: int) -> NDArray[np.int64]:
    """``values`` as an int64 array of that many ``dimensions``; whole floats pass."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{field} must be a rectangular array, not rows of unequal length"
        ) from None
    if array.ndim != dimensions:
        raise ValueError(
            f"{field} must have {dimensions} dimension(s), not {array.ndim} (shape {array.shape})"
        )
    if array.dtype.kind not in "iufb":
        raise ValueError(f"{field} must hold integers, not {array.dtype}")
    if array.dtype.kind == "f":
        wrong = ~np.isfinite(array) | (array != np.floor(array)) | (np.abs(array) >= 2.0**53)
    else:
        wrong = np.zeros(array.shape, dtype=bool) if array.dtype != np.uint64 else array >= 2**63
    if wrong.any():
        raise ValueError(f"{field} must hold integers, not {array[wrong][0]!s}")
    return array.astype(np.int64)
