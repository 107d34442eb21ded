import numpy as np
import pytest

from golden.kernels import accumulate, compiled, fire, pack, popcount
from golden.neuron import keep_masks
from verification.golden.plain import plain_leak


@pytest.mark.parametrize("inputs", [1, 7, 8, 63, 64, 65, 130])
def test_pack_puts_input_i_into_bit_i(inputs: int) -> None:
    words = pack(np.eye(inputs, dtype=bool))
    assert words.shape == (inputs, -(-inputs // 64))
    for i, row in enumerate(words.tolist()):
        assert sum(word << (64 * index) for index, word in enumerate(row)) == 1 << i


def test_popcount() -> None:
    words = [0, 1, (1 << 64) - 1, 1 << 63, 0x5555_5555_5555_5555, 0x0123_4567_89AB_CDEF]
    assert [popcount(np.uint64(word)) for word in words] == [word.bit_count() for word in words]


def test_accumulate_is_a_matrix_product() -> None:
    generator = np.random.default_rng(1)
    spikes = generator.random((50, 200)) < 0.4
    planes = generator.random((3, 200, 17)) < 0.5
    coefficients = np.array([1, -5, 7], dtype=np.int32)
    result = np.empty((50, 17), dtype=np.int32)
    packed = np.ascontiguousarray(pack(planes.swapaxes(1, 2)).swapaxes(1, 2))
    accumulate(pack(spikes), packed, coefficients, np.int32(-3), result)
    assert np.array_equal(result, spikes @ (np.tensordot(coefficients, planes, axes=1) - 3))


def test_compiles_without_a_place_for_the_cache(monkeypatch) -> None:
    original = __import__("numba").njit

    def no_cache(*arguments: object, **options: object) -> object:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return original(*arguments, **options)

    monkeypatch.setattr("golden.kernels.numba.njit", no_cache)
    assert compiled(lambda x: x + 1)(2) == 3


@pytest.mark.parametrize(
    ("low", "high"), [(0, 255), (-512, 511)], ids=["unsigned 8 bits", "signed 10 bits"]
)
def test_fire_leaks_every_value_for_every_beta(low: int, high: int) -> None:
    """Step 1 brings each sample's neurons to its value, step 2 lets it leak."""
    values = np.arange(low, high + 1, dtype=np.int32)
    accumulator = np.zeros((len(values), 2, 9), dtype=np.int32)
    accumulator[:, 0] = values[:, None]
    potential = np.empty_like(accumulator)
    armed, spikes = (np.empty(accumulator.shape, dtype=np.uint8) for _ in range(2))
    limits = tuple(np.int32(limit) for limit in (low, high, high, low))
    fire(accumulator, keep_masks(np.arange(9)), limits, 0, 2, False, potential, armed, spikes)
    assert (potential[:, 0] == values[:, None]).all()
    expected = [[plain_leak(int(u), beta) for beta in range(9)] for u in values]
    assert potential[:, 1].tolist() == expected
