"""The generator's first step: OpenRAM places and wires a macro of our cells.

What it leaves has no supply straps and no pins on its edge, and does not match its netlist yet, so
no command offers it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from macros.shape import MacroShape
from macros.store import atomic_write
from macros.technology.cells import CELLS
from macros.technology.drawing import write_gds
from macros.technology.foundry import FoundryCell
from macros.technology.schematics import SCHEMATICS

__all__ = ["place", "write_technology"]

DELAY_CHAIN_STAGES, DELAY_CHAIN_FANOUT = 3, 2
"""From the replica bit line to sense enable; of 3 x 2, 3 x 4 and longer ones the fastest at which
every corner leaves the sense amplifiers more than five sigma of their offset."""
SLOW_STAGES, SLOW_FANOUT = 9, 4
"""OpenRAM's own choice, for the foundry's cells, whose bit lines are not simulated here."""


def write_technology(folder: Path, foundry: Sequence[FoundryCell] = ()) -> None:
    """Write the OpenRAM technology `sky130` into `folder`, for OPENRAM_TECH: of our cells, or of
    the `foundry`'s with the modules that OpenRAM has for them."""
    home = folder / "sky130"
    module = "foundry_technology" if foundry else "openram_technology"
    atomic_write(home / "__init__.py", "")
    atomic_write(home / "tech" / "__init__.py", "from .tech import *\n")
    atomic_write(home / "tech" / "tech.py", f"from macros.generator.{module} import *\n")
    (home / "gds_lib").mkdir(exist_ok=True)
    for cell in foundry:
        shutil.copyfile(cell.gds, home / "gds_lib" / f"{cell.name}.gds")
        atomic_write(home / "sp_lib" / f"{cell.name}.sp", cell.spice.read_text())
    if foundry:
        package = find_spec("openram")
        assert package is not None
        assert package.origin is not None
        brought = Path(package.origin).parent / "technology" / "sky130" / "custom"
        shutil.copytree(brought, home / "custom", dirs_exist_ok=True)
        return
    for name, draw in CELLS.items():
        write_gds([draw()], home / "gds_lib" / f"{name}.gds")
        atomic_write(home / "sp_lib" / f"{name}.sp", SCHEMATICS[name])


def place(
    shape: MacroShape, folder: Path, words_per_row: int = 1, foundry: Sequence[FoundryCell] = ()
) -> Path:
    """Run OpenRAM in a process of its own; returns the GDS, `<macro>.lvs.sp` stands beside it.

    With `foundry` cells the array has a spare row and column, whose pins are in the layout too.

    Raises `RuntimeError` when OpenRAM fails; its output is in `openram.log`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_technology(folder / "technology", foundry)
    job = folder / "job.json"
    settings = {
        "words": shape.words,
        "bits": shape.bits,
        "words_per_row": words_per_row,
        "folder": str(folder),
        "name": shape.name,
        "delay_chain_stages": SLOW_STAGES if foundry else DELAY_CHAIN_STAGES,
        "delay_chain_fanout": SLOW_FANOUT if foundry else DELAY_CHAIN_FANOUT,
        "foundry": bool(foundry),
    }
    atomic_write(job, json.dumps(settings, indent=1))
    project = str(Path(__file__).parents[2])
    answer = subprocess.run(
        [sys.executable, "-m", "macros.generator.run_openram", str(job)],
        env={
            **os.environ,
            "OPENRAM_TECH": str(folder / "technology"),
            "PYTHONHASHSEED": "0",  # OpenRAM writes cells in the order of a set
            "PYTHONPATH": os.pathsep.join(filter(None, (project, os.environ.get("PYTHONPATH")))),
        },
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    atomic_write(folder / "openram.log", answer.stdout)
    gds = folder / f"{shape.name}.gds"
    if answer.returncode or not gds.is_file():
        last = (answer.stdout.strip().splitlines() or ["no output"])[-1]
        raise RuntimeError(f"OpenRAM failed on {shape.name}: {last} (see {folder}/openram.log)")
    return gds
