"""Prove a sky130A tree sound: nothing missing, nothing empty. Raises at the first fault."""

from __future__ import annotations

import re
from pathlib import Path

from flow.pdk import gds
from flow.pdk.names import (
    CELLS,
    CORNERS,
    LIBRARY,
    PROCESS,
    VIEWS,
    PdkError,
    liberty_path,
    view_path,
)

__all__ = ["corners", "verify"]

NAMES = {
    "lef": re.compile(rf"^MACRO ({LIBRARY}__\w+)$", re.MULTILINE),
    "verilog": re.compile(rf"^module ({LIBRARY}__\w+) ", re.MULTILINE),
    "blackbox": re.compile(rf"^module ({LIBRARY}__\w+) ", re.MULTILINE),
    "spice": re.compile(rf"^\.subckt ({LIBRARY}__\w+)", re.MULTILINE | re.IGNORECASE),
    "cdl": re.compile(rf"^\.subckt ({LIBRARY}__\w+)", re.MULTILINE | re.IGNORECASE),
}
"""How a cell shows in the text of a view."""

TECHNOLOGY = (
    "libs.tech/librelane/config.tcl",
    f"libs.tech/librelane/{LIBRARY}/config.tcl",
    "libs.tech/ngspice/sky130.lib.spice",
    f"libs.tech/klayout/tech/{PROCESS}.lyt",
    f"libs.tech/klayout/tech/{PROCESS}.lyp",
    f"libs.tech/klayout/tech/{PROCESS}.map",
)


def verify(tree: Path) -> None:
    """Check that every view holds all 437 cells, that every cell is drawn and has its FOREIGN, that
    every include of the device models leads to a file, and that each Liberty present is whole.

    Raises `PdkError` naming the file and the cell.
    """
    for name in (*TECHNOLOGY, *(f"libs.ref/{LIBRARY}/{path}" for path in VIEWS.values())):
        if not (tree / name).is_file():
            raise PdkError(f"the PDK has no {name}")
    cells = _layout(tree)
    for view, pattern in NAMES.items():
        found = set(pattern.findall(view_path(tree, view).read_text()))
        if found != cells:
            odd = ", ".join(sorted(found ^ cells)[:3])
            raise PdkError(f"the PDK's {view} and GDS differ in {len(found ^ cells)} cells: {odd}")
    _foreign(view_path(tree, "lef"))
    _includes(tree / "libs.tech" / "ngspice")
    _includes(tree / "libs.ref" / "sky130_fd_pr" / "spice")
    corners(tree)


def corners(tree: Path) -> dict[str, int]:
    """Corner -> number of its timed cells, for the corners whose Liberty is in the tree.

    Raises `PdkError` when a file is cut off or two corners do not have the same cells.
    """
    cells: dict[str, set[str]] = {}
    for corner in CORNERS:
        path = liberty_path(tree, corner)
        if not path.is_file():
            continue
        text = path.read_text()
        if text.count("{") != text.count("}") or not text.rstrip().endswith("}"):
            raise PdkError(f"{path.name} is cut off: its braces do not match")
        cells[corner] = set(re.findall(r'^\s*cell\s*\(\s*"?(\w+)"?\s*\)', text, re.MULTILINE))
    union = set[str]().union(*cells.values())
    for corner, found in cells.items():
        if lacking := sorted(union - found):
            raise PdkError(f"corner {corner} lacks {len(lacking)} cells, first {lacking[0]}")
    return {corner: len(found) for corner, found in cells.items()}


def _layout(tree: Path) -> set[str]:
    """Names of the cells in the GDS, all of them drawn."""
    stream = view_path(tree, "gds").read_bytes()
    try:
        shapes = {name: count for name, _, count in gds.structures(stream)}
    except ValueError as error:
        raise PdkError(f"the PDK's {error}") from error
    empty = sorted(name for name, count in shapes.items() if count == 0)
    if empty:
        raise PdkError(f"the PDK's GDS has {len(empty)} empty cells: {', '.join(empty[:3])}")
    if len(shapes) != CELLS:
        raise PdkError(f"the PDK's GDS has {len(shapes)} cells, not {CELLS}")
    return set(shapes)


def _foreign(path: Path) -> None:
    """A macro without FOREIGN becomes an empty cell when a layout is streamed out."""
    for macro in re.split(r"^(?=MACRO )", path.read_text(), flags=re.MULTILINE)[1:]:
        name = macro.split(None, 2)[1]
        if not re.search(rf"^\s*FOREIGN {name}\b", macro, re.MULTILINE):
            raise PdkError(f"the PDK's LEF macro {name} has no FOREIGN {name}")


def _includes(folder: Path) -> None:
    for path in sorted(folder.rglob("*.spice")):
        for name in re.findall(r'^\s*\.include\s+"([^"]+)"', path.read_text(), re.MULTILINE):
            if not (path.parent / name).is_file():
                raise PdkError(f"{path.relative_to(folder)} includes {name}, which is not there")
