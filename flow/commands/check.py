"""`spikeout check`: one sign-off check on one layout or netlist, without a run around it."""

from __future__ import annotations

import importlib

import click

__all__ = ["check"]

CHECKS = {
    "drc": ("flow.commands.check_drc", "design rules of a GDS file"),
    "lvs": ("flow.commands.check_lvs", "layout of a GDS file against its netlist"),
}
"""Check -> (module, what it does). The module holds a click command of that name; a new check adds
its module and a line here."""


class Checks(click.Group):
    """Imports a check when it is called."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(CHECKS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in CHECKS:
            return None
        command: click.Command = getattr(importlib.import_module(CHECKS[name][0]), name)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Checks"):
            formatter.write_dl([(name, text) for name, (_, text) in CHECKS.items()])


@click.group(cls=Checks)
def check() -> None:
    """One sign-off check: prints its verdict; exit status 1 when it fails or cannot judge."""
