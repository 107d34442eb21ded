"""`spikeout regress`: compare a simulated chip with the golden model, value by value."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import verification.flow.gates  # noqa: F401  registers the levels of gates
from flow.chips import chip_file
from golden import encode, load_network
from golden.digits import digits
from macros.store import atomic_write
from rtl.config import Chip, load_chip
from rtl.image import Image, compile_network
from verification.rtl.random_cases import random_case
from verification.rtl.regression import (
    LEVELS,
    Outcome,
    junit,
    run_images,
    run_seeds,
    waveform,
)
from verification.rtl.simulation import Simulator

__all__ = ["regress"]

SHIPPED = Path(__file__).parents[2] / "golden" / "networks" / "digits.nir"
SHOWN = 5
"""Differences printed per inference, and failing inferences shown."""


@click.command()
@click.argument("chip")
@click.option(
    "--level",
    type=click.Choice(sorted(LEVELS)),
    default="rtl",
    show_default=True,
    help="what is simulated; sdf: gates with delays at ss, sdf-ff: at ff (Icarus, 30 s an image)",
)
@click.option(
    "--network",
    type=click.Path(path_type=Path),
    default=None,
    help="a .nir file with an encoding; default: the shipped digits network",
)
@click.option("--images", default=360, show_default=True, help="digits test images to run")
@click.option("--first", default=0, show_default=True, help="the first of them")
@click.option("--seeds", default=0, show_default=True, help="random networks to run")
@click.option("--first-seed", default=0, show_default=True, help="the first of them")
@click.option(
    "--engine",
    type=click.Choice(["verilator", "icarus"]),
    default="verilator",
    show_default=True,
    help="verilator is fast; icarus is four-state and starts from power-up X",
)
@click.option("--jobs", default=min(2, os.cpu_count() or 1), show_default=True, help="processes")
@click.option("--tag", default="run", show_default=True, help="the run whose gates are simulated")
@click.option("--junit", "report", type=click.Path(path_type=Path), help="write JUnit XML here")
@click.option("--wave", type=click.Path(path_type=Path), help="VCD of the first failing inference")
def regress(
    chip: str,
    level: str,
    network: Path | None,
    images: int,
    first: int,
    seeds: int,
    first_seed: int,
    engine: str,
    jobs: int,
    tag: str,
    report: Path | None,
    wave: Path | None,
) -> int:
    """Run inferences on simulated CHIP; compare every accumulator, potential, armed bit and spike
    of every step with the golden model.

    Exit status 1 if anything differs: layer, neuron, step, expected and got are printed, a
    waveform of the first failing inference is left, and the command that replays it.
    """
    for name, value in (("images", images), ("first", first), ("seeds", seeds)):
        if value < 0:
            raise ValueError(f"--{name} must be at least 0, not {value}")
    if jobs < 1:
        raise ValueError(f"--jobs must be at least 1, not {jobs}")
    config = load_chip(chip_file(chip))
    image, spikes = _inputs(config, network or SHIPPED, first, images) if images else (None, None)
    simulator = LEVELS[level](config, engine, tag)
    outcomes = list(_run(simulator, config, image, spikes, first, seeds, first_seed, jobs))
    if report is not None:
        atomic_write(report, junit(outcomes, f"{config.name}-{level}"))
    failed = [outcome for outcome in outcomes if not outcome.passed]
    _summary(config, level, outcomes, failed)
    if not failed:
        return 0
    options = f"{chip} --level {level} --engine {engine}"
    options += f" --network {network}" if network else ""
    options += f" --tag {tag}" if tag != "run" else ""
    _explain(failed, options)
    name, number = failed[0].name.split()
    path = wave or Path("build", "regress", f"{config.name}-{level}-{name}-{number}.vcd")
    if name == "image" and image is not None and spikes is not None:
        waveform(config, image, spikes[int(number) - first], path, level, tag)
    else:
        case = random_case(int(number), config)
        waveform(config, case.image, case.spikes[0], path, level, tag)
    click.echo(f"waveform: {path}")
    return 1


def _inputs(chip: Chip, path: Path, first: int, count: int) -> tuple[Image, NDArray[np.bool_]]:
    """The network on the chip, and the spikes of test images first .. first + count - 1."""
    network = load_network(path)
    if network.encoding is None:
        raise ValueError(f"{path}: encoding must be set to run images, not None")
    pictures = digits().test_images
    if first >= len(pictures):
        raise ValueError(f"--first must be below {len(pictures)}, not {first}")
    spikes = encode(network.encoding, pictures, network.steps)
    return compile_network(network, chip), spikes[first : first + count]


def _run(
    simulator: Simulator,
    chip: Chip,
    image: Image | None,
    spikes: NDArray[np.bool_] | None,
    first: int,
    seeds: int,
    first_seed: int,
    jobs: int,
) -> Iterator[Outcome]:
    """All outcomes, with a progress bar on a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        if image is not None and spikes is not None:
            task = progress.add_task("images", total=len(spikes))
            for outcome in run_images(simulator, image, spikes, first, jobs):
                progress.advance(task)
                yield outcome
        if seeds:
            task = progress.add_task("random networks", total=seeds)
            span = range(first_seed, first_seed + seeds)
            for outcome in run_seeds(simulator, chip, span, jobs):
                progress.advance(task)
                yield outcome


def _summary(chip: Chip, level: str, outcomes: list[Outcome], failed: list[Outcome]) -> None:
    click.echo(f"{'chip':10} {'level':6} {'runs':>16} {'passed':>7} {'failed':>7} comparisons")
    for name, title in (("image", "images"), ("seed", "random networks")):
        runs = [outcome for outcome in outcomes if outcome.name.startswith(name)]
        bad = sum(not outcome.passed for outcome in runs)
        if runs:
            total = sum(outcome.comparisons for outcome in runs)
            click.echo(
                f"{chip.name:10} {level:6} {f'{len(runs)} {title}':>16} {len(runs) - bad:7}"
                f" {bad:7} {total:11}"
            )
    if not outcomes:
        raise ValueError("--images and --seeds must not both be 0")


def _explain(failed: list[Outcome], options: str) -> None:
    for outcome in failed[:SHOWN]:
        click.echo(f"{outcome.name}:")
        lines = [*map(str, outcome.differences), *outcome.troubles]
        for line in (lines or ["nothing was compared"])[:SHOWN]:
            click.echo(f"  {line}")
        if len(lines) > SHOWN:
            click.echo(f"  and {len(lines) - SHOWN} more")
    name, number = failed[0].name.split()
    which = (
        f"--images 1 --first {number}"
        if name == "image"
        else f"--images 0 --seeds 1 --first-seed {number}"
    )
    click.echo(f"replay: spikeout regress {options} {which}")
