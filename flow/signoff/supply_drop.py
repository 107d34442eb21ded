"""Drop of the supplies while the chip computes: the power grid under the power of every instance.

drop = supply_drop(run, "nom_tt_025C_1v80", {"_0815_": 1e-6}, folder)
drop.worst_v, drop.instance

The grid is that of the layout (`flow.pnr.ir_drop`); the currents are means over inferences, so it
is a static drop. The map stays as `ir_drop.png` and, for the report, `ir_drop.json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from flow.pnr.cell_library import read_library
from flow.pnr.def_reader import read_def
from flow.pnr.ir_drop import solve_ir_drop
from flow.pnr.picture import draw_ir_drop
from flow.signoff.chip_run import ChipRun
from flow.signoff.verdict import NoVerdict
from macros.store import atomic_write

__all__ = ["SupplyDrop", "supply_drop", "supply_v"]

VOLTS = re.compile(r"_(\d+)v(\d+)$")


class SupplyDrop(NamedTuple):
    """Largest and mean drop of both supplies together in V, and the instance with the largest."""

    worst_v: float
    mean_v: float
    instance: str


def supply_v(corner: str) -> float:
    """The supply of a corner by its name: "nom_tt_025C_1v80" is 1.80."""
    found = VOLTS.search(corner)
    if found is None:
        raise NoVerdict(f"corner {corner} does not name its supply")
    return float(f"{found[1]}.{found[2]}")


def supply_drop(run: ChipRun, corner: str, watts: Mapping[str, float], folder: Path) -> SupplyDrop:
    """Solve the grid of a routed run. `NoVerdict` when the layout lacks an instance, or no supply
    reaches it."""
    files = [
        tuple(Path(path) for macro in run.macros.values() for path in macro[view])
        for view in ("lef", "gds")
    ]
    try:
        design = read_def(run.view("def"), read_library(run.tree, *files))
        if lost := watts.keys() - set(design.instance_names):
            raise NoVerdict(f"{run.view('def')} has no instance {min(lost)}")
        volts = supply_v(corner)
        drop = solve_ir_drop(design, {name: watt / volts for name, watt in watts.items()}).total
    except (ValueError, RuntimeError) as error:
        raise NoVerdict(str(error)) from None
    folder.mkdir(parents=True, exist_ok=True)
    draw_ir_drop(design, drop, folder / "ir_drop.png")
    by_name = sorted(zip(design.instance_names, drop.tolist(), strict=True))
    content = {"drop_V": {name: float(f"{volt:.4g}") for name, volt in by_name}}
    atomic_write(folder / "ir_drop.json", json.dumps(content, indent=0) + "\n")
    worst = int(np.argmax(drop))
    return SupplyDrop(float(drop[worst]), float(drop.mean()), design.instance_names[worst])
