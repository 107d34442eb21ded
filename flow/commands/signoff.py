"""`spikeout signoff`: every check on a finished run, one table."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.console import Console

from flow.chips import chip_file
from flow.run import run_folder
from flow.signoff.beside import second_opinions
from flow.signoff.checks import CHECKS, Context, require_current, run_check
from flow.signoff.chip_run import read_run
from flow.signoff.verdict import Verdict, table
from rtl.config import load_chip
from rtl.verilog import verilog

__all__ = ["signoff"]


@click.command()
@click.argument("chip")
@click.option("--tag", default="run", show_default=True, help="name of the run")
@click.option("--only", multiple=True, type=click.Choice([*CHECKS]), help="these checks alone")
@click.option("--skip", multiple=True, type=click.Choice([*CHECKS]), help="not these checks")
@click.option("--images", default=360, show_default=True, help="inferences of the check gates")
def signoff(chip: str, tag: str, only: tuple[str, ...], skip: tuple[str, ...], images: int) -> int:
    """Check the finished run of CHIP: design rules, layout against netlist, timing, equivalence,
    simulation of the gates, power, and that all evidence is there.

    Prints one line per check: verdict, figure, file. Exit status 1 unless every check is clean.
    Evidence is kept in the run's folder `signoff`. With PDK_ROOT an official PDK, its own decks run
    beside ours in klayout, magic and netgen.
    """
    if images < 1:
        raise ValueError(f"--images must be at least 1, not {images}")
    parameters = load_chip(chip_file(chip))
    run = read_run(run_folder(parameters.name, tag))
    context = Context(run, parameters, run.folder / "signoff", images)
    require_current(context, verilog(parameters)[f"{parameters.name}.v"])
    names = [name for name in CHECKS if (not only or name in only) and name not in skip]
    verdicts: list[Verdict] = []
    not_run: dict[str, str] = {}
    for name in names:
        verdicts.append(_check(name, context))
        others, missing = second_opinions(name, context)
        verdicts += others
        not_run |= missing
    click.echo(table(verdicts, Path.cwd(), not_run), nl=False)
    return 0 if verdicts and all(verdict.passed for verdict in verdicts) else 1


def _check(name: str, context: Context) -> Verdict:
    """One check; one that cannot judge, or whose tool fails, is a failed line of the table."""
    console = Console(stderr=True)
    began = _cpu_seconds()
    try:
        verdict = run_check(name, context)
    except RuntimeError as error:  # NoVerdict is one
        verdict = Verdict(name, False, f"NO VERDICT: {error}")
    word = "clean" if verdict.passed else "FAILED"
    console.print(f"{name}: {word}, {_cpu_seconds() - began:.0f} CPU s", highlight=False)
    return verdict


def _cpu_seconds() -> float:
    """Of this process and of the programs that it has run."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
