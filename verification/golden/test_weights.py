import numpy as np
import pytest

from golden import WEIGHT_FORMATS, weight_format


@pytest.mark.parametrize("name", sorted(WEIGHT_FORMATS))
def test_bits_of_every_weight_are_unique_and_come_back(name: str) -> None:
    entry = weight_format(name)
    weights = np.array(entry.values)
    patterns = entry.encode(weights)
    assert len(set(patterns.tolist())) == len(entry.values)
    assert patterns.max() < 1 << entry.bits
    assert entry.decode(patterns).tolist() == list(entry.values)


def test_known_patterns() -> None:
    assert WEIGHT_FORMATS["bipolar1"].encode(np.array([-1, 1])).tolist() == [0, 1]
    assert WEIGHT_FORMATS["unipolar1"].encode(np.array([0, 1])).tolist() == [0, 1]
    assert WEIGHT_FORMATS["ternary2"].encode(np.array([-1, 0, 1])).tolist() == [3, 0, 1]
    assert WEIGHT_FORMATS["int4"].encode(np.array([-8, -1, 7])).tolist() == [8, 15, 7]


def test_unused_pattern() -> None:
    with pytest.raises(ValueError, match=r"patterns of ternary2 must be one of .* not 2"):
        weight_format("ternary2").decode(np.array([1, 2]))


@pytest.mark.parametrize("name", sorted(WEIGHT_FORMATS))
def test_planes_add_up_to_the_weights(name: str) -> None:
    entry = weight_format(name)
    weights = np.random.default_rng(0).choice(entry.values, (9, 5))
    planes, coefficients, offset = entry.planes(weights)
    assert planes.shape == (len(coefficients), 9, 5)
    assert np.array_equal(np.tensordot(coefficients, planes, axes=1) + offset, weights)
