"""The leak of a neuron, as the hardware computes it: shifts and adds, no multiplier."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["keep_masks", "leak"]

Integer = TypeVar("Integer", bound=np.integer)


def keep_masks(beta: NDArray[np.integer]) -> NDArray[np.int32]:
    """[4, n]: all ones where ``beta`` [n] keeps the whole, a half, a quarter, an eighth; else 0."""
    return np.stack([-((beta & bit) != 0).astype(np.int32) for bit in (8, 4, 2, 1)])


def leak(potential: NDArray[Integer], beta: NDArray[np.integer]) -> NDArray[Integer]:
    """What is left of ``potential`` after one step that keeps ``beta`` eighths of it.

    The bits of beta select terms; each shift is floored by itself (arithmetic for signed values)::

        leak(u, 8) = u
        leak(u, b) = (u >> 1 if b & 4) + (u >> 2 if b & 2) + (u >> 3 if b & 1)

    so that ``leak(7, 7) == 3 + 1 + 0`` and ``leak(-1, 7) == -3``.

    Parameters
    ----------
    potential: [..., n] integers
    beta: [n] integers in 0..8

    Returns
    -------
    [..., n] integers of the type of ``potential``
    """
    whole, half, quarter, eighth = keep_masks(beta).astype(potential.dtype)
    return (
        (potential & whole)
        + ((potential >> 1) & half)
        + ((potential >> 2) & quarter)
        + ((potential >> 3) & eighth)
    )
