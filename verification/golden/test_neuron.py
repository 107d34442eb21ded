import numpy as np
import pytest

from golden import leak
from verification.golden.plain import plain_leak

RANGES = {
    "unsigned 8": range(256),
    "signed 10": range(-512, 512),
    "signed 16": range(-32768, 32768),
}


@pytest.mark.parametrize("name", ["unsigned 8", "signed 10"])
@pytest.mark.parametrize("dtype", [np.int16, np.int32])
def test_leak_of_every_value_and_beta(name: str, dtype: type) -> None:
    values = np.array(RANGES[name], dtype=dtype)
    for beta in range(9):
        left = leak(values[:, None], np.array([beta]))[:, 0]
        assert left.dtype == dtype
        assert left.tolist() == [plain_leak(u, beta) for u in RANGES[name]]


def test_leak_of_known_values() -> None:
    values = np.array([7, 255, -1, -8], dtype=np.int32)[:, None]
    expected = [[3, 4, 7, 0], [127, 221, 255, 0], [-1, -3, -1, 0], [-4, -7, -8, 0]]
    assert leak(values, np.array([4, 7, 8, 0])).tolist() == expected


def test_leak_stays_in_the_range_of_the_potential() -> None:
    values = np.array(RANGES["signed 16"], dtype=np.int32)[:, None]
    left = leak(values, np.arange(9))
    assert left.min() >= -32768
    assert left.max() <= 32767


def test_leak_keeps_eighths_of_multiples_of_eight() -> None:
    values = np.arange(-512, 512, 8, dtype=np.int32)[:, None]
    beta = np.arange(9)
    assert (leak(values, beta) * 8 == values * beta).all()
