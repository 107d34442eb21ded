"""`spikeout report`."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["report"]


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="where the page goes  [default: report.html in the run folder]",
)
def report(runs: tuple[Path, ...], output: Path | None) -> None:
    """Write the HTML report of a run, or of two runs side by side.

    RUNS are run folders or names of chips, whose latest run is meant; without one: digits.
    """
    from flow.report import write_comparison, write_report

    if len(runs) > 2:
        raise click.UsageError("a report shows one run or compares two")
    if len(runs) == 2:
        click.echo(write_comparison(_folder(runs[0]), _folder(runs[1]), output))
    else:
        click.echo(write_report(_folder(runs[0] if runs else Path("digits")), output))


def _folder(run: Path) -> Path:
    """A run folder: the path itself, or the latest run of a chip of that name."""
    candidates = (run, Path("build") / run / "latest", Path("build") / run / "run")
    for folder in candidates:
        if (folder / "resolved.json").is_file():
            return folder
    raise ValueError(f"{run} is neither a run folder nor a chip with a run: `spikeout run {run}`")
