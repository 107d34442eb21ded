"""`spikeout pdk`: build and check the PDK; characterise its cells and compare the result."""

from __future__ import annotations

import importlib

import click

from flow import pdk as room

__all__ = ["pdk"]

ELSEWHERE = {
    "characterize": "flow.commands.pdk_characterize",
    "compare": "flow.commands.pdk_compare",
}
"""Commands that load only when they are called."""


class PdkGroup(click.Group):
    """`build` and `check` stand here, the others in modules of their own."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), *ELSEWHERE])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in ELSEWHERE:
            return getattr(importlib.import_module(ELSEWHERE[name]), name)
        return super().get_command(context, name)


@click.group(cls=PdkGroup)
def pdk() -> None:
    """The sky130A tree: yours in $PDK_ROOT, or the embedded one."""


@pdk.command()
def build() -> None:
    """Print the folder of the PDK in use; build the embedded one when it is missing."""
    click.echo(room.resolve())
