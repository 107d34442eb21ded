"""Place and route of generated designs and of digits: CPU seconds, memory, wire and proof.

    python -m verification.bench.pnr [--full] [NAME ...]

Every design runs in a process of its own, so that its peak memory is its own; compilation of the
router's inner loop is paid by a warm-up and named apart. `--full` adds the 60,000 cell design,
names leave out all others. The netlist of the chip digits is that of its newest run; without one it
is synthesised first.

Columns: wire over half perimeter and over nearly minimal Steiner trees of the pins' centres;
conflicts left (`over`); CPU seconds, those of OpenSTA included, of floorplan and power (`plan`),
placement, repair and clock tree with hold, routing with diodes, repair after routing with fill
(`eco`), and export: GDS, DEF, Verilog, pictures, SPEF, extraction; opens and shorts by extraction
from the GDS, and violations of `routing_rules` (`drc`). CPU seconds grow when other processes share
the core and its caches: `loop ms` is what a fixed loop took before and after, on the mean. Below
the table every figure with a bar, and whether the bar was met.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from flow import pdk
from flow.pnr.cell_library import Library, read_library
from flow.pnr.check import check_layout
from flow.pnr.design import Design
from flow.pnr.floorplan import Floorplan
from flow.pnr.netlist import read_netlist
from flow.pnr.pipeline import Plan, run_pnr
from flow.pnr.placement import half_perimeter, pin_positions
from verification.bench._steiner import steiner_lengths
from verification.flow.pnr import designs
from verification.flow.pnr.routing_rules import violations

__all__ = ["bars_of", "main", "measured"]

CASES: dict[str, tuple[Callable[[], designs.Netlist], float]] = {
    "random 0.5k": (lambda: designs.random_logic(500), 0.65),
    "shift 0.5k": (lambda: designs.shift_register(500), 0.70),
    "macro 0.3k": (lambda: designs.macro_system(), 0.60),
    "fifo 3k": (lambda: designs.fifo(32, 32), 0.65),
    "random 4k": (lambda: designs.random_logic(4_000), 0.60),
    "macros 4k": (lambda: designs.macro_system(4_000, 4), 0.60),
    "multiplier 4k": (lambda: designs.array_multiplier(32), 0.65),
    "mac 5k": (lambda: designs.mac_array(8, 8), 0.65),
    "multiplier 20k": (lambda: designs.array_multiplier(70), 0.65),
}
"""Design and share of its rows that cells fill."""
FULL: dict[str, tuple[Callable[[], designs.Netlist], float]] = {
    "multiplier 60k": (lambda: designs.array_multiplier(122), 0.60),
}
CHIP, CHIP_RUN = "digits", Path("build/digits/latest")
STAGES_OF = {
    "plan s": ("floorplan", "power"),
    "place s": ("place",),
    "clock s": ("repair", "clock", "hold"),
    "route s": ("route",),
    "eco s": ("eco", "fill"),
    "export s": ("export",),
}
COLUMNS = (
    "cells", "util", "nets", "mm", "/HPWL", "/Stein", "vias", "over", "diodes", *STAGES_OF,
    "all s", "loop ms", "MB", "opens", "shorts", "drc",
)  # fmt: skip
BARS = {
    CHIP: {"all s": 60, "route s": 5, "MB": 1024},
    "multiplier 20k": {"all s": 240, "route s": 60, "MB": 2048, "/Stein": 1.10},
    "multiplier 60k": {"all s": 720, "route s": 240, "MB": 5120},
}
CLEAN = ("over", "opens", "shorts", "drc")
"""Must be 0 for every design."""
GROWTH = 1.2
"""Largest exponent of run time over cells."""
GROWING = ("multiplier 4k", "multiplier 20k", "multiplier 60k")


def run_case(name: str) -> dict[str, float]:
    """Place and route one case in this process; the figures of its row."""
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        netlist, plan, library = _chip() if name == CHIP else _generated(name, folder)
        loop = _loop_ms()
        design, metrics = run_pnr(netlist, plan, folder, library=library)
        loop = (loop + _loop_ms()) / 2
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {
            "cells": netlist.instances,
            "util": 100 * metrics["design__instance__utilization"],
            "nets": design.nets,
            "vias": metrics["route__vias"],
            "over": metrics["route__overflow"],
            "diodes": metrics["antenna__diodes"],
            "loop ms": loop,
            "MB": memory,
            **_wire(design, metrics),
            **_seconds(metrics),
            **_proof(folder / f"{design.name}.gds", design),
        }


def _loop_ms() -> float:
    """CPU milliseconds of a fixed loop."""
    began = time.process_time()
    sum(number & 7 for number in range(1_000_000))
    return 1e3 * (time.process_time() - began)


def _generated(name: str, folder: Path) -> tuple[Design, Plan, Library]:
    make, utilisation = (CASES | FULL)[name]
    net = make()
    lef, gds = designs.write_macro(folder)
    library = read_library(pdk.resolve(timing=False), (lef,), (gds,))
    netlist = read_netlist(designs.write_netlist(net, folder), library)
    return netlist, Plan(floorplan=Floorplan(utilisation=utilisation), clock="clk"), library


def _chip() -> tuple[Design, Plan, Library]:
    """What the floorplan of the chip's newest run started from."""
    from flow.steps.plan import library_of, plan_of
    from flow.steps.pnr import Floorplan as Step

    (folder,) = CHIP_RUN.glob("*-spikeout-floorplan")
    config = Step.load(folder / "config.json", folder / "state_in.json").config
    library = library_of(config)
    netlist = read_netlist(folder / f"{CHIP}.json", library, CHIP)
    return netlist, plan_of(config, tuple(port.name for port in netlist.ports)), library


