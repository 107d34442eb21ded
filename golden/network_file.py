"""Networks on disk: a NIR graph whose metadata carries our integers.

Other NIR readers see Linear and LIF (or IF) nodes with the float equivalent; we read back exactly
what was saved. The bytes depend on the network alone.
"""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from .atomic import write_atomically
from .network import Encoding, Layer, Network, Potential, Readout
from .nir_graph import chain, read_graph

__all__ = ["load_network", "network_of_graph", "save_network"]

KEY = "spikeout"
FORMAT = 1
TIME_STEP_S = 1e-4
"""Duration of a step in the float view, as snnTorch assumes."""


def save_network(path: str | Path, network: Network) -> None:
    """Write ``network`` to ``path`` as NIR (HDF5), whole or not at all."""
    nodes: dict[str, Any] = {"input": nir.Input(np.array([network.n_in]))}
    for index, layer in enumerate(network.layers):
        nodes[f"synapses_{index}"] = nir.Linear(layer.weights.T.astype(np.float32))
        nodes[f"neurons_{index}"] = _neurons(layer)
    nodes["output"] = nir.Output(np.array([network.n_out]))
    names = list(nodes)
    graph = nir.NIRGraph(
        nodes=nodes,
        edges=list(itertools.pairwise(names)),
        metadata={KEY: _describe_network(network)},
    )
    buffer = io.BytesIO()
    nir.write(buffer, graph)
    write_atomically(Path(path), buffer.getvalue())


def load_network(path: str | Path) -> Network:
    """The network in the NIR file at ``path``.

    Raises
    ------
    ValueError: the file is damaged, is a float NIR graph, or holds a value that breaks a rule
    OSError: there is no such file, or it may not be read
    """
    path = Path(path)
    graph = read_graph(path)
    if KEY not in graph.metadata:
        raise ValueError(
            f"{path.name} must hold a quantised network (metadata {KEY!r}); it is a float NIR"
            " graph: convert it with `spikeout import`"
        )
    return network_of_graph(graph)


def network_of_graph(graph: nir.NIRGraph) -> Network:
    """The network that ``save_network`` put into ``graph``."""
    about = _table(graph.metadata, KEY)
    if (version := _integer(about, "format")) != FORMAT:
        raise ValueError(f"metadata format must be {FORMAT}, not {version!r}")
    inner = chain(graph)[1:-1]
    if not inner or len(inner) % 2:
        raise ValueError(f"graph must be pairs of synapses and neurons, not {len(inner)} nodes")
    layers = []
    for synapses, neurons in zip(inner[::2], inner[1::2], strict=True):
        try:
            layers.append(_layer(synapses[1], neurons[1]))
        except ValueError as error:
            raise ValueError(f"node {neurons[0]!r}: {error}") from None
    return Network(
        layers=tuple(layers),
        steps=_integer(about, "steps"),
        name=_text(about, "name"),
        encoding=_encoding(about),
        readout=_readout(about),
    )


def _neurons(layer: Layer) -> nir.NIRNode:
    """The float view: thresholds, and the leak as a time constant."""
    metadata = {KEY: _describe_layer(layer)}
    kept = layer.beta.astype(np.float64) / 8
    threshold = np.full(layer.n_out, float(layer.theta_high))
    zeros = np.zeros(layer.n_out)
    if (layer.beta == 8).all():
        return nir.IF(r=np.ones(layer.n_out), v_threshold=threshold, metadata=metadata)
    # "Keep all" is an infinite time constant, on which readers choke: 2**20 steps stand for it.
    tau = TIME_STEP_S / np.maximum(1 - kept, 2.0**-20)
    return nir.LIF(
        tau=tau,
        r=tau / TIME_STEP_S,
        v_leak=zeros,
        v_threshold=threshold,
        v_reset=zeros,
        metadata=metadata,
    )


def _describe_layer(layer: Layer) -> dict[str, Any]:
    return {
        "weight_format": layer.weight_format,
        "beta": layer.beta,
        "theta_high": layer.theta_high,
        "theta_low": layer.theta_low,
        "hysteresis": layer.hysteresis,
        "reset": layer.reset,
        "refractory": layer.refractory,
        "potential_bits": layer.potential.bits,
        "potential_signed": int(layer.potential.signed),
    }


def _describe_network(network: Network) -> dict[str, Any]:
    about: dict[str, Any] = {"format": FORMAT, "name": network.name, "steps": network.steps}
    if network.encoding is not None:
        about["encoding"] = {
            "kind": network.encoding.kind,
            "full_scale": network.encoding.full_scale,
            "seed": network.encoding.seed,
            "constant_inputs": network.encoding.constant_inputs,
        }
    if network.readout is not None:
        about["readout"] = {"kind": network.readout.kind, "classes": network.readout.classes}
    return about


def _layer(synapses: nir.NIRNode, neurons: nir.NIRNode) -> Layer:
    if not isinstance(synapses, nir.Linear):
        raise ValueError(f"synapses must be a Linear node, not {type(synapses).__name__}")
    about = _table(neurons.metadata, KEY)
    weights: NDArray[Any] = np.asarray(synapses.weight)
    return Layer(
        weights=weights.T,
        weight_format=_text(about, "weight_format"),
        beta=about.get("beta", "missing"),
        theta_high=_integer(about, "theta_high"),
        theta_low=_integer(about, "theta_low"),
        hysteresis=_text(about, "hysteresis"),
        reset=_text(about, "reset"),
        potential=Potential(
            _integer(about, "potential_bits"), bool(_integer(about, "potential_signed"))
        ),
        refractory=_text(about, "refractory"),
    )


def _encoding(about: dict[str, Any]) -> Encoding | None:
    if "encoding" not in about:
        return None
    table = _table(about, "encoding")
    return Encoding(
        _text(table, "kind"),
        _real(table, "full_scale"),
        _integer(table, "seed"),
        _integer(table, "constant_inputs"),
    )


def _readout(about: dict[str, Any]) -> Readout | None:
    if "readout" not in about:
        return None
    table = _table(about, "readout")
    return Readout(_text(table, "kind"), _integer(table, "classes"))


def _table(about: dict[str, Any], key: str) -> dict[str, Any]:
    value = about.get(key)
    if not isinstance(value, dict):
        raise ValueError(f"metadata {key} must be a group, not {value!r}")
    return value


def _integer(about: dict[str, Any], key: str) -> int:
    value = about.get(key)
    if not isinstance(value, (int, np.integer)):
        raise ValueError(f"metadata {key} must be an integer, not {value!r}")
    return int(value)


def _real(about: dict[str, Any], key: str) -> float:
    value = about.get(key)
    if not isinstance(value, (int, float, np.number)):
        raise ValueError(f"metadata {key} must be a number, not {value!r}")
    return float(value)


def _text(about: dict[str, Any], key: str) -> str:
    value = about.get(key)
    if not isinstance(value, str):
        raise ValueError(f"metadata {key} must be text, not {value!r}")
    return value
