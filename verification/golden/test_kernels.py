import numpy as np
import pytest

from golden.kernels import WORD, accumulate, compiled, pack, popcount, step_neuron
from golden.neuron import keep_masks
from verification.golden.plain import plain_leak


@pytest.mark.parametrize("inputs", [1, 7, 8, 63, 64, 65, 130])
def test_pack_puts_input_i_into_bit_i(inputs: int) -> None:
    words = pack(np.eye(inputs, dtype=bool))
    assert words.shape == (-(-inputs // WORD), inputs)
    for i, lane in enumerate(words.T.tolist()):
        assert sum(word << (WORD * index) for index, word in enumerate(lane)) == 1 << i


def test_popcount() -> None:
    words = [0, 1, (1 << 64) - 1, 1 << 63, 0x5555_5555_5555_5555, 0x0123_4567_89AB_CDEF]
    assert [popcount(np.uint64(word)) for word in words] == [word.bit_count() for word in words]


def test_accumulate_is_a_product() -> None:
    generator = np.random.default_rng(1)
    spikes = generator.random((50, 200)) < 0.4
    planes = generator.random((3, 200)) < 0.5
    coefficients = np.array([1, -5, 7], dtype=np.int32)
    rest = generator.integers(-9, 9, 50).astype(np.int32)
    result = np.empty(50, dtype=np.int32)
    accumulate(pack(spikes), np.ascontiguousarray(pack(planes).T), coefficients, rest, result)
    assert np.array_equal(result, spikes @ (coefficients @ planes) + rest)


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
def test_a_step_leaks_every_value_for_every_beta(low: int, high: int) -> None:
    values = np.arange(low, high + 1, dtype=np.int32)
    u, armed, spent, spike = np.zeros((4, len(values)), dtype=np.int32)
    limits = tuple(np.int32(limit) for limit in (low, high, high, low))
    for beta, keep in enumerate(keep_masks(np.arange(9)).T):
        u[:] = values
        nothing = np.zeros_like(values)
        step_neuron(nothing, tuple(keep), limits, (0, 2, False), u, armed, spent, spike)
        assert u.tolist() == [plain_leak(int(value), beta) for value in values]
