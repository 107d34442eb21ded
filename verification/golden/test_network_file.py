from pathlib import Path

import nir
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from golden import Encoding, Network, Readout, load_network, save_network
from verification.golden.plain import small_network
from verification.golden.strategies import networks


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(networks())
def test_what_was_saved_is_loaded(tmp_path: Path, network: Network) -> None:
    save_network(tmp_path / "network.nir", network)
    assert load_network(tmp_path / "network.nir") == network


def test_encoding_readout_and_name_are_kept(tmp_path: Path) -> None:
    network = Network(
        small_network().layers, 4, "Größe 1", Encoding("rate", 16.0, 7, 2), Readout("count", 2)
    )
    save_network(tmp_path / "network.nir", network)
    assert load_network(str(tmp_path / "network.nir")) == network


def test_bytes_depend_on_the_network_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_network(tmp_path / f"{name}.nir", small_network())
    assert (tmp_path / "a.nir").read_bytes() == (tmp_path / "b.nir").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nir", "b.nir"]


def test_other_readers_see_linear_and_lif(tmp_path: Path) -> None:
    """The float view steps like ours: u (1 - dt/tau) + r dt/tau i = 7/8 u + i."""
    save_network(tmp_path / "network.nir", small_network())
    graph = nir.read(tmp_path / "network.nir")
    assert {name: type(node).__name__ for name, node in graph.nodes.items()} == {
        "input": "Input",
        "synapses_0": "Linear",
        "neurons_0": "LIF",
        "output": "Output",
    }
    assert np.array_equal(graph.nodes["synapses_0"].weight.T, small_network().layers[0].weights)
    neurons = graph.nodes["neurons_0"]
    np.testing.assert_allclose(1 - 1e-4 / neurons.tau, 7 / 8)
    np.testing.assert_allclose(neurons.r * 1e-4 / neurons.tau, 1)
    assert neurons.v_threshold.tolist() == [1, 1]


def test_neurons_that_keep_all_are_if(tmp_path: Path) -> None:
    save_network(tmp_path / "network.nir", small_network(beta=8))
    assert isinstance(nir.read(tmp_path / "network.nir").nodes["neurons_0"], nir.IF)


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "network.nir"
    save_network(path, small_network())
    before = path.read_bytes()

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("golden.atomic.os.replace", broken)
    with pytest.raises(OSError, match="disk full"):
        save_network(path, small_network(beta=5))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["network.nir"]
