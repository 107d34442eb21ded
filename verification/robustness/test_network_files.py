"""NIR files that mean harm, and NIR files changed at random: one line, and nothing happens."""

from __future__ import annotations

import resource
import time
import zlib
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow.cli import run
from golden import load_network, save_network
from golden.network import MAXIMUM_NEURONS
from golden.nir_graph import read_graph
from golden.nir_import import MAXIMUM_SYNAPSES, float_layers
from verification.golden.plain import small_network
from verification.robustness.conftest import FAST

COMMANDS = (["classify", "{nir}", "--test"], ["import", "{nir}", "{out}"])


def graph(*nodes: nir.NIRNode, path: Path) -> Path:
    nir.write(path, nir.NIRGraph.from_list(*nodes))
    return path


def neurons(size: int) -> nir.LIF:
    ones = np.ones(size, np.float32)
    return nir.LIF(tau=1e-3 * ones, r=10 * ones, v_leak=0 * ones, v_threshold=ones)


def texts_that_share(path: Path, chunks: tuple[int, int] | None = None) -> Path:
    """A megabyte of text, and 8192 names that are all this text: 8 GB when read."""
    save_network(path, small_network())
    with h5py.File(path, "a") as file:
        del file["node/edges"]
        names = file["node"].create_dataset("edges", (4096, 2), h5py.string_dtype(), chunks=chunks)
        names[0, 0] = "x" * (1 << 20)
    with h5py.File(path, "a") as file:
        names = file["node/edges"]
        place = names.id.get_offset() or names.id.get_chunk_info(0).byte_offset
    data = bytearray(path.read_bytes())
    data[place : place + 16 * 8192] = data[place : place + 16] * 8192
    path.write_bytes(data)
    assert path.stat().st_size < 1_300_000
    return path


def texts_in_chunks(path: Path) -> Path:
    """The same in pieces that may be packed, so that the file does not show the lengths."""
    return texts_that_share(path, chunks=(4096, 2))


def a_long_text(path: Path) -> Path:
    """A text of a few bytes that claims four gigabytes."""
    save_network(path, small_network())
    with h5py.File(path, "a") as file:
        place = file["node/type"].id.get_offset()
    data = bytearray(path.read_bytes())
    data[place : place + 4] = b"\xff" * 4
    path.write_bytes(data)
    return path


def squeezed(path: Path) -> Path:
    """Half a gigabyte of zeros in half a megabyte."""
    save_network(path, small_network())
    with h5py.File(path, "a") as file:
        group = file["node/nodes/synapses_0"]
        del group["weight"]
        weight = group.create_dataset(
            "weight", (8192, 16384), "f4", chunks=(1024, 16384), compression="gzip"
        )
        zeros = zlib.compress(bytes(1024 * 16384 * 4), 9)
        for row in range(0, 8192, 1024):
            weight.id.write_direct_chunk((row, 0), zeros)
    assert path.stat().st_size < 600_000
    return path


def thin_product(path: Path) -> Path:
    """Two thin matrices whose product has 2**32 elements, 32 GB."""
    wide = np.zeros((1, MAXIMUM_NEURONS), np.float32)
    end = neurons(MAXIMUM_NEURONS)
    return graph(nir.Linear(wide), nir.Linear(wide.T.copy()), end, path=path)


def identity(path: Path) -> Path:
    """Neurons without synapses: an identity matrix of 32 GB."""
    return graph(neurons(MAXIMUM_NEURONS), path=path)


def pointed(path: Path) -> Path:
    """A tensor that stands in another file, /etc/passwd."""
    save_network(path, small_network())
    with h5py.File(path, "a") as file:
        file.create_dataset("x", (16,), "u1", external=[("/etc/passwd", 0, 16)])
    return path


def piped(path: Path) -> Path:
    """A zip archive in place of a network."""
    np.savez_compressed(path.with_suffix(".npz"), x=np.zeros(1 << 20))
    path.with_suffix(".npz").rename(path)
    return path


