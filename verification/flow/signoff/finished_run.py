"""Run folders without a run: a finished chip with every view and metric, and the counter."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb

from flow.signoff.chip_run import ChipRun
from flow.signoff.completeness import CHECKS, NONZERO, PER_CORNER, ZERO
from flow.signoff.verdict import Verdict
from verification.flow.signoff.counter import CORNER, SETTINGS, Counter

__all__ = ["CORNERS", "counter_run", "finished_run", "verdicts", "write_gds"]

CORNERS = ("nom_tt_025C_1v80", "nom_ss_100C_1v60")


def write_gds(path: Path, empty: bool = False) -> None:
    """A top cell with one cell, which has a shape unless `empty`."""
    layout = kdb.Layout()
    top, cell = layout.create_cell("top"), layout.create_cell("inv")
    top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans()))
    if not empty:
        cell.shapes(layout.layer(68, 20)).insert(kdb.Box(0, 0, 140, 140))
    layout.write(str(path))


def finished_run(folder: Path) -> ChipRun:
    """A run with every view and metric."""
    state: dict = {}
    for view in ("nl", "pnl", "def", "lef", "spice"):
        (folder / view).write_text("content")
        state[view] = str(folder / view)
    write_gds(folder / "chip.gds")
    state["gds"] = str(folder / "chip.gds")
    for view in ("spef", "sdf", "lib"):
        (folder / view).write_text("content")
        state[view] = {"nom_*": str(folder / view)}
    metrics = dict.fromkeys(NONZERO, 1.0) | dict.fromkeys(ZERO, 0)
    metrics |= {f"{name}__corner:{corner}": 3 for name in PER_CORNER for corner in CORNERS}
    return ChipRun(folder, {"STA_CORNERS": CORNERS}, {**state, "metrics": metrics})


def verdicts(folder: Path) -> list[Verdict]:
    """A clean verdict of every check, with evidence."""
    (folder / "evidence").write_text("content")
    return [Verdict(name, True, "all is well", folder / "evidence") for name in CHECKS]


def counter_run(counter: Counter, folder: Path) -> ChipRun:
    """The counter as a run folder of one corner."""
    config = {
        "DESIGN_NAME": "tiny",
        "DEFAULT_CORNER": CORNER,
        "STA_CORNERS": [CORNER],
        "SIGNOFF_SDC_FILE": str(counter.timed.constraints),
        "LIB": {"*": [str(path) for path in counter.timed.liberties[CORNER]]},
        **SETTINGS,
    }
    state = {"nl": str(counter.netlist), "spef": {"nom_*": str(counter.timed.spef[CORNER])}}
    return ChipRun(folder, config, state)
