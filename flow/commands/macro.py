"""`spikeout macro`: the cells of our SRAM technology and their proof."""

from __future__ import annotations

from pathlib import Path

import click

from macros.shape import MacroShape

__all__ = ["macro"]


@click.group()
def macro() -> None:
    """SRAM macros: Verilog model, cells, their checks and their margins."""


@macro.command()
@click.argument("name")
@click.option("--output", type=click.Path(path_type=Path), help="File to write; else the terminal.")
def verilog(name: str, output: Path | None) -> None:
    """Write the behavioural Verilog of a macro, such as sram_512x32."""
    from macros.store import atomic_write
    from macros.views.verilog import behavioural_verilog

    text = behavioural_verilog(MacroShape.from_name(name))
    if output is None:
        click.echo(text, nl=False)
    else:
        atomic_write(output, text)


@macro.command()
@click.option("--output", type=click.Path(path_type=Path), help="Folder for a GDS of each cell.")
def cells(output: Path | None) -> None:
    """Draw every cell; check its design rules and compare it with its schematic.

    Exit status 1 when a cell fails.
    """
    from macros.verify.cells import check_cells

    click.echo(f"{'cell':18} {'um x um':>15} {'devices':>8} {'DRC':>4}  LVS")
    failed = []
    for report in check_cells(output):
        click.echo(
            f"{report.name:18} {report.width_nm / 1000:7.3f}{report.height_nm / 1000:8.3f} "
            f"{report.devices:8} {len(report.markers):4}  "
            f"{'match' if not report.differences else report.differences[0]}"
        )
        if report.markers or report.differences:
            failed.append(report.name)
    if failed:
        raise RuntimeError(f"cells that fail: {', '.join(failed)}")


@macro.command()
@click.option("--samples", default=0, show_default=True, help="Cells with mismatch to simulate.")
def margins(samples: int) -> None:
    """Simulate the bit cell's margins at every corner, and under mismatch at the worst ones."""
    from flow import pdk
    from macros.proof.report import margin_report

    for line in margin_report(pdk.resolve(timing=False), samples):
        click.echo(line)


@macro.command()
@click.argument("name")
def build(name: str) -> None:
    """Build a macro (not possible yet: says so)."""
    shape = MacroShape.from_name(name)
    raise RuntimeError(
        f"{shape.name} cannot be built yet: OpenRAM places and wires it with our cells, but its "
        "supplies are not routed and its layout does not match its netlist; "
        f"`spikeout macro verilog {shape.name}` gives the behavioural model"
    )


@macro.command()
@click.argument("name")
def verify(name: str) -> None:
    """Verify a macro (none is shipped yet: says so)."""
    raise RuntimeError(
        f"{MacroShape.from_name(name).name} is not shipped yet; `spikeout macro cells` and "
        "`spikeout macro margins` verify the cells it will be made of"
    )