HOSTILE = {
    texts_that_share: "must claim at most 268435456 bytes in all",
    texts_in_chunks: "must hold at most 16384 texts in one piece, not 8192",
    a_long_text: "must claim at most 268435456 bytes in all, not 42949",
    squeezed: "must claim at most 268435456 bytes in all, not 536",
    thin_product: f"layer must have at most {MAXIMUM_SYNAPSES} synapses, not 65536 x 65536",
    identity: f"layer must have at most {MAXIMUM_SYNAPSES} synapses, not 65536 x 65536",
    pointed: "must be stored in the file",
    piped: "file must be a whole HDF5 file",
}


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_a_hostile_file_is_one_line_and_costs_nothing(make, tmp_path, capsys) -> None:
    path = make(tmp_path / "network.nir")
    memory, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    answers = []
    for command in COMMANDS:
        words = {"{nir}": str(path), "{out}": str(tmp_path / "out.nir")}
        assert run([words.get(word, word) for word in command]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        answers += said.err.splitlines()
    assert len(answers) == len(COMMANDS)
    assert HOSTILE[make] in answers[-1]
    assert time.process_time() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 300_000  # kB
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_name_is_not_a_path(tmp_path, monkeypatch, capsys) -> None:
    """A network's name is shown; it is never opened, executed or sent to a terminal."""
    monkeypatch.chdir(tmp_path)
    network = small_network()
    object.__setattr__(network, "name", "../../x; touch mark $(touch mark)")
    save_network(tmp_path / "network.nir", network)
    assert run(["classify", "network.nir", "--test"]) == 2
    with h5py.File(tmp_path / "network.nir", "a") as file:
        del file["node/metadata/spikeout/name"]
        file["node/metadata/spikeout/name"] = "\x1b[2J"
    assert run(["classify", "network.nir", "--test"]) == 2
    assert "\x1b" not in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["network.nir"]


# --- files at random ------------------------------------------------------------------------------

TYPES = [
    "LIF",
    "IF",
    "LI",
    "CubaLIF",
    "Linear",
    "Affine",
    "Threshold",
    "Flatten",
    "Input",
    "Output",
]
TYPES += ["Conv2d", "NIRGraph", "Delay", "Scale", "SumPool2d", "os.system", ""]
NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 7, 8, 9, 1 << 15, 1 << 31, 1 << 62]),
    st.floats(width=32),
    st.booleans(),
)


@st.composite
def tensors(draw: st.DrawFn) -> Any:
    """What a dataset may hold: a number, text, or a small array of some kind and shape."""
    kind = draw(st.sampled_from(["number", "text", "array", "array"]))
    if kind == "number":
        return draw(NUMBERS)
    if kind == "text":
        return draw(st.one_of(st.sampled_from(TYPES), st.text(max_size=6).map(_without_null)))
    shape = draw(st.lists(st.sampled_from([0, 1, 2, 3, 5]), max_size=3))
    number = draw(st.sampled_from(["i1", "u1", "i8", "u8", "f2", "f4", "f8", "?", "c8", "S3"]))
    with np.errstate(all="ignore"):
        return np.full(shape, draw(NUMBERS)).astype(number)


def _without_null(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _paths(file: h5py.File) -> list[str]:
    found: list[str] = []
    file.visit(found.append)
    return sorted(found)


def change(file: h5py.File, data: st.DataObject) -> None:
    """Remove, replace, copy or add one entry."""
    paths = _paths(file)
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))
    what = data.draw(st.sampled_from(["remove", "replace", "replace", "copy", "add", "edges"]))
    if what == "copy":
        name = data.draw(st.sampled_from(paths))
        if not path.startswith(name):
            del file[name]
            file.copy(path, name)
    elif what == "add" and isinstance(file[path], h5py.Group):
        name = data.draw(
            st.sampled_from(["type", "weight", "metadata", "input_type", "type_check"])
        )
        if name not in file[path]:
            file[path][name] = data.draw(tensors())
    elif what == "edges" and "node/edges" in file:
        del file["node/edges"]
        ends = st.sampled_from(["input", "synapses_0", "neurons_0", "output", "none"])
        edges = data.draw(st.lists(st.tuples(ends, ends), max_size=4))
        file["node"].create_dataset("edges", data=np.array(edges, "S"), dtype=h5py.string_dtype())
    elif what in ("remove", "replace"):
        del file[path]
        if what == "replace":
            file[path] = data.draw(tensors())


ORIGINALS = ("network.nir", "float.nir")


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> Path:
    """A quantised network and a float graph."""
    folder = tmp_path_factory.mktemp("originals")
    save_network(folder / "network.nir", small_network())
    weights = np.array([[0.5, -0.25, 1], [0.1, 2, -1]], np.float32)
    graph(nir.Affine(weights, np.zeros(2)), neurons(2), path=folder / "float.nir")
    return folder


LONGEST_S = 2.0


def accepted(read, path: Path) -> bool:
    """Whether the file was read; any error but ValueError fails the test."""
    began = time.process_time()
    try:
        read(path)
    except ValueError as error:
        reason = str(error)
    else:
        reason = ""
    assert time.process_time() - began < LONGEST_S
    return not reason


@FAST
@given(data=st.data())
def test_changed_entries(data: st.DataObject, originals, tmp_path, tally) -> None:
    path = tmp_path / "network.nir"
    path.write_bytes((originals / data.draw(st.sampled_from(ORIGINALS))).read_bytes())
    with h5py.File(path, "a") as file:
        for _ in range(data.draw(st.integers(1, 2))):
            change(file, data)
    tally[
        accepted(load_network, path) or accepted(lambda p: float_layers(read_graph(p)), path)
    ] += 1


@settings(FAST, max_examples=80)
@given(data=st.data())
def test_changed_bytes(data: st.DataObject, originals, tmp_path) -> None:
    whole = bytearray((originals / data.draw(st.sampled_from(ORIGINALS))).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(whole) - 1))
        new = data.draw(st.binary(min_size=1, max_size=8))
        whole[place : place + len(new)] = new
    path = tmp_path / "network.nir"
    path.write_bytes(bytes(whole))
    accepted(load_network, path)
    accepted(lambda p: float_layers(read_graph(p)), path)
