import numpy as np
import pytest

from golden.kernels import WORD, accumulate, compiled, fire, pack, pack_inputs, popcount
from golden.neuron import keep_masks
from verification.golden.plain import plain_leak


@pytest.mark.parametrize("inputs", [1, 7, 8, 63, 64, 65, 130])
def test_both_ways_of_packing_put_input_i_into_bit_i(inputs: int) -> None:
    bits = np.eye(inputs, dtype=bool)
    words = pack_inputs(bits)
    assert words.shape == (-(-inputs // WORD), inputs)
    for i, lane in enumerate(words.T.tolist()):
        assert sum(word << (WORD * index) for index, word in enumerate(lane)) == 1 << i
    again = np.full_like(words, 99)
    pack(bits.view(np.uint8), again)
    assert np.array_equal(again, words)


def test_popcount() -> None:
    words = [0, 1, (1 << 64) - 1, 1 << 63, 0x5555_5555_5555_5555, 0x0123_4567_89AB_CDEF]
    assert [popcount(np.uint64(word)) for word in words] == [word.bit_count() for word in words]


def test_accumulate_is_a_matrix_product() -> None:
    generator = np.random.default_rng(1)
    spikes = generator.random((50, 200)) < 0.4
    planes = generator.random((3, 200, 17)) < 0.5
    coefficients = np.array([1, -5, 7], dtype=np.int32)
    result = np.empty((17, 50), dtype=np.int32)
    words = np.stack([pack_inputs(plane.T) for plane in planes])
    accumulate(pack_inputs(spikes), words, coefficients, np.int32(-3), result)
    assert np.array_equal(result.T, spikes @ (np.tensordot(coefficients, planes, axes=1) - 3))


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
    accumulator = np.zeros((9, 2, len(values)), dtype=np.int32)
    accumulator[:, 0] = values
    potential = np.empty_like(accumulator)
    armed, spikes = (np.empty(accumulator.shape, dtype=np.uint8) for _ in range(2))
    limits = tuple(np.int32(limit) for limit in (low, high, high, low))
    fire(accumulator, keep_masks(np.arange(9)), limits, 0, 2, False, potential, armed, spikes)
    assert (potential[:, 0] == values).all()
    assert potential[:, 1].tolist() == [
        [plain_leak(int(u), beta) for u in values] for beta in range(9)
    ]
