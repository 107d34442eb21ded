"""Capacitance between the nets of a cell, from its pixels and the PDK's typical coefficients.

Plates: each conductor over the next one below it, or over diffusion or the well. Edges: each edge
to the first neighbour it sees on its layer, and sideways down to what lies just outside it. The
channel, and poly edges over diffusion, belong to the transistor model.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from flow.pdk.characterize.raster import PIXEL_NM, gaps
from macros.technology.parasitics import WIRE

if TYPE_CHECKING:
    from flow.pdk.characterize.extract import Geometry

__all__ = ["capacitances"]

PIXEL_UM = PIXEL_NM / 1000
_STACK = ("diff", "poly", "li1", "met1")
_OUTSIDE = 10
"""Pixels from an edge to where its fringe lands (50 nm)."""


def capacitances(drawn: Geometry) -> dict[tuple[str, str], float]:
    """(net, net), in alphabetical order -> fF."""
    nets = {layer: drawn.net_image(layer)[0] for layer in _STACK}
    names = drawn.net_image("diff")[1] + ["VPB", "VNB"]
    field = np.where(drawn.wells, len(names) - 2, len(names) - 1)
    total = np.zeros((len(names), len(names)))
    for level, layer in enumerate(_STACK[1:], 1):
        below = _below(nets, _STACK[:level], field)
        _plates(total, layer, nets[layer], below, drawn.channel)
        for turned in (False, True):
            _edges(total, layer, drawn.image[layer], nets, below, drawn.channel, turned)
    found: dict[tuple[str, str], float] = defaultdict(float)
    for one, other in zip(*np.nonzero(total), strict=True):
        if names[one] != names[other]:
            low, high = sorted((names[one], names[other]))
            found[low, high] += float(total[one, other])
    return dict(sorted(found.items()))


def _below(nets: dict[str, np.ndarray], stack: tuple[str, ...], field: np.ndarray):
    """What a conductor above `stack` sees below: [(kind, net number)] arrays, topmost first."""
    kind = np.full(field.shape, "field", dtype="<U5")
    net = field.copy()
    for layer in stack:
        drawn = nets[layer] > 0
        kind[drawn] = layer
        net[drawn] = nets[layer][drawn]
    return kind, net


def _plates(total, layer: str, nets: np.ndarray, below, channel: np.ndarray) -> None:
    kind, ground = below
    over = nets > 0
    if layer == "poly":
        over &= ~channel
    for name in np.unique(kind[over]):
        wire = WIRE.get((layer, str(name)))
        if wire is None:
            continue
        chosen = over & (kind == name)
        np.add.at(total, (nets[chosen], ground[chosen]), wire.area * PIXEL_UM**2)


def _edges(total, layer: str, image, nets, below, channel, turned: bool) -> None:
    """Edges along columns (or, turned, along rows)."""
    kind, ground = below
    own = nets[layer]
    diffusion = nets["diff"] > 0
    if turned:
        image, kind, ground, own, diffusion = (
            array.T for array in (image, kind, ground, own, diffusion)
        )
    row, column, step, seen = gaps(np.ascontiguousarray(image))
    if layer == "poly":
        free = ~diffusion[row, column + step]
        row, column, step, seen = (array[free] for array in (row, column, step, seen))
    distance = np.where(seen < 0, np.inf, (np.abs(seen - column) - 1) * PIXEL_UM)
    landing = column + step * np.minimum(
        _OUTSIDE, np.where(seen < 0, _OUTSIDE, (np.abs(seen - column) + 1) // 2)
    )
    landing = np.clip(landing, 0, image.shape[1] - 1)
    here = own[row, column]
    kinds = kind[row, landing]
    grounds = ground[row, landing]
    for name in np.unique(kinds):
        wire = WIRE.get((layer, str(name))) or WIRE[layer, "field"]
        chosen = kinds == name
        table = {value: wire.edge(float(value)) for value in np.unique(distance[chosen])}
        couple = np.array([table[value][0] for value in distance[chosen]])
        fringe = np.array([table[value][1] for value in distance[chosen]])
        np.add.at(total, (here[chosen], grounds[chosen]), fringe * PIXEL_UM)
        facing = chosen & (seen >= 0)
        other = own[row[facing], seen[facing]]
        # Both edges of a gap are visited, each with half of their coupling.
        np.add.at(total, (here[facing], other), couple[seen[chosen] >= 0] * PIXEL_UM / 2)
