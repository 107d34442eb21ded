"""Does the netlist compute the network? Whole inferences against the golden model, value by value.

    verdict = check_images(run, chip, folder, images=360)     # zero delay, Verilator
    verdict = check_power_up(run, chip, folder)               # from X, Icarus
    verdict = check_delays(run, chip, "nom_ss_100C_1v60", folder)

The bench, the stimulus and the golden model are those of the RTL (`verification.rtl`): every
accumulator, potential, armed bit and spike of every step is read through the chip's own trace port
and compared. This is the one place where `flow` uses `verification`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flow.signoff.chip_run import ChipRun
from flow.signoff.delays import read_delays
from flow.signoff.opensta import run_corner
from flow.signoff.timed_models import ANNOTATE, LIMITS, instance_names, timed_sources
from flow.signoff.verdict import NoVerdict, Verdict
from golden import encode, load_network
from golden.digits import digits
from macros.shape import MacroShape
from macros.store import atomic_write, cache_root, content_hash
from macros.views.verilog import behavioural_verilog
from rtl.config import Chip
from rtl.image import Image, compile_network
from verification.rtl.regression import Outcome, junit, run_images
from verification.rtl.simulation import Result, Simulator, build

__all__ = [
    "TimedSimulator",
    "check_delays",
    "check_images",
    "check_power_up",
    "network_inputs",
    "timed_simulator",
]

SHIPPED = Path(__file__).parents[2] / "golden" / "networks" / "digits.nir"
POWER_UP_IMAGES = 3


@dataclass(frozen=True)
class TimedSimulator(Simulator):
    """A simulator with delays: a violated setup or hold counts as trouble, like an X.

    `names` maps the simulation's instances to the netlist's.
    """

    names: tuple[tuple[str, str], ...] = ()

    def run(
        self, operations: NDArray[np.uint32], waveform: Path | None = None, timeout_s: float = 7200
    ) -> Result:
        result = super().run(operations, waveform, timeout_s)
        if bad := [line for line in result.printed if "SDF" in line]:
            raise NoVerdict(f"Icarus does not understand the delays: {bad[0]}")
        names = dict(self.names)
        for line in result.printed:
            word, *rest = line.split()
            if word == "timing":
                operation, cycle, check, path, pin = rest
                instance = names.get(path.rsplit(".", 1)[-1], path)
                result.unknown.append(f"{operation} {cycle} {check} violated at {instance}/{pin}")
        return result


@cache
def network_inputs(run_folder: Path, chip_name: str) -> tuple[Path, str]:
    """The network of a run (the shipped one where it has none), and how it is called."""
    own = run_folder / "network.nir"
    return (own, "the run's network") if own.is_file() else (SHIPPED, "the shipped network")


def inputs(run: ChipRun, chip: Chip, count: int) -> tuple[Image, NDArray[np.bool_]]:
    """The network on the chip, and spikes bool [count, steps, inputs] of the first test images."""
    network = load_network(network_inputs(run.folder, chip.name)[0])
    if network.encoding is None:
        raise NoVerdict("the network of the run has no encoding: no image can be given to it")
    spikes = encode(network.encoding, digits().test_images[:count], network.steps)
    return compile_network(network, chip), spikes


def check_images(run: ChipRun, chip: Chip, folder: Path, images: int = 360) -> Verdict:
    """All test images at zero delay in Verilator."""
    return _zero_delay("gates", "verilator", run, chip, folder, images)


def check_power_up(run: ChipRun, chip: Chip, folder: Path) -> Verdict:
    """Three inferences in Icarus with the library's primitives: every state starts as X."""
    return _zero_delay("power_up", "icarus", run, chip, folder, POWER_UP_IMAGES)


def _zero_delay(
    name: str, engine: str, run: ChipRun, chip: Chip, folder: Path, images: int
) -> Verdict:
    from verification.flow.gates import build_netlist  # here: it registers levels of this module

    simulator = build_netlist(run.view("nl"), chip, engine, run.tree)
    image, spikes = inputs(run, chip, images)
    outcomes = list(run_images(simulator, image, spikes))
    return judge(name, outcomes, images, f"{engine}, no delays", folder)


def check_delays(run: ChipRun, chip: Chip, corner: str, folder: Path) -> Verdict:
    """One inference with the delays of a corner, at the rated clock, from power-up X."""
    process = corner.split("_")[1]
    simulator = timed_simulator(run, chip, corner, folder)
    image, spikes = inputs(run, chip, 1)
    outcomes = list(run_images(simulator, image, spikes))
    wires = "extracted wires" if run.timed().spef else "NO WIRES"
    how = f"SDF {corner}, {1e3 / run.period_ns:.0f} MHz, {wires}"
    return judge(f"sdf_{process}", outcomes, 1, how, folder)


def timed_simulator(
    run: ChipRun, chip: Chip, corner: str, folder: Path, sdf: Path | None = None
) -> TimedSimulator:
    """Icarus with the delays of a corner: late ones (maximum), but early ones at ff.

    `sdf` are delays of the netlist from elsewhere; without, OpenSTA writes them now.
    """
    netlist = run.view("nl")
    if sdf is None:
        run_corner(run.timed(), corner, folder)
        sdf = folder / corner / f"{run.name}__{corner}.sdf"
    delays = read_delays(sdf, late="_ff_" not in corner)
    if delays.design != run.name:
        raise NoVerdict(f"{sdf} is of {delays.design}, not of {run.name}")
    macros = {name: behavioural_verilog(MacroShape.from_name(name)) for name in chip.macro_counts}
    falling = {name: run.reads_at_falling_edge(name, corner) for name in macros}
    sources, text = timed_sources(netlist, delays, run.tree, macros, falling)
    simulator = build(
        sources,
        run.name,
        "icarus",
        defines={"FUNCTIONAL": "", "PERIOD": f"{run.period_ns:.3f}"},
        arguments=["-gspecify", "-s", ANNOTATE, "-s", LIMITS],
    )
    kept = cache_root() / "simulators" / f"{run.name}-{content_hash(text)[:20]}.sdf"
    atomic_write(kept, text)
    names = tuple((new, old) for old, new in instance_names(netlist).items())
    return TimedSimulator("icarus", (*simulator.command, f"+sdf={kept}"), names)


def judge(name: str, outcomes: Sequence[Outcome], wanted: int, how: str, folder: Path) -> Verdict:
    """The verdict on inferences; their outcomes are written as JUnit XML."""
    report = folder / f"{name}.xml"
    atomic_write(report, junit(outcomes, name))
    failed = [outcome for outcome in outcomes if not outcome.passed]
    compared = sum(outcome.comparisons for outcome in outcomes)
    figure = f"{len(outcomes)} inferences, {compared} values equal ({how})"
    if failed:
        lines = [*map(str, failed[0].differences), *failed[0].troubles, "nothing was compared"]
        figure = f"{len(failed)} of {len(outcomes)} inferences differ, {lines[0]} ({how})"
    metrics = {
        f"signoff__{name}__inference__count": len(outcomes),
        f"signoff__{name}__comparison__count": compared,
        f"signoff__{name}_failure__count": len(failed),
    }
    passed = not failed and len(outcomes) == wanted and compared > 0
    return Verdict(name, passed, figure, report, metrics)
