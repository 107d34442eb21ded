"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["build_option"]

build_option = click.option(
    "--build",
    default="build",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="folder of all runs",
)
