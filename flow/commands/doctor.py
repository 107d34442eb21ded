"""`spikeout doctor`."""

from __future__ import annotations

import click

from flow import doctor as room

__all__ = ["doctor"]


@click.command()
def doctor() -> int:
    """Tell which mode this machine gets, each tool with its version, and what is missing.

    Exit status 1 when something is missing; the last lines are the commands that install it.
    """
    return room.main([])
