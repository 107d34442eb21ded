"""A maze for the last wires of a macro: met3 and met4 as two rasters, a cheapest path between them.

A cell of the raster holds the net that alone may use it, FREE or SHARED (two nets are too close for
any wire). Shapes are entered grown by half a wire and a spacing, so that a path of cells is a legal
wire. One step costs 1, a via VIA_COST; a search visits each cell of both layers at most once.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from macros.technology.rules import rule

__all__ = ["CELL", "FREE", "LAYERS", "PAD", "SHARED", "WIRE", "Maze", "Path"]

CELL = 100
"""Side of a cell in nm."""
WIRE, PAD = 330, 380
"""Width of wires, and of the pads of vias on both layers, in nm."""
LAYERS = 2
"""0 is met3, 1 is met4."""
FREE, SHARED = 0, -1
VIA_COST = 12
GROWTH = PAD // 2 + max(rule("m3_2"), rule("m4_2")) - 1

Cells = npt.NDArray[np.int32]
Path = list[tuple[int, int, int]]
"""Cells (layer, row, column) from end to end."""


@dataclass
class Maze:
    """Rasters [2, rows, columns] of an area that starts at (0, 0)."""

    owner: Cells

    @classmethod
    def of_size(cls, width: int, height: int) -> Maze:
        """An empty maze of width x height nm."""
        return cls(np.zeros((LAYERS, -(-height // CELL) + 1, -(-width // CELL) + 1), np.int32))

    def block(self, layer: int, box: tuple[int, int, int, int], net: int) -> None:
        """Enter a shape (x0, y0, x1, y1) of a net."""
        view = self._cells(layer, box, GROWTH)
        view[(view != net) & (view != FREE)] = SHARED
        view[view == FREE] = net

    def inside(
        self, layer: int, box: tuple[int, int, int, int], margin_x: int, margin_y: int
    ) -> list[int]:
        """Cells whose centre lies in a box by at least the margins, as indices into `owner`."""
        x0, y0, x1, y1 = box
        columns = range(-(-(x0 + margin_x) // CELL), (x1 - margin_x) // CELL + 1)
        rows = range(-(-(y0 + margin_y) // CELL), (y1 - margin_y) // CELL + 1)
        _, height, width = self.owner.shape
        return [
            (layer * height + row) * width + column
            for row in rows
            for column in columns
            if 0 <= row < height and 0 <= column < width
        ]

    def path(self, net: int, sources: Iterable[int], targets: Iterable[int]) -> Path | None:
        """The cheapest path of a net from any source to any target, None when there is none."""
        starts, ends = np.array(list(sources), np.int64), np.array(list(targets), np.int64)
        if not len(starts) or not len(ends):
            return None
        flat = _search(self.owner.ravel(), self.owner.shape, net, starts, ends)
        _, height, width = self.owner.shape
        cells = [divmod(int(index), height * width) for index in flat]
        return [(layer, *divmod(rest, width)) for layer, rest in cells] or None

    def _cells(self, layer: int, box: tuple[int, int, int, int], growth: int) -> Cells:
        x0, y0, x1, y1 = box
        rows = slice(max(0, -(-(y0 - growth) // CELL)), max(0, (y1 + growth) // CELL + 1))
        columns = slice(max(0, -(-(x0 - growth) // CELL)), max(0, (x1 + growth) // CELL + 1))
        return self.owner[layer, rows, columns]


@numba.njit(cache=True)
def _search(owner, shape, net, starts, ends):
    """Dijkstra's search; returns the indices of the path's cells, none when it fails."""
    height, width = shape[1], shape[2]
    plane = height * width
    before = np.full(owner.size, -1, np.int64)
    cost = np.full(owner.size, 1 << 30, np.int32)
    is_end = np.zeros(owner.size, np.bool_)
    is_end[ends] = True
    queue = [(0, starts[0])]
    for start in starts:
        if owner[start] == net or owner[start] == 0:
            cost[start] = 0
            before[start] = start
            heapq.heappush(queue, (0, start))
    while len(queue):
        spent, at = heapq.heappop(queue)
        if spent > cost[at] or before[at] < 0:
            continue
        if is_end[at]:
            path = [at]
            while before[at] != at:
                at = before[at]
                path.append(at)
            return np.array(path, np.int64)[::-1].copy()
        column = at % width
        row = (at % plane) // width
        for move in range(5):
            to, price = at, 1
            if move == 0 and column + 1 < width:
                to = at + 1
            elif move == 1 and column > 0:
                to = at - 1
            elif move == 2 and row + 1 < height:
                to = at + width
            elif move == 3 and row > 0:
                to = at - width
            elif move == 4:
                to, price = (at + plane if at < plane else at - plane), VIA_COST
            if to == at or (owner[to] != net and owner[to] != 0):
                continue
            if spent + price < cost[to]:
                cost[to] = spent + price
                before[to] = at
                heapq.heappush(queue, (spent + price, to))
    return np.zeros(0, np.int64)
