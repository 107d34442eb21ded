"""Place and route: CPU seconds per stage, memory, wire and proof on generated designs.

    python -m verification.bench.pnr [--full]

Every design runs in a process of its own, so that its peak memory is its own; compilation of the
router's inner loop is paid by a warm-up and named apart. `--full` adds the 60,000 cell design.

Columns: wire over half perimeter and over a Steiner estimate (half perimeter times the factor by
which minimal Steiner trees of so many pins exceed it: C. E. Cheng, RISA, ICCAD 1994); conflicts
left (`over`), opens and shorts by extraction from the GDS, and violations of `routing_rules`
(`drc`). Below the table every figure with a bar, and whether the bar was met.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from flow import pdk
from flow.pnr.cell_library import read_library
from flow.pnr.check import check_layout
from flow.pnr.design import Design
from flow.pnr.floorplan import Floorplan, MacroPlace
from flow.pnr.netlist import read_netlist
from flow.pnr.pipeline import STAGES, Plan, run_pnr
from flow.pnr.placement import half_perimeter
from verification.flow.pnr import designs
from verification.flow.pnr.routing_rules import violations

__all__ = ["main"]

CASES = {
    "random 0.5k": (lambda: designs.random_logic(500), 0.65),
    "shift 0.5k": (lambda: designs.shift_register(500), 0.70),
    "macro 0.3k": (lambda: designs.macro_system(), None),
    "fifo 3k": (lambda: designs.fifo(32, 32), 0.65),
    "random 4k": (lambda: designs.random_logic(4_000), 0.60),
    "multiplier 4k": (lambda: designs.array_multiplier(32), 0.65),
    "mac 5k": (lambda: designs.mac_array(8, 8), 0.65),
    "multiplier 20k": (lambda: designs.array_multiplier(70), 0.65),
}
FULL = {"multiplier 60k": (lambda: designs.array_multiplier(122), 0.60)}
COLUMNS = (
    "cells", "util", "nets", "mm", "/HPWL", "/Stein", "vias", "over", "diodes", "place s",
    "route s", "export s", "all s", "MB", "opens", "shorts", "drc",
)  # fmt: skip
STEINER_FACTOR = (
    (3, 1.0), (4, 1.0828), (5, 1.1536), (6, 1.2206), (7, 1.2823), (8, 1.3385), (9, 1.3991),
    (10, 1.4493), (15, 1.6899), (20, 1.8924), (25, 2.0743), (30, 2.2334), (40, 2.5356),
    (50, 2.7933),
)  # fmt: skip


BARS = {
    "multiplier 20k": {"all s": 240, "route s": 60, "MB": 2048, "/Stein": 1.10},
    "multiplier 60k": {"all s": 720, "route s": 240, "MB": 5120},
}
CLEAN = ("over", "opens", "shorts", "drc")
"""Must be 0 for every design."""
GROWTH = 1.2
"""Largest exponent of run time over cells."""


def run_case(name: str) -> dict[str, float]:
    """Place and route one case in this process; the figures of its row."""
    make, utilisation = (CASES | FULL)[name]
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        tree = pdk.resolve(timing=False)
        if utilisation is None:
            lef, gds = designs.write_macro(folder)
            library = read_library(tree, (lef,), (gds,))
            place = {"memory": MacroPlace(60_260, 45_300)}
            floorplan = Floorplan(die=(210_220, 160_480), macros=place)
        else:
            library = read_library(tree)
            floorplan = Floorplan(utilisation=utilisation)
        net = make()
        netlist = read_netlist(designs.write_netlist(net, folder), library)
        plan = Plan(floorplan=floorplan, clock="clk")
        design, metrics = run_pnr(netlist, plan, folder, library=library)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        layout = folder / f"{net.name}.gds"
        return {
            "cells": netlist.instances,
            "util": 100 * metrics["design__instance__utilization"],
            "nets": design.nets,
            "vias": metrics["route__vias"],
            "over": metrics["route__overflow"],
            "diodes": metrics["antenna__diodes"],
            "MB": memory,
            **_wire(design, metrics),
            **_seconds(metrics),
            **_proof(layout, design),
        }


def _wire(design: Design, metrics: dict[str, float]) -> dict[str, float]:
    wire = metrics["route__wirelength"]
    half = half_perimeter(design) / 1e3
    counts, factors = zip(*STEINER_FACTOR, strict=True)
    steiner = half * np.interp(np.diff(design.pin_start), counts, factors)
    return {"mm": wire / 1e3, "/HPWL": wire / half.sum(), "/Stein": wire / steiner.sum()}


def _seconds(metrics: dict[str, float]) -> dict[str, float]:
    stages = {stage: metrics[f"pnr__cpu__{stage}"] for stage in STAGES}
    export = metrics["pnr__cpu__export"]
    return {
        "place s": stages["place"] + stages["clock"],
        "route s": stages["route"],
        "export s": export,
        "all s": sum(stages.values()) + export,
    }


def _proof(layout: Path, design: Design) -> dict[str, float]:
    found = check_layout(layout, design)
    return {
        "opens": len(found.opens) + len(found.lost),
        "shorts": len(found.shorts),
        "drc": sum(violations(layout, design.name).values()),
    }


def main() -> None:
    """Print one row per design, and how run time grows with size."""
    names = list(CASES) + (list(FULL) if "--full" in sys.argv else [])
    began = _children()
    _in_process("shift 0.5k")
    print(f"warm-up with compilation: {_children() - began:.0f} CPU s")
    print(f"{'design':>16}" + "".join(f"{column:>9}" for column in COLUMNS))
    rows = {}
    for name in names:
        row = rows[name] = _in_process(name)
        print(f"{name:>16}" + "".join(f"{row[c]:>9.4g}" for c in COLUMNS), flush=True)
    small, large = rows["multiplier 4k"], rows[names[-1]]
    growth = np.log(large["cells"] / small["cells"])
    print(f"bars ({small['cells']:.0f} to {large['cells']:.0f} cells for the growth of run time)")
    for column in ("route s", "all s"):
        _judge(f"exponent of {column}", np.log(large[column] / small[column]) / growth, GROWTH)
    for name, row in rows.items():
        for column, bar in {**dict.fromkeys(CLEAN, 0), **BARS.get(name, {})}.items():
            _judge(f"{name}, {column}", row[column], bar)


def _judge(what: str, value: float, bar: float) -> None:
    print(f"{what:>32} {value:>9.4g}, at most {bar:<5g} {'met' if value <= bar else 'MISSED'}")


def _in_process(name: str) -> dict[str, float]:
    command = [sys.executable, "-m", "verification.bench.pnr", "--case", name]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    if "--case" in sys.argv:
        print(json.dumps(run_case(sys.argv[sys.argv.index("--case") + 1])))
    else:
        main()
