"""NIR graphs from disk, and their nodes in order of data flow."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import nir

from .hdf5 import inspect

__all__ = ["chain", "read_graph"]


def read_graph(path: Path) -> nir.NIRGraph:
    """The NIR graph in the HDF5 file at ``path``.

    Raises
    ------
    ValueError: the file is no NIR graph, or breaks a rule of ``golden.hdf5``
    OSError: there is no such file, or it may not be read
    """
    inspect(path)
    try:
        # Who walks the graph checks types: exporters leave scalars where NIR wants vectors.
        graph = nir.read(path, type_check=False)
    except Exception as error:  # nir raises whatever a missing key, a bad assert or h5py raises
        reason = f"{type(error).__name__}: {error}".split("\n")[0]
        raise ValueError(f"file must be a NIR graph, not {path.name}: {reason}") from None
    if not isinstance(graph, nir.NIRGraph):
        raise ValueError(f"file must be a NIR graph, not {path.name}: {type(graph).__name__}")
    for name, node in [("graph", graph), *graph.nodes.items()]:
        if not isinstance(node.metadata, dict):
            raise ValueError(f"metadata of {name!r} must be a group, not {node.metadata!r}")
    return graph


def chain(graph: nir.NIRGraph) -> list[tuple[str, Any]]:
    """Names and nodes from the one Input to the one Output, which no other path leaves or joins.

    Raises ValueError naming the node where the graph is no chain.
    """
    for kind in (nir.Input, nir.Output):
        found = [name for name, node in graph.nodes.items() if isinstance(node, kind)]
        if len(found) != 1:
            raise ValueError(f"graph must have one {kind.__name__} node, not {len(found)}: {found}")
    edges = [(str(source), str(target)) for source, target in graph.edges]
    for edge in edges:
        if unknown := [end for end in edge if end not in graph.nodes]:
            raise ValueError(f"edge {edge} must join nodes of the graph, not {unknown[0]!r}")
    for side, word in ((0, "successor"), (1, "predecessor")):
        for name, count in Counter(edge[side] for edge in edges).items():
            if count > 1:
                raise ValueError(
                    f"node {name!r} must have one {word}, not {count} (no branch or cycle)"
                )
    follow = dict(edges)
    name = next(name for name, node in graph.nodes.items() if isinstance(node, nir.Input))
    if name in follow.values():
        raise ValueError(f"Input node {name!r} must have no predecessor: the graph has a cycle")
    order = [name]
    while name in follow:
        name = follow[name]
        order.append(name)
    if left := sorted(set(graph.nodes) - set(order)):
        raise ValueError(
            f"node {left[0]!r} must be on the path from Input to Output: it is"
            " unconnected or on a cycle"
        )
    return [(name, graph.nodes[name]) for name in order]
