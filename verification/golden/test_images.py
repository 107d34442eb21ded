from pathlib import Path

import numpy as np
import pytest

from golden.images import load_images, load_labels


def test_arrays_come_back(tmp_path: Path) -> None:
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    np.save(tmp_path / "x.npy", images)
    np.save(tmp_path / "y.npy", np.array([3, 4]))
    assert np.array_equal(load_images(tmp_path / "x.npy"), images)
    assert load_labels(tmp_path / "y.npy", 2).tolist() == [3, 4]


def test_a_header_that_claims_more_than_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    header = {"descr": "<f4", "fortran_order": False, "shape": (1 << 27, 4)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.write(bytes(64))
    with pytest.raises(ValueError, match=r"images must be a whole \.npy file, not x\.npy"):
        load_images(path)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"hello", b"\x93NUMPY\x01\x00\xff\xff{"])
def test_damaged_files(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"images must be a whole \.npy file, not x\.npy"):
        load_images(tmp_path / "x.npy")


def test_pickles_and_archives_are_not_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"images must be a whole \.npy file"):
        load_images(tmp_path / "x.npy")
    np.savez(tmp_path / "x.npz", np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"images must be one array in a \.npy file, not x\.npz"):
        load_images(tmp_path / "x.npz")


def test_wrong_shapes(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"images must have shape \[batch, \.\.\.\], not \[3\]"):
        load_images(tmp_path / "x.npy")
    with pytest.raises(ValueError, match="labels must be 2, one per image, not 3"):
        load_labels(tmp_path / "x.npy", 2)
    np.save(tmp_path / "x.npy", np.array([0.5]))
    with pytest.raises(ValueError, match="labels must hold integers"):
        load_labels(tmp_path / "x.npy", 1)
