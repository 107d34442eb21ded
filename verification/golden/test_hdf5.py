"""Hostile and damaged files, each made here byte by byte or by h5py's low level."""

import contextlib
import resource
from pathlib import Path

import h5py
import numpy as np
import pytest

from golden import load_network, save_network
from golden.hdf5 import MAXIMUM_BYTES, inspect
from verification.golden.plain import small_network


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_network(tmp_path / "network.nir", small_network())
    return tmp_path / "network.nir"


def test_a_sound_file_passes(path: Path) -> None:
    inspect(path)


def test_every_truncation_is_refused(path: Path) -> None:
    whole = path.read_bytes()
    for length in (0, 1, 8, 96, 512, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"file must be a whole HDF5 file, not network\.nir"):
            load_network(path)


def test_a_flipped_byte_never_escapes_as_another_error(path: Path) -> None:
    """A damaged file loads as something valid or is a ValueError."""
    whole = path.read_bytes()
    for place in np.random.default_rng(0).integers(0, len(whole), 150):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(ValueError):
            load_network(path)


def test_not_hdf5(path: Path) -> None:
    path.write_text("weights: 1\n")
    with pytest.raises(ValueError, match="file must be a whole HDF5 file"):
        load_network(path)


def test_missing_file_or_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_network(tmp_path / "none.nir")
    with pytest.raises(IsADirectoryError):
        load_network(tmp_path)


@pytest.mark.parametrize("layout", ["contiguous", "chunked"])
def test_a_tensor_of_2_gb_is_refused_unread(path: Path, layout: str) -> None:
    with h5py.File(path, "a") as file:
        group = file["node/nodes/synapses_0"]
        del group["weight"]
        chunks = (1024, 1024) if layout == "chunked" else None
        group.create_dataset("weight", shape=(1 << 14, 1 << 15), dtype="f4", chunks=chunks)
    assert path.stat().st_size < 100_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    message = rf"must claim at most {MAXIMUM_BYTES} bytes in all, not 21474\d+ .*/weight"
    with pytest.raises(ValueError, match=message):
        load_network(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_many_tensors_that_are_large_only_together(path: Path) -> None:
    with h5py.File(path, "a") as file:
        for index in range(5):
            file.create_dataset(f"extra_{index}", shape=(MAXIMUM_BYTES // 4,), dtype="u1")
    with pytest.raises(ValueError, match="bytes in all"):
        inspect(path)


def test_a_shape_beyond_64_bits_is_refused(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file.create_dataset("x", shape=(1 << 40, 1 << 40), dtype="u1", chunks=(1024, 1024))
    with pytest.raises(ValueError, match=f"not {1 << 80}|not 12089258196146291747"):
        inspect(path)


@pytest.mark.parametrize("kind", ["soft", "external", "cycle", "shared"])
def test_only_trees_are_read(path: Path, kind: str) -> None:
    with h5py.File(path, "a") as file:
        if kind == "soft":
            file["node/link"] = h5py.SoftLink("/version")
        elif kind == "external":
            file["node/link"] = h5py.ExternalLink("other.h5", "/")
        elif kind == "cycle":
            file["node/link"] = file["node"]
        else:
            file["node/link"] = file["version"]
    with pytest.raises(ValueError, match=r"not a link: /node/link|is met twice"):
        load_network(path)


def test_external_storage_is_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(16))
    with h5py.File(path, "a") as file:
        file.create_dataset(
            "x", shape=(4,), dtype="f4", external=[(str(tmp_path / "secret"), 0, 16)]
        )
    with pytest.raises(ValueError, match=r"tensor /x of network\.nir must be stored in the file"):
        inspect(path)


def test_deep_nesting_and_many_nodes(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file.create_group("/".join("a" * 40))
    with pytest.raises(ValueError, match="must nest at most 16 deep"):
        inspect(path)
    with h5py.File(path, "w") as file:
        for index in range(4100):
            file.create_group(str(index))
    with pytest.raises(ValueError, match="must have at most 4096 nodes"):
        inspect(path)


def test_a_named_type_and_an_empty_tensor(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["kind"] = np.dtype("f8")
    with pytest.raises(ValueError, match="must be groups or tensors"):
        inspect(path)
    with h5py.File(path, "a") as file:
        del file["kind"]
        file["empty"] = h5py.Empty("f4")
    with pytest.raises(ValueError, match="must hold values, not none"):
        inspect(path)
