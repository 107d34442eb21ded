"""`spikeout view`: open the layout of a run in KLayout."""

from __future__ import annotations

from pathlib import Path

import click

from flow.commands.options import build_option

__all__ = ["view"]


@click.command()
@click.argument("chip", default="digits")
@click.option("--tag", help="the run; without it the latest one")
@build_option
def view(chip: str, tag: str | None, build: Path) -> None:
    """Open the GDS of CHIP (digits when it is left out) in KLayout, with the PDK's layer colours
    where it has them."""
    import shutil
    import subprocess

    from flow.viewer import layer_colours, newest_layout

    layout = newest_layout(chip, tag, build)
    program = shutil.which("klayout")
    if program is None:
        raise RuntimeError(f"klayout is missing; apt-get install klayout, then open {layout}")
    colours = layer_colours()
    options = ["-l", str(colours)] if colours else []
    subprocess.run([program, *options, str(layout)], check=False)
