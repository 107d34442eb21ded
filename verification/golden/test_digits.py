import hashlib

import numpy as np

from golden.digits import CLASSES, FULL_SCALE, PIXELS, digits


def test_the_split_is_fixed_stratified_and_complete() -> None:
    data = digits()
    assert data.train_images.shape == (1437, PIXELS)
    assert data.test_images.shape == (360, PIXELS)
    assert data.train_images.max() == data.test_images.max() == FULL_SCALE
    shares = [np.bincount(labels) / len(labels) for labels in (data.train_labels, data.test_labels)]
    assert len(shares[0]) == len(shares[1]) == CLASSES
    np.testing.assert_allclose(shares[0], shares[1], atol=0.002)
    both = np.concatenate([data.train_images, data.test_images])
    assert len(both) == 1797


def test_no_test_image_is_trained_on() -> None:
    data = digits()
    seen = {image.tobytes() for image in data.train_images}
    assert not any(image.tobytes() in seen for image in data.test_images)


def test_the_test_images_are_the_ones_that_our_figures_refer_to() -> None:
    data = digits()
    digest = hashlib.sha256(data.test_images.tobytes() + data.test_labels.tobytes()).hexdigest()
    assert digest == "3ea49a6c5c1f0810a1e9f1178f9d79a4469c14576fbaaec2880a46a2f2a8928b"
