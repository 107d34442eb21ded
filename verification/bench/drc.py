"""Design rules: CPU seconds and memory of our deck on 1 mm2 of cells and on the digits chip.

    python -m verification.bench drc

The first layout holds 20,000 cells with a function, and fillers: a routed multiplier four times, of
whose cells each is placed in the top cell, so that nothing of it is a block that is checked once.
The chip is that of the latest run of digits. Its memory is a block: the first line pays for it, the
second finds what was kept. A layout that is not clean or takes longer than its bar is an error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import klayout.db as kdb

from flow import pdk
from flow.pnr.cell_library import read_library
from flow.pnr.floorplan import Floorplan
from flow.pnr.netlist import read_netlist
from flow.pnr.pipeline import Plan, run_pnr
from flow.viewer import newest_layout
from macros.technology import layers
from verification.flow.pnr import designs

__all__ = ["main"]

SPIKEOUT = str(Path(sys.executable).with_name("spikeout"))
BITS = 36  # 5.2 k cells
DIE = (500_020, 500_480)  # nm, whole sites and rows
PITCH = 510_000  # nm
COPIES = 2  # in each direction
BARS_S = {"1 mm2": 600, "digits": 60, "digits again": 60}
COLUMNS = ("mm2", "cells", "placed", "markers", "CPU s", "bar", "MB")
IDLE = ("__fill", "__decap", "__tap")
"""Parts of the names of cells without a function."""


def main() -> None:
    """Print one row per layout; RuntimeError when one is not clean or misses its bar."""
    print(f"{'layout':14}" + "".join(f"{column:>9}" for column in COLUMNS))
    with tempfile.TemporaryDirectory(prefix="spikeout-drc-") as name:
        folder = Path(name)
        layouts = {"1 mm2": one_square_millimetre(folder)}
        try:
            layouts |= dict.fromkeys(
                ("digits", "digits again"), newest_layout("digits", None, Path("build"))
            )
        except ValueError as error:
            print(f"digits: {error}")
        missed = [row for row, gds in layouts.items() if not _measure(row, gds, folder)]
    if missed:
        raise RuntimeError(f"drc bench missed: {', '.join(missed)}")


def one_square_millimetre(folder: Path) -> Path:
    """Place and route the multiplier; its copies, side by side, in one cell."""
    library = read_library(pdk.resolve(timing=False))
    netlist = read_netlist(designs.write_netlist(designs.array_multiplier(BITS), folder), library)
    plan = Plan(floorplan=Floorplan(die=DIE), clock="clk")
    design, _ = run_pnr(netlist, plan, folder, library=library)
    layout = kdb.Layout()
    layout.read(str(folder / f"{design.name}.gds"))
    part, top = layout.top_cell(), layout.create_cell("copies")
    right, up = kdb.Vector(PITCH, 0), kdb.Vector(0, PITCH)
    top.insert(kdb.CellInstArray(part.cell_index(), kdb.Trans(), right, up, COPIES, COPIES))
    top.flatten(1, True)
    layout.write(str(folder / "copies.gds"))
    return folder / "copies.gds"


def _measure(row: str, gds: Path, folder: Path) -> bool:
    """Check a layout in a process of its own, with a cache of this bench; whether all is well."""
    command = [SPIKEOUT, "check", "drc", str(gds), "--out", str(folder)]
    environment = os.environ | {"XDG_CACHE_HOME": str(folder)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    used = os.wait4(process.pid, 0)[2]
    markers = len(json.loads((folder / "drc.json").read_text())["markers"])
    seconds, bar = used.ru_utime + used.ru_stime, BARS_S[row]
    layout = kdb.Layout()
    layout.read(str(gds))
    top = layout.top_cell()
    area = top.dbbox(layout.layer(*layers.BOUNDARY)).area() / 1e6
    placed = [instance.cell.name for instance in top.each_inst()]
    cells = sum(not any(word in name for word in IDLE) for name in placed)
    print(
        f"{row:14}{area:9.3f}{cells:9}{len(placed):9}{markers:9}{seconds:9.0f}{bar:9}"
        f"{used.ru_maxrss / 1024:9.0f}",
        flush=True,
    )
    return markers == 0 and seconds <= bar
