"""Every cell of the technology: drawn, checked against the rules, compared with its schematic."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from macros.store import atomic_write
from macros.technology.cells import CELLS
from macros.technology.drawing import write_gds
from macros.technology.schematics import SCHEMATICS
from macros.verify.drc import Marker, check_layout
from macros.verify.extract import read_layout
from macros.verify.lvs import compare

__all__ = ["CellReport", "check_cells"]

SUPPLIES = ("vdd", "gnd")


@dataclass(frozen=True)
class CellReport:
    """What the checks found in one cell; sizes in nm."""

    name: str
    width_nm: int
    height_nm: int
    devices: int
    markers: tuple[Marker, ...]
    differences: tuple[str, ...]


def check_cells(output: Path | None = None) -> Iterator[CellReport]:
    """Check one cell after the other; `output`, when given, receives a GDS file of each."""
    for name, draw in CELLS.items():
        drawing = draw()
        with tempfile.TemporaryDirectory(prefix="spikeout-cell-") as folder:
            gds, netlist = Path(folder) / f"{name}.gds", Path(folder) / f"{name}.sp"
            write_gds([drawing], gds)
            netlist.write_text(SCHEMATICS[name])
            layout, cell = read_layout(gds, name)
            # a dummy has no transistor on its word and bit lines: they are wires passing by
            pins = SUPPLIES if name == "dummy_cell_1rw" else None
            result = compare(layout, cell, netlist, pins=pins, join=SUPPLIES)
            markers = tuple(check_layout(layout, cell))
            if output is not None:
                atomic_write(output / gds.name, gds.read_bytes())
        yield CellReport(
            name, drawing.width, drawing.height, result.devices, markers, result.differences
        )
