"""Open a layout for judgement: whole, of this process, with the cell that is asked for."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb

from flow.signoff.verdict import NoVerdict
from macros.technology import layers
from macros.technology.layers import Layer

__all__ = ["read_gds"]

DBU_UM = 0.001
KNOWN = frozenset(layers.BY_NAME.values())


def read_gds(path: Path, top: str | None = None) -> tuple[kdb.Layout, kdb.Cell]:
    """Layout of a GDS file and its cell `top` (its only top cell when None).

    Raises `NoVerdict` when the file is missing, damaged or cut off, of another process, or has no
    such cell.
    """
    layout = kdb.Layout()
    try:
        layout.read(str(path))
    except RuntimeError as error:
        reason = " ".join(str(error).split()).split(" in Layout.read")[0]
        raise NoVerdict(f"{path.name} is no whole GDS file: {reason}") from None
    if not _is_ours(layout):
        raise NoVerdict(f"{path.name} is no layout of sky130A: its layers are of another process")
    if top is not None:
        cell = layout.cell(top)
        if cell is None:
            raise NoVerdict(f"{path.name} has no cell {top}")
        return layout, cell
    tops = [cell.name for cell in layout.top_cells()]
    if len(tops) != 1:
        raise NoVerdict(f"{path.name} has {len(tops)} top cells, name one of them: {tops[:3]}")
    return layout, layout.top_cell()


def _is_ours(layout: kdb.Layout) -> bool:
    """The grid is ours, and most layers that hold shapes are."""
    used = [
        Layer(info.layer, info.datatype)
        for index, info in zip(layout.layer_indexes(), layout.layer_infos(), strict=True)
        if any(not cell.shapes(index).is_empty() for cell in layout.each_cell())
    ]
    return layout.dbu == DBU_UM and 2 * sum(layer in KNOWN for layer in used) > len(used)
