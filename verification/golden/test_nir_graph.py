from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

from golden.nir_graph import chain, read_graph


def graph(edges: list[tuple[str, str]], *names: str) -> nir.NIRGraph:
    """Input, Output and Linear nodes of the given names."""
    nodes: dict = {"input": nir.Input(np.array([2])), "output": nir.Output(np.array([2]))}
    nodes |= {name: nir.Linear(np.eye(2)) for name in names}
    return nir.NIRGraph(nodes, edges, type_check=False)


def test_order_is_that_of_the_edges() -> None:
    edges = [("b", "output"), ("input", "a"), ("a", "b")]
    assert [name for name, _ in chain(graph(edges, "b", "a"))] == ["input", "a", "b", "output"]


@pytest.mark.parametrize(
    ("edges", "names", "message"),
    [
        ([("input", "a"), ("a", "b"), ("b", "a"), ("b", "output")], "ab", "must have one"),
        ([("input", "a"), ("a", "a"), ("a", "output")], "a", "'a' must have one successor, not 2"),
        ([("input", "output"), ("a", "b"), ("b", "a")], "ab", "'a' must be on the path"),
        ([("a", "input"), ("input", "a")], "a", "'input' must have no predecessor: .* a cycle"),
        ([("input", "a"), ("input", "b"), ("a", "output")], "ab", "must have one successor, not 2"),
        ([("input", "output"), ("a", "output")], "a", "'output' must have one predecessor, not 2"),
        ([("input", "a")], "a", "'output' must be on the path from Input to Output"),
        ([("input", "x")], "", "must join nodes of the graph, not 'x'"),
        ([], "", "'output' must be on the path"),
    ],
)
def test_what_is_no_chain(edges: list, names: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        chain(graph(edges, *names))


def test_one_input_and_one_output() -> None:
    nodes = {"a": nir.Input(np.array([2])), "b": nir.Input(np.array([2]))}
    with pytest.raises(ValueError, match=r"graph must have one Input node, not 2: \['a', 'b'\]"):
        chain(nir.NIRGraph(nodes, [], type_check=False))


def test_hdf5_that_is_no_nir(tmp_path: Path) -> None:
    path = tmp_path / "x.nir"
    with h5py.File(path, "w") as file:
        file["weights"] = np.zeros(3)
    with pytest.raises(ValueError, match=r"file must be a NIR graph, not x\.nir: KeyError"):
        read_graph(path)
    nir.write(path, nir.Linear(np.eye(2)))
    with pytest.raises(ValueError, match=r"file must be a NIR graph, not x\.nir: TypeError"):
        read_graph(path)


def test_an_unknown_node_type(tmp_path: Path) -> None:
    path = tmp_path / "x.nir"
    nir.write(path, graph([("input", "a"), ("a", "output")], "a"))
    with h5py.File(path, "a") as file:
        del file["node/nodes/a/type"]
        file["node/nodes/a/type"] = "Wormhole"
    with pytest.raises(ValueError, match="file must be a NIR graph, not"):
        read_graph(path)
