"""`spikeout rtl`: write a chip's Verilog."""

from __future__ import annotations

from pathlib import Path

import click

from flow.chips import chip_file
from rtl.config import load_chip
from rtl.verilog import write_verilog

__all__ = ["rtl"]


@click.command()
@click.argument("chip")
@click.option(
    "-o",
    "--output",
    default="build/rtl",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="folder for <chip>.v and one black box per SRAM macro",
)
def rtl(chip: str, output: Path) -> None:
    """Write the Verilog of CHIP, a name from flow/chips or a YAML file."""
    for path in write_verilog(load_chip(chip_file(chip)), output):
        click.echo(path)
