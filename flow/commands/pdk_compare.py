"""`spikeout pdk compare`: our Liberty against another one."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["compare"]


@click.command()
@click.option(
    "--reference",
    "references",
    required=True,
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Liberty file (.lib or .lib.xz) or a folder of them; corners match by library name.",
)
@click.option(
    "--ours",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of our libraries. Default: the committed ones.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for a table of all cells (CSV) and plots (PNG), one of each per corner.",
)
def compare(references: tuple[Path, ...], folder: Path | None, output: Path | None) -> None:
    """Print how far our libraries are from reference ones, quantity by quantity.

    Exit status 1 when a bar is missed.
    """
    from flow.pdk import build
    from flow.pdk import compare as room
    from macros.store import atomic_write

    where = folder or build.LIBERTY
    met = True
    for path in sorted(_files(references)):
        reference = room.read(path)
        own = where / f"{reference.name}.lib.xz"
        if not own.is_file():
            raise ValueError(f"reference must be a library that we have too, not {reference.name}")
        found = room.compare(room.read(own), reference)
        slack = 1.0 if "__tt_" in reference.name else 1.5
        cells = len({item.cell for item in found})
        click.echo(f"{reference.name}: {cells} cells")
        click.echo(
            f"  {'quantity':12} {'values':>8} {'median':>9} {'bar':>7} {'95 %':>9} {'bar':>7}"
        )
        for line in room.summary(found, slack):
            met &= line.met
            click.echo(_row(line))
        if output:
            output.mkdir(parents=True, exist_ok=True)
            atomic_write(output / f"{reference.name}.csv", room.to_csv(found))
            room.plot(found, output / f"{reference.name}.png", f"{reference.name}: {cells} cells")
    if not met:
        raise SystemExit(1)


def _row(line) -> str:
    def show(value: float) -> str:
        if value == float("inf"):
            return "-"
        return f"{value * 1000:.1f} ps" if line.unit == "ns" else f"{value:.2f} %"

    verdict = "met" if line.met else "MISSED"
    return (
        f"  {line.quantity:12} {line.count:8} {show(line.median):>9} {show(line.bar.median):>7} "
        f"{show(line.most):>9} {show(line.bar.most):>7}  bias {show(line.bias):>9}  {verdict}"
    )


def _files(references: tuple[Path, ...]) -> list[Path]:
    files = []
    for path in references:
        files += [*path.glob("*.lib"), *path.glob("*.lib.xz")] if path.is_dir() else [path]
    if not files:
        raise ValueError("reference must hold Liberty files, it has none")
    return files
