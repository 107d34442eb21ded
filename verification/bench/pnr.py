"""Place and route: CPU seconds per stage, memory, wire and proof on generated designs.

    python -m verification.bench.pnr [--large]

Every design runs in a process of its own, so that its peak memory is its own; compilation of the
router's inner loop is paid by a warm-up and named apart. `--large` adds the 60,000 cell design.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from flow import pdk
from flow.pnr.floorplan import Floorplan, MacroPlace
from flow.pnr.library import read_library
from flow.pnr.netlist import read_netlist
from flow.pnr.pipeline import STAGES, Plan, run_pnr
from flow.pnr.placement import half_perimeter
from verification.flow.pnr import designs
from verification.flow.pnr.routing_rules import violations

__all__ = ["main"]

CASES = {
    "random 0.5k": (lambda: designs.random_logic(500), 0.65),
    "shift 0.5k": (lambda: designs.shift_register(500), 0.70),
    "multiplier 32": (lambda: designs.array_multiplier(32), 0.65),
    "random 4k": (lambda: designs.random_logic(4_000), 0.60),
    "macro": (lambda: designs.macro_system(), None),
    "multiplier 64": (lambda: designs.array_multiplier(64), 0.65),
    "random 20k": (lambda: designs.random_logic(20_000), 0.50),
}
LARGE = {"multiplier 112": (lambda: designs.array_multiplier(112), 0.60)}
COLUMNS = ("cells", "util", "nets", "wire mm", "/HPWL", "vias", "place s", "route s", "all s", "MB")


def run_case(name: str) -> dict[str, float]:
    """Place and route one case in this process; the figures of its row."""
    make, utilisation = (CASES | LARGE)[name]
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
        design, metrics = run_pnr(
            netlist, Plan(floorplan=floorplan, clock="clk"), folder, library=library
        )
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found = violations(folder / f"{net.name}.gds", net.name)
        wire = metrics["route__wirelength"]
        stages = {stage: metrics[f"pnr__cpu__{stage}"] for stage in STAGES}
        return {
            "cells": netlist.instances,
            "util": 100 * metrics["design__instance__utilization"],
            "nets": design.nets,
            "wire mm": wire / 1e3,
            "/HPWL": wire / (half_perimeter(design).sum() / 1e3),
            "vias": metrics["route__vias"],
            "place s": stages["place"] + stages["clock"],
            "route s": stages["route"],
            "all s": sum(stages.values()) + metrics["pnr__cpu__export"],
            "MB": memory,
            "markers": sum(found.values()),
        }


def main() -> None:
    """Print one row per design; every row has passed the extraction with no open and no short."""
    names = list(CASES) + (list(LARGE) if "--large" in sys.argv else [])
    began = time.process_time()
    _in_process("shift 0.5k")
    print(f"warm-up with compilation: {_children() - (time.process_time() - began):.0f} CPU s")
    print(f"{'design':>16}" + "".join(f"{column:>10}" for column in (*COLUMNS, "markers")))
    for name in names:
        row = _in_process(name)
        print(
            f"{name:>16}" + "".join(f"{row[c]:>10.5g}" for c in (*COLUMNS, "markers")), flush=True
        )


def _in_process(name: str) -> dict[str, float]:
    command = [sys.executable, "-m", "verification.bench.pnr", "--case", name]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    if "--case" in sys.argv:
        print(json.dumps(run_case(sys.argv[sys.argv.index("--case") + 1])))
    else:
        main()
