"""A small chip, placed and routed, that tests of layouts share."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flow import pdk
from flow.pnr.cell_library import read_library
from flow.pnr.floorplan import Floorplan
from flow.pnr.netlist import read_netlist
from flow.pnr.pipeline import Plan, run_pnr
from verification.flow.pnr.designs import random_logic, write_netlist


class SmallChip(NamedTuple):
    """A finished layout and its powered netlist."""

    name: str
    gds: Path
    netlist: Path


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="spikeout-chip-")


@cache
def small_chip() -> SmallChip:
    """300 cells with clock tree, taps and fillers."""
    folder = Path(_folder().name)
    library = read_library(pdk.resolve(timing=False))
    netlist = read_netlist(write_netlist(random_logic(300), folder), library)
    plan = Plan(floorplan=Floorplan(utilisation=0.6), clock="clk")
    design, _ = run_pnr(netlist, plan, folder, library=library)
    name = design.name
    return SmallChip(name, folder / f"{name}.gds", folder / f"{name}.pnl.v")
