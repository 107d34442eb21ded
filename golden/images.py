"""Images and labels from a user's files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import checks

__all__ = ["load_images", "load_labels"]


def load_images(path: Path) -> NDArray[np.generic]:
    """The array [batch, ...] in the .npy file at ``path``.

    Raises
    ------
    ValueError: the file is damaged, no .npy file, or its array is no batch of images
    OSError: there is no such file, or it may not be read
    """
    array = _load("images", path)
    if array.ndim < 2 or len(array) == 0:
        raise ValueError(f"images must have shape [batch, ...], not {list(array.shape)}")
    return array


def load_labels(path: Path, count: int) -> NDArray[np.int64]:
    """The ``count`` integers in the .npy file at ``path``. Raises as ``load_images`` does."""
    labels = checks.integers("labels", _load("labels", path), 1)
    if len(labels) != count:
        raise ValueError(f"labels must be {count}, one per image, not {len(labels)}")
    return labels


def _load(field: str, path: Path) -> NDArray[np.generic]:
    """The array in a .npy file, mapped: a header that claims more than the file costs no memory."""
    with path.open("rb"):
        pass
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # numpy parses the header with whatever its parser raises
        reason = str(error).split("\n")[0]
        raise ValueError(f"{field} must be a whole .npy file, not {path.name}: {reason}") from None
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{field} must be one array in a .npy file, not {path.name}")
    return array
