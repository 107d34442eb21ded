"""The report of a run: one HTML page that needs no network.

`collect` reads a run's folder, `geometry` packs its layout for the viewer, `page` renders both,
`compare` puts two runs side by side.
"""

from __future__ import annotations

from pathlib import Path

from macros.store import atomic_write

__all__ = ["write_comparison", "write_report"]


def write_report(folder: Path, output: Path | None = None) -> Path:
    """Write the report of the run in a folder; returns its path. Raises `ValueError` when the
    folder holds no finished step."""
    from flow.report.collect import read_run
    from flow.report.page import render

    path = output or folder / "report.html"
    atomic_write(path, render(read_run(folder)))
    return path


def write_comparison(first: Path, second: Path, output: Path | None = None) -> Path:
    """Write the page that compares two runs; returns its path, `comparison.html` beside the second
    run's report unless `output` says otherwise."""
    from flow.report.collect import read_run
    from flow.report.compare import render

    path = output or second / "comparison.html"
    atomic_write(path, render(read_run(first), read_run(second)))
    return path
