"""`spikeout run`: take a chip through the flow."""

from __future__ import annotations

import os
from pathlib import Path

import click

from flow.commands.options import build_option
from flow.doctor import MODE

__all__ = ["run"]


@click.command()
@click.argument("chip")
@click.option(
    "--network",
    type=click.Path(dir_okay=False, path_type=Path),
    help="a .nir file that the chip must hold; it is kept in the run folder",
)
@click.option("--from", "frm", metavar="STAGE", help="go on with an earlier run at this stage")
@click.option("--to", metavar="STAGE", help="stop after this stage")
@click.option("--resume", is_flag=True, help="go on where an earlier run was stopped")
@click.option(
    "--mode",
    type=click.Choice(["embedded", "openlane"]),
    help="whose place and route  [default: openlane where OpenROAD and its PDK are, else embedded]",
)
@click.option("--tag", default="run", show_default=True, help="name of the run folder")
@click.option(
    "-c",
    "overrides",
    metavar="KEY=VAL",
    multiple=True,
    help="set a variable of LibreLane, for instance -c SYNTH_STRATEGY='DELAY 1'",
)
@build_option
@click.option("-v", "--verbose", is_flag=True, help="show what the tools print")
def run(
    chip: str,
    network: Path | None,
    frm: str | None,
    to: str | None,
    resume: bool,
    mode: str | None,
    tag: str,
    overrides: tuple[str, ...],
    build: Path,
    verbose: bool,
) -> None:
    """Take CHIP (a name from flow/chips or a YAML file) through the flow to its sign-off.

    Everything goes to build/CHIP/TAG, the finished chip to build/CHIP/TAG/final. Without --from or
    --resume the run starts afresh. Stages: lint, synthesis, floorplan, power, place, repair, clock,
    hold, route, eco, fill, timing, irdrop, gds, checks, signoff, or the id of a step. Exit status 0
    when the chip is signed off (with --to: when that stage was reached), 1 when a step fails or
    finds a fault, 2 when the chip, a stage or a variable is wrong.
    """
    if mode is not None:
        os.environ[MODE] = mode  # before the flow is imported, whose steps are those of the mode
    from flow.flow import STAGES, SYNTHESIS_REPORT
    from flow.run import FlowFailed, Wishes, run_chip
    from flow.summary import stage_rows

    try:
        wishes = Wishes(frm, to, resume, overrides, verbose)
        result = run_chip(chip, wishes, network=network, tag=tag, build=build)
    except FlowFailed as error:
        if error.folder is not None:
            _print(error.folder)
            click.echo("NOT signed off")
        raise
    rows = stage_rows(result.folder, STAGES)
    report = result.latest(SYNTHESIS_REPORT, "synthesis.rpt")
    if report and rows[-1].name == "synthesis":
        click.echo(report.read_text())
    last = _print(result.folder)
    verdict = "signed off" if last == "signoff" else f"not signed off: the run ends with {last}"
    click.echo(f"{verdict}\nrun folder: {result.folder}")


def _print(folder: Path) -> str:
    """The tables of a run's stages and of its sign-off; returns the name of the last stage."""
    from flow.flow import STAGES
    from flow.signoff.verdict import table
    from flow.steps.signoff import run_verdicts
    from flow.summary import stage_rows, summary

    rows = stage_rows(folder, STAGES)
    click.echo(summary(rows))
    if verdicts := run_verdicts(folder):
        click.echo(table(verdicts, folder))
    return rows[-1].name if rows else "nothing"
