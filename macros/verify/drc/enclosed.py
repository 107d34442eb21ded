"""Cuts that the cell they are drawn in already encloses as the rules ask.

More metal around a cut cannot take its enclosure away: what holds in a small cell alone holds
wherever the cell is placed. A layout checks the enclosure of its other cuts, the open ones, only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

import klayout.db as kdb

from macros.technology.layers import Layer

__all__ = ["OpenCuts"]

SMALL = 30_000
"""Cells no wider and no higher are looked at alone, nm."""
OFTEN = 4
"""How many times a cell must be placed for that to save anything."""


class OpenCuts:
    """The open cuts of a layout. `faults(cell)` gives where the rules of enclosure find something
    in a cell alone; it is asked once for a cell. Cells of `checked` have no open cuts."""

    def __init__(
        self,
        layout: kdb.Layout,
        top: kdb.Cell,
        faults: Callable[[kdb.Cell], kdb.Region],
        checked: Iterable[kdb.Cell] = (),
    ) -> None:
        self._layout, self._top, self._faults = layout, top, faults
        self._checked = {cell.cell_index() for cell in checked}
        self._known: dict[int, kdb.Region] = {}

    def on(self, layer: Layer) -> kdb.Region:
        """Those of a layer, merged: of the small cells those at a fault, elsewhere all."""
        index = self._layout.layer(*layer)
        others = self._top.begin_shapes_rec(index)
        others.unselect_cells([*self.places, *self._checked])
        found = kdb.Region()
        found.insert(others)
        for number, places in self.places.items():
            cuts = kdb.Region(self._layout.cell(number).begin_shapes_rec(index))
            if not cuts.is_empty() and len(places) >= OFTEN:
                cuts = cuts.interacting(self._faults_in(number))
            if not cuts.is_empty():
                for place in places:
                    found.insert(cuts.transformed(place))
        return found.merged()

    def _faults_in(self, number: int) -> kdb.Region:
        if number not in self._known:
            self._known[number] = self._faults(self._layout.cell(number))
        return self._known[number]

    @cached_property
    def places(self) -> dict[int, list[kdb.Trans]]:
        """Small cell -> its places, but those within another small cell."""
        found: dict[int, list[kdb.Trans]] = {}
        cells = [self._top, *map(self._layout.cell, self._top.called_cells())]
        if not any(instance.is_complex() for cell in cells for instance in cell.each_inst()):
            for number, place in self._below(self._top, kdb.Trans()):
                found.setdefault(number, []).append(place)
        return found

    def _below(self, cell: kdb.Cell, at: kdb.Trans) -> Iterator[tuple[int, kdb.Trans]]:
        for instance in cell.each_inst():
            child = instance.cell
            if child.cell_index() in self._checked:
                continue
            box = child.bbox()
            small = max(box.width(), box.height()) <= SMALL
            for place in instance.cell_inst.each_trans():
                if small:
                    yield child.cell_index(), at * place
                else:
                    yield from self._below(child, at * place)