def _wire(design: Design, metrics: dict[str, float]) -> dict[str, float]:
    wire = metrics["route__wirelength"]
    half = half_perimeter(design).sum() / 1e3
    steiner = steiner_lengths(design.pin_start, *pin_positions(design)).sum() / 1e3
    return {"mm": wire / 1e3, "/HPWL": wire / half, "/Stein": wire / steiner}


def _seconds(metrics: dict[str, float]) -> dict[str, float]:
    seconds = {
        column: sum(metrics[f"pnr__cpu__{stage}"] for stage in stages)
        for column, stages in STAGES_OF.items()
    }
    return seconds | {"all s": sum(seconds.values())}


def _proof(layout: Path, design: Design) -> dict[str, float]:
    found = check_layout(layout, design)
    return {
        "opens": len(found.opens) + len(found.lost),
        "shorts": len(found.shorts),
        "drc": sum(violations(layout, design.name).values()),
    }


def main(arguments: Sequence[str] = ()) -> None:
    """Print one row per design, and how run time grows with size."""
    names = _wanted(arguments)
    if CHIP in names:
        _synthesise_chip()
    began = _children()
    measured("shift 0.5k")
    print(f"warm-up with compilation: {_children() - began:.0f} CPU s")
    print(f"{'design':>16}" + "".join(f"{column:>9}" for column in COLUMNS))
    rows = {}
    for name in names:
        row = rows[name] = measured(name)
        print(f"{name:>16}" + "".join(_cell(row[c]) for c in COLUMNS), flush=True)
    for name, row in rows.items():
        for column, bar in bars_of(name).items():
            _judge(f"{name}, {column}", row[column], bar)
    for small, large in combinations(GROWING, 2):
        if small in rows and large in rows:
            _judge_growth(small, rows[small], large, rows[large])


def _cell(value: float) -> str:
    return f"{value:>9.0f}" if value >= 1000 else f"{value:>9.4g}"


def _wanted(arguments: Sequence[str]) -> list[str]:
    """The designs that the command line asks for. Raises ValueError for one that is not there."""
    known = [*CASES, *FULL, CHIP]
    names = [argument for argument in arguments if argument in known]
    if unknown := set(arguments) - {*known, "--full"}:
        raise ValueError(f"design must be one of {', '.join(known)}, not {sorted(unknown)[0]!r}")
    if names:
        return names
    return [*CASES, *(FULL if "--full" in arguments else ()), CHIP]


def _synthesise_chip() -> None:
    """Make what the chip's row starts from, unless a run has left it."""
    if any(CHIP_RUN.glob("*-spikeout-floorplan")):
        return
    print(f"{CHIP} has no run in {CHIP_RUN}: it is synthesised first", flush=True)
    command = Path(sys.executable).with_name("spikeout")
    _output([command, "run", CHIP, "--to", "floorplan"], CHIP)


def _judge_growth(small: str, few: dict[str, float], large: str, many: dict[str, float]) -> None:
    for column in ("route s", "all s"):
        exponent = np.log(many[column] / few[column]) / np.log(many["cells"] / few["cells"])
        _judge(f"exponent of {column}, {small} to {large}", exponent, GROWTH)


def bars_of(name: str) -> dict[str, float]:
    """The most that each column of a design may show."""
    return {**dict.fromkeys(CLEAN, 0), **BARS.get(name, {})}


def _judge(what: str, value: float, bar: float) -> None:
    print(f"{what:>58} {value:>9.4g}, at most {bar:<5g} {'met' if value <= bar else 'MISSED'}")


def measured(name: str) -> dict[str, float]:
    """The row of a design, placed and routed in a process of its own."""
    command = [sys.executable, "-m", "verification.bench.pnr", "--case", name]
    return json.loads(_output(command, name))


def _output(command: Sequence[str | Path], name: str) -> str:
    """What a command prints. Raises RuntimeError with the last line it complains with."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise RuntimeError(f"{name}: {said[-1] if said else f'exit status {done.returncode}'}")
    return done.stdout


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    if "--case" in sys.argv:
        print(json.dumps(run_case(sys.argv[sys.argv.index("--case") + 1])))
    else:
        main(sys.argv[1:])
