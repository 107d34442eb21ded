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


@pdk.command()
def check() -> None:
    """Read the PDK's Liberty back with yosys, OpenSTA and our parser, and prove its logic.

    Exit status 1 with one line at the first fault.
    """
    from flow.pdk.check import check as run

    tree = room.resolve()
    click.echo(f"{tree}")
    reports = run(tree)
    click.echo(
        f"{'corner':14} {'yosys':>6} {'OpenSTA':>8} {'parser':>7} {'arcs':>7} {'points':>9} proved"
    )
    for r in reports:
        click.echo(
            f"{r.corner:14} {r.yosys_cells:6} {r.opensta_cells:8} {r.parser_cells:7} "
            f"{r.arcs:7} {r.table_points:9} {r.functions_proved} functions"
        )
