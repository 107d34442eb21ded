"""Resistance between the pins of a routed net from its shapes: sheets of finite volumes.

All layers share one grid with lines at every edge of the net and close to it, so that current may
spread around corners, pads and cuts; a cut conducts evenly over its area. Pins stand at one
potential: below the contact for li1, else where the pin and the wiring overlap.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from flow.pnr.design import Design
from flow.pnr.geometry import Rect
from flow.pnr.parasitics import driver_of
from flow.pnr.route.shapes import metal_rectangles
from flow.pnr.rules import CUTS, LAYERS, VIAS
from flow.pnr.wiring import pin_shapes
from macros.technology.parasitics import CONTACT_OHM, SHEET_OHM
from verification.field.laplace import lines

__all__ = ["between_pins"]

AROUND = (0.03, 0.08, 0.2)
"""Further lines to both sides of every edge, um."""
JOINED = 1e4
"""Siemens from a pin to the metal that it is."""


class _Sheets:
    """Cells of metal [5, columns, rows], their numbers, and links in siemens."""

    def __init__(self, rects: list[tuple[int, Rect]]) -> None:
        self.axes = []
        for k in (0, 1):
            edges = np.array([value / 1e3 for _, rect in rects for value in (rect[k], rect[k + 2])])
            more = np.concatenate([edges, *(edges + s * d for d in AROUND for s in (-1, 1))])
            low, high = float(edges.min()), float(edges.max())
            exact = np.unique(edges)
            close = np.abs(more[:, None] - exact[None, :]).min(axis=1) < 0.012
            more = np.concatenate([exact, more[~close]])
            self.axes.append(lines(np.sort(more), low, high, 1e9, 0.004))
        self.metal = np.zeros((len(LAYERS), *(len(axis) - 1 for axis in self.axes)), bool)
        for layer, rect in rects:
            self.metal[layer][self.window(rect)] = True
        self.number = np.cumsum(self.metal).reshape(self.metal.shape) - 1
        self.count = int(self.metal.sum())
        self.links: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for layer, name in enumerate(LAYERS):
            self._sheet(layer, 1 / SHEET_OHM[name])

    def window(self, rect: Rect) -> tuple[slice, slice]:
        """Cells whose middle lies in a rectangle."""
        found = []
        for k, axis in enumerate(self.axes):
            middle = (axis[1:] + axis[:-1]) / 2
            found.append(slice(*np.searchsorted(middle, (rect[k] / 1e3, rect[k + 2] / 1e3))))
        return found[0], found[1]

    def _sheet(self, layer: int, siemens: float) -> None:
        steps = [np.diff(axis) for axis in self.axes]
        for axis in (0, 1):
            a = self.metal[layer].take(range(self.metal.shape[axis + 1] - 1), axis)
            b = self.metal[layer].take(range(1, self.metal.shape[axis + 1]), axis)
            both = np.argwhere(a & b)
            if not len(both):
                continue
            i, j = both.T
            along, across = (i, j) if axis == 0 else (j, i)
            length = (steps[axis][along] + steps[axis][along + 1]) / 2
            ahead = self.number[layer][i + (axis == 0), j + (axis == 1)]
            here = self.number[layer][i, j]
            self.links.append((here, ahead, siemens * steps[1 - axis][across] / length))

    def area(self, where: tuple[slice, slice]) -> np.ndarray:
        return np.outer(np.diff(self.axes[0])[where[0]], np.diff(self.axes[1])[where[1]])

    def terminal(self) -> int:
        self.count += 1
        return self.count - 1

    def join(self, node: int, layer: int, rect: Rect, siemens: float) -> bool:
        """Conduct from a node to all metal in a rectangle; False when there is none."""
        where = self.window(rect)
        inside = self.metal[layer][where]
        area = self.area(where)[inside]
        if not len(area):
            return False
        cells = self.number[layer][where][inside]
        self.links.append((np.full(len(cells), node), cells, siemens * area / area.sum()))
        return True

    def cut(self, layer: int, rect: Rect, siemens: float) -> None:
        """Conduct from a layer to the one below all over a cut."""
        where = self.window(rect)
        both = self.metal[layer][where] & self.metal[layer - 1][where]
        area = self.area(where)[both]
        below, above = (self.number[k][where][both] for k in (layer - 1, layer))
        self.links.append((below, above, siemens * area / area.sum()))


def between_pins(design: Design, net: int) -> dict[int, float]:
    """Ohm from the driver of a net to each of the other pins, by position among its pins.

    Raises RuntimeError when a pin touches no metal of the net or is not connected to the driver.
    """
    metal = metal_rectangles(design.routes)
    rows = metal[metal[:, 0] == net, 1:].tolist()
    sheets = _Sheets([(row[0], (row[1], row[2], row[3], row[4])) for row in rows])
    vias = design.routes.vias
    contacts = []
    for kind, x, y in vias[vias[:, 0] == net, 1:].tolist():
        half = VIAS[kind].cut // 2
        rect = (x - half, y - half, x + half, y + half)
        if kind:
            sheets.cut(kind, rect, 1 / CONTACT_OHM[CUTS[kind]])
        else:
            contacts.append((x, y, rect))
    terminals = []
    for instance, index in design.net_pins(net):
        node = sheets.terminal()
        terminals.append(node)
        joined = False
        for name, shape in pin_shapes(design, instance, index):
            if name != "li1":
                joined |= sheets.join(node, LAYERS.index(name), shape, JOINED)
                continue
            for x, y, rect in contacts:
                if shape[0] <= x <= shape[2] and shape[1] <= y <= shape[3]:
                    joined |= sheets.join(node, 0, rect, 1 / CONTACT_OHM[CUTS[0]])
        if not joined:
            raise RuntimeError(f"a pin of {design.net_names[net]} touches none of its metal")
    return _solved(sheets, terminals, driver_of(design, net)[1])


def _solved(sheets: _Sheets, terminals: list[int], driver: int) -> dict[int, float]:
    a, b, siemens = (np.concatenate([link[k] for link in sheets.links]) for k in range(3))
    shape = (sheets.count, sheets.count)
    half = coo_matrix((siemens, (a, b)), shape)
    _, piece = connected_components(half, directed=False)
    if len(set(piece[terminals])) > 1:
        raise RuntimeError("the pins of a net are not connected")
    kept = np.flatnonzero(piece == piece[terminals[driver]])
    kept = kept[kept != terminals[driver]]
    links = (half + half.T).tocsr()
    diagonal = coo_matrix((np.asarray(links.sum(axis=1)).ravel(), (range(shape[0]),) * 2), shape)
    matrix = (diagonal.tocsr() - links)[kept][:, kept].tocsc()
    factors = splu(matrix)
    found = {}
    for position, terminal in enumerate(terminals):
        if position == driver:
            continue
        current = np.zeros(len(kept))
        at = int(np.searchsorted(kept, terminal))
        current[at] = 1.0
        found[position] = float(factors.solve(current)[at])
    return found
