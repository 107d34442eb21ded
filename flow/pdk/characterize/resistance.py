"""Resistance inside the nets of a cell, lumped at the terminals of its transistors.

Each net's poly, li1 and met1 become a mesh of sheet resistance joined by contacts. Current enters
at one device (spread over its channel, or over its contacts) and leaves at the net's hub: its first
label, or the poly contacts (else all contacts) of an internal net. The lumped value is the one that
dissipates the same power.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import splu

from macros.technology.parasitics import CONTACT_OHM, SHEET_OHM

if TYPE_CHECKING:
    from flow.pdk.characterize.extract import Gate, Geometry

__all__ = ["Resistances"]

_STEP = 4
"""Mesh size in pixels (20 nm)."""
_TIED_OHM = 1e-3
_SUPPLIES = ("VPWR", "VGND")
RAIL_OHM = 10.0
"""Ohm per square of the supply rails, which enter at their label. Fitted: drawn as met1 they have
0.125, but the released library slows its large cells as if they were a little better than li1."""


class Resistances:
    """Solved meshes of one cell, one per net, made when asked for."""

    def __init__(self, drawn: Geometry) -> None:
        self._drawn = drawn
        self._meshes: dict[str, _Mesh] = {}
        self._contacts: dict[int, list] = defaultdict(list)
        for cut, window, lower, _ in drawn.cuts:
            if cut == "licon" and lower == "diff":
                number = int(drawn.image["diff"][window[0].start, window[1].start])
                self._contacts[number].append(window)

    def diffusion(self, polygons: list[int], p_type: bool) -> float:
        """Ohm between the net and the diffusion polygons (one per finger) of a device; 0 for
        diffusion without contacts."""
        if not all(self._contacts[polygon] for polygon in polygons):
            return 0.0
        net = self._drawn.net["diff", polygons[0]]
        cut = CONTACT_OHM["pdiff" if p_type else "ndiff"]
        mesh = self._mesh(net)
        current = np.zeros(mesh.size)
        own = 0.0
        parts: dict[int, float] = defaultdict(float)
        for polygon in polygons:
            parts[polygon] += 1 / len(polygons)
        for polygon, part in parts.items():
            windows = self._contacts[polygon]
            own += part**2 * cut / len(windows)
            for window in windows:
                places = mesh.places("li1", window)
                current[places] += part / len(windows) / len(places)
        return own + mesh.dissipated(current)

    def gate(self, gates: list[Gate]) -> float:
        """Ohm between the net and the channels of a device."""
        mesh = self._mesh(gates[0].net)
        current = np.zeros(mesh.size)
        for gate in gates:
            places = mesh.pixels("poly", *gate.pixels)
            np.add.at(current, places, 1 / len(gates) / len(places))
        return mesh.dissipated(current)

    def _mesh(self, net: str) -> _Mesh:
        if net not in self._meshes:
            self._meshes[net] = _Mesh(self._drawn, net)
        return self._meshes[net]


class _Mesh:
    """The conductors of one net as a grid of resistors with its hub at 0 V."""

    def __init__(self, drawn: Geometry, net: str) -> None:
        self._drawn = drawn
        self._net = net
        self._index: dict[str, np.ndarray] = {}
        self._links: list[tuple[np.ndarray, np.ndarray, float]] = []
        self.size = 1  # node 0 is the hub
        for layer in ("poly", "li1", "met1"):
            self._sheet(layer)
        contacts = self._join()
        hub = self._labelled() if net in drawn.labels else contacts
        self._links.append((hub, np.zeros(len(hub), int), _TIED_OHM))
        self._solve = _factor(self.size, self._links)

    def _sheet(self, layer: str) -> None:
        numbers = [
            n for (name, n), net in self._drawn.net.items() if (name, net) == (layer, self._net)
        ]
        half = _STEP // 2
        mask = np.isin(self._drawn.image[layer][half::_STEP, half::_STEP], numbers)
        index = np.zeros(mask.shape, int)
        index[mask] = np.arange(self.size, self.size + mask.sum())
        self.size += int(mask.sum())
        self._index[layer] = index
        rail = layer == "met1" and self._net in _SUPPLIES
        ohm = RAIL_OHM if rail else SHEET_OHM[layer]
        for one, other in ((index[1:], index[:-1]), (index[:, 1:], index[:, :-1])):
            both = (one > 0) & (other > 0)
            self._links.append((one[both], other[both], ohm))

    def _join(self) -> np.ndarray:
        """Put the contacts between layers into the mesh; return the li1 nodes over poly contacts,
        else over all contacts, else any node: the hub of an internal net."""
        drawn = self._drawn
        over_poly: list[int] = []
        over_diff: list[int] = []
        for cut, window, lower, upper in drawn.cuts:
            polygon = int(drawn.image[upper][window[0].start, window[1].start])
            if drawn.net[upper, polygon] != self._net:
                continue
            head = self.places(upper, window)
            if lower == "diff":
                over_diff.extend(head)
                continue
            if lower == "poly":
                over_poly.extend(head)
            ohm = CONTACT_OHM["mcon" if cut == "mcon" else "poly"]
            low, high = self.size, self.size + 1
            self.size += 2
            foot = self.places(lower, window)
            self._links.append((foot, np.full(len(foot), low), _TIED_OHM))
            self._links.append((head, np.full(len(head), high), _TIED_OHM))
            self._links.append((np.array([low]), np.array([high]), ohm))
        return np.array(sorted(set(over_poly or over_diff or [1])))

    def _labelled(self) -> np.ndarray:
        layer, row, column = self._drawn.labels[self._net][0]
        return self.pixels(layer, np.array([row]), np.array([column]))

    def places(self, layer: str, window: tuple[slice, slice]) -> np.ndarray:
        """Mesh nodes of a layer inside a window of pixels."""
        rows, columns = (
            slice(-(-(side.start - _STEP // 2) // _STEP), -(-(side.stop - _STEP // 2) // _STEP))
            for side in window
        )
        found = self._index[layer][rows, columns].ravel()
        return found[found > 0]

    def pixels(self, layer: str, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Mesh nodes under pixels, repeated as often as pixels fall on them."""
        height, width = self._index[layer].shape
        found = self._index[layer][
            np.minimum(rows // _STEP, height - 1), np.minimum(columns // _STEP, width - 1)
        ]
        return found[found > 0]

    def dissipated(self, current: np.ndarray) -> float:
        """Power in W that 1 A entering as `current` and leaving at the hub dissipates: ohm."""
        return float(current[1:] @ self._solve(current[1:]))


def _factor(count: int, links: list[tuple[np.ndarray, np.ndarray, float]]):
    """Solver of the conductance matrix with node 0 at 0 V. Nodes that nothing ties to the hub hang
    on it by 1 Gohm, so that the matrix is regular."""
    one = np.concatenate([a for a, _, _ in links])
    other = np.concatenate([b for _, b, _ in links])
    value = np.concatenate([np.full(len(a), 1 / ohm) for a, _, ohm in links])
    rows = np.concatenate([one, other, one, other])
    columns = np.concatenate([other, one, one, other])
    values = np.concatenate([-value, -value, value, value])
    matrix = sparse.coo_matrix((values, (rows, columns)), (count, count)).tocsc()
    regular = matrix[1:, 1:] + sparse.identity(count - 1, format="csc") * 1e-9
    return splu(regular.tocsc()).solve
