"""The foundry's own SRAM cells, `sky130_fd_bd_sram`, which some PDKs have and the packaged one has
not.

The bit cell is a third as large as ours. Under the mark `areaid.core` it breaks the ordinary rules,
so that only the foundry's process control, not a checker, vouches for what lies there.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from macros.technology.layers import AREAID_CORE

__all__ = ["FOUNDRY_CELLS", "LIBRARY", "FoundryCell", "find_foundry_cells", "foundry_boxes"]

LIBRARY = "sky130_fd_bd_sram"
BIT_CELLS = tuple(
    f"{kind}_{version}{use}"
    for version in ("opt1", "opt1a")
    for kind, use in (
        ("sram_sp_cell", ""),
        ("openram_sp_cell", "_dummy"),
        ("openram_sp_cell", "_replica"),
    )
)
STRAPS = tuple(f"sram_sp_wlstrap{version}" for version in ("", "_p", "a", "a_p"))
ENDS = (
    *(f"sram_sp_colend{version}" for version in ("", "_cent", "_p_cent")),
    *(f"sram_sp_colenda{version}" for version in ("", "_cent", "_p_cent")),
    *("sram_sp_corner", "sram_sp_cornera", "sram_sp_cornerb"),
    *("sram_sp_rowend", "sram_sp_rowenda"),
    *("openram_sp_rowend_replica", "openram_sp_rowenda_replica"),
)
PERIPHERY = (
    *("openram_dff", "openram_sense_amp", "openram_write_driver"),
    *("openram_sp_nand2_dec", "openram_sp_nand3_dec"),
)
FOUNDRY_CELLS = (*BIT_CELLS, *STRAPS, *ENDS, *PERIPHERY)
"""What OpenRAM's single-port modules for sky130 place."""


@dataclass(frozen=True)
class FoundryCell:
    """Files of one cell; its netlist has the pins in the order of OpenRAM's modules."""

    name: str
    gds: Path
    spice: Path


def find_foundry_cells(pdk: Path) -> list[FoundryCell]:
    """Every cell that a macro needs, wherever it stands below `libs.ref/sky130_fd_bd_sram`.

    Raises RuntimeError that counts and names the files that are missing, or the first one that does
    not hold the cell of its name.
    """
    home = pdk / "libs.ref" / LIBRARY
    files = {path.name: path for path in sorted(home.rglob(f"{LIBRARY}__*")) if path.is_file()}
    found, missing = [], []
    for cell in FOUNDRY_CELLS:
        name = f"{LIBRARY}__{cell}"
        gds = files.get(f"{name}.gds")
        spice = files.get(f"{name}.base.spice") or files.get(f"{name}.spice")
        missing += [] if gds else [f"{name}.gds"]
        missing += [] if spice else [f"{name}.spice"]
        if gds and spice:
            found.append(FoundryCell(name, gds, spice))
    if missing:
        names = ", ".join(missing[:3])
        raise RuntimeError(
            f"the PDK has no foundry SRAM cells: {len(missing)} files are missing in {home},"
            f" such as {names}; --cells own needs none"
        )
    for one in found:
        _check(one)
    return found


def _check(cell: FoundryCell) -> None:
    layout = kdb.Layout()
    with contextlib.suppress(RuntimeError):
        layout.read(str(cell.gds))
    if not layout.has_cell(cell.name):
        raise RuntimeError(f"{cell.gds} is no GDS file with the cell {cell.name}")
    netlist = cell.spice.read_text(errors="replace")
    if not re.search(rf"(?im)^\.subckt\s+{cell.name}\s", netlist):
        raise RuntimeError(f"{cell.spice} has no subcircuit {cell.name}")


def foundry_boxes(layout: kdb.Layout, top: kdb.Cell) -> kdb.Region:
    """Where the foundry's own rules hold: the boxes of its cells below `top` that bear the mark."""
    found = kdb.Region()
    marks = top.begin_shapes_rec(layout.layer(*AREAID_CORE))
    while not marks.at_end():
        if marks.cell().name.startswith(LIBRARY):
            found.insert(marks.cell().bbox().transformed(marks.trans()))
        marks.next()
    return found.merged()
