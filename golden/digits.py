"""scikit-learn's bundled handwritten digits, and the one split that our figures refer to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLASSES", "FULL_SCALE", "PIXELS", "TEST_IMAGES", "Split", "digits"]

CLASSES = 10
PIXELS = 64
FULL_SCALE = 16
"""Pixels are integers 0..16."""
TEST_IMAGES = 360
SPLIT_SEED = 0


class Split(NamedTuple):
    """Images uint8 [n, 64] and labels int64 [n], for training (1437) and for test (360)."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]


def digits() -> Split:
    """The 1797 digits, split once and for all, each class by the same share."""
    # Imported here: scikit-learn takes a second to load, and most users of golden never need it.
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    data = load_digits()
    train_images, test_images, train_labels, test_labels = train_test_split(
        data.data.astype(np.uint8),
        data.target.astype(np.int64),
        test_size=TEST_IMAGES,
        random_state=SPLIT_SEED,
        stratify=data.target,
    )
    return Split(train_images, train_labels, test_images, test_labels)
