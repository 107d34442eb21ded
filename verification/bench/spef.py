"""The extraction against the field: capacitance of nets in windows, resistance from pin to pin.

    python -m verification.bench spef

Windows lie about wires drawn by chance from each layer of a routed design of random logic and of
one around a macro (and of the newest run of the digits chip where there is one): wherever the wire
runs, be it crowded, alone, under straps or beside the macro. "solver" is a solution of Laplace's
equation over everything in the window down to diffusion (`verification.field`), on two grids and
extrapolated; its own error, judged from further grids, is about 1 %.
"""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from flow import pdk
from flow.pnr.cell_library import read_library
from flow.pnr.def_reader import read_def
from flow.pnr.design import Design
from flow.pnr.floorplan import Floorplan
from flow.pnr.netlist import read_netlist
from flow.pnr.pipeline import Plan, run_pnr
from flow.pnr.rules import LAYERS
from flow.signoff.chip_run import read_run
from flow.signoff.verdict import NoVerdict
from verification.field.resistance import between_pins
from verification.field.sample import Place, extracted, places, solved, tree_ohms
from verification.flow.pnr import designs

__all__ = ["BARS", "capacitance_errors", "main", "resistance_errors", "small_designs"]

BARS = {"most": 0.15, "median": 0.08, "ohm": 0.05}
WINDOWS = 8
"""For each layer of each design."""
SEED = 37
NETS = 40
WIDEST = 60_000
"""Nets for the resistance reach no further than that, nm."""


def main() -> None:
    """Print both tables, and whether each bar is met."""
    farad, ohm = [], []
    for name, design in itertools.chain(small_designs(), _chip()):
        farad += capacitance_errors(design, name, places(design, WINDOWS, SEED))
        ohm += resistance_errors(design, name)
    _judge("capacitance, largest error", max(map(abs, farad)), BARS["most"])
    _judge("capacitance, median error", float(np.median(np.abs(farad))), BARS["median"])
    _judge("resistance, largest error", max(map(abs, ohm)), BARS["ohm"])
    print(f"{len(farad)} windows, {len(ohm)} pairs of pins")


def _judge(what: str, value: float, bar: float) -> None:
    verdict = "met" if value <= bar else "MISSED"
    print(f"{what}: {100 * value:.1f} % (bar {100 * bar:.0f} %) {verdict}")


def capacitance_errors(design: Design, name: str, chosen: Sequence[Place]) -> list[float]:
    """Relative error of the extraction in each window; prints a row for each."""
    found = []
    print(f"{'design':10} {'net':24} about  solver    ours coupling   (fF) error")
    for place, ours in zip(chosen, extracted(design, chosen), strict=True):
        field = solved(design, place)
        found.append(ours.total / field - 1)
        print(
            f"{name:10} {design.net_names[place.net][-24:]:24} {LAYERS[place.layer]:5} "
            f"{field:9.3f} {ours.total:8.3f} {ours.coupling:8.3f} {100 * found[-1]:+5.1f} %",
            flush=True,
        )
    return found


def resistance_errors(design: Design, name: str, nets: int = NETS, seed: int = SEED) -> list[float]:
    """Relative error of the resistance from the driver to each pin, over nets drawn by chance."""
    found = []
    for net in _some_nets(design, nets, seed):
        ours = tree_ohms(design, net)
        found += [ours[pin] / ohm - 1 for pin, ohm in between_pins(design, net).items()]
    error = np.abs(found)
    print(
        f"{name}: resistance of {len(found)} pairs of pins, median error "
        f"{100 * np.median(error):.1f} %, largest {100 * error.max():.1f} %"
    )
    return found


def _some_nets(design: Design, count: int, seed: int) -> list[int]:
    wires = design.routes.wires
    low = np.full((design.nets, 2), np.iinfo(np.int32).max)
    high = np.full((design.nets, 2), -1)
    for ends in (wires[:, 2:4], wires[:, 4:6]):
        np.minimum.at(low, wires[:, 0], ends)
        np.maximum.at(high, wires[:, 0], ends)
    size = (high - low).max(axis=1)
    pins = np.diff(design.pin_start)
    fit = np.flatnonzero((pins >= 2) & (size > 0) & (size <= WIDEST)).tolist()
    return sorted(random.Random(seed).sample(fit, min(count, len(fit))))


def small_designs() -> Iterator[tuple[str, Design]]:
    """Random logic, and logic around a macro, placed and routed now."""
    tree = pdk.resolve(timing=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lef, gds = designs.write_macro(folder)
        library = read_library(tree, (lef,), (gds,))
        plan = Plan(floorplan=Floorplan(utilisation=0.6), clock="clk")
        for title, net in (
            ("random", designs.random_logic(500)),
            ("macro", designs.macro_system()),
        ):
            netlist = read_netlist(designs.write_netlist(net, folder), library)
            yield title, run_pnr(netlist, plan, folder / title, library=library)[0]


def _chip() -> Iterator[tuple[str, Design]]:
    """The chip of the newest run, where there is one that is routed."""
    try:
        run = read_run(CHIP)
        if run.is_routed:
            lefs, gds = (
                tuple(Path(path) for macro in run.macros.values() for path in macro[view])
                for view in ("lef", "gds")
            )
            yield run.name, read_def(run.view("def"), read_library(run.tree, lefs, gds))
    except NoVerdict:
        return


CHIP = Path("build", "digits", "latest")
