"""`spikeout check drc`: design rules of a GDS file."""

from __future__ import annotations

from pathlib import Path

import click

from flow.commands.check_output import conclude

__all__ = ["drc"]


@click.command()
@click.argument("gds", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--top", help="cell to check, when the file has several top cells")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="findings folder")
@click.option(
    "--deck",
    "official",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="official sky130A_mr.drc to run as well, with the klayout program",
)
def drc(gds: Path, top: str | None, out: Path | None, official: Path | None) -> None:
    """Check the design rules of GDS; findings go to drc.lyrdb and drc.json."""
    from flow.signoff.drc import check_drc

    folder = out or Path("build") / "check" / gds.stem
    verdicts = [check_drc(gds, folder, top)]
    if official is not None:
        from flow.signoff.official import check_official_drc

        verdicts.append(check_official_drc(gds, official, folder, top))
    conclude(verdicts)
