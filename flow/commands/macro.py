"""`spikeout macro`: the cells of our SRAM technology and their proof."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from macros.shape import MacroShape
from macros.store import atomic_write

if TYPE_CHECKING:
    from macros.generator.build import Evidence
    from macros.technology.foundry import FoundryCell

__all__ = ["macro"]


_choose_cells = click.option(
    "--cells",
    type=click.Choice(["own", "foundry"]),
    default="own",
    show_default=True,
    help="Our cells, or those of sky130_fd_bd_sram in the PDK.",
)


@click.group()
def macro() -> None:
    """SRAM macros: build and verify them, their cells and their margins."""


@macro.command()
@click.argument("name")
@click.option("--output", type=click.Path(path_type=Path), help="File to write; else the terminal.")
def verilog(name: str, output: Path | None) -> None:
    """Write the behavioural Verilog of a macro, such as sram_512x32."""
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
@click.option(
    "--timing/--no-timing",
    default=None,
    help="Characterise it with ngspice as well: the default, except of the foundry's cells.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Folder for a copy of the views.")
@_choose_cells
def build(name: str, timing: bool | None, output: Path | None, cells: str) -> None:
    """Build the macro NAME, such as sram_64x16: layout, LEF, netlist, Verilog, Liberty.

    Kept in the cache by the content of everything that it is made from.
    """
    from flow import pdk
    from macros.generator.build import build as build_macro

    shape, foundry = MacroShape.from_name(name), _foundry_cells(cells)
    measured = timing if timing is not None else not foundry
    tree = pdk.resolve(timing=False) if measured else None
    with _progress() as report:
        views, evidence = build_macro(shape, tree, report, foundry)
    if evidence is None:
        click.echo(f"{name} was built before")
    else:
        _say(name, evidence)
    for path in views.files:
        if output is not None:
            atomic_write(output / path.name, path.read_bytes())
        click.echo(output / path.name if output is not None else path)


@macro.command()
@click.argument("name")
@click.option("--spice/--no-spice", default=True, help="March over some addresses in ngspice too.")
@_choose_cells
def verify(name: str, spice: bool, cells: str) -> None:
    """Check the views of a macro again: design rules, LVS, and a march in SPICE at each corner.

    Exit status 1 when the macro is not clean, or when there is none.
    """
    from flow import pdk
    from macros.generator.build import examine, words_per_row
    from macros.verify.function import march_views
    from macros.views import find_views

    views, shape = find_views(name, _foundry_cells(cells)), MacroShape.from_name(name)
    tree = pdk.resolve(timing=False) if spice and views.liberty else None
    with _progress() as report:
        report("design rules and LVS")
        evidence = examine(views.gds, views.spice, name)
        _say(name, evidence)
        failed = [] if evidence.clean else ["layout"]
        for corner, liberty in views.liberty.items() if tree is not None else ():
            assert tree is not None
            report(f"march at {corner}")
            run = march_views(views.spice, liberty, shape, words_per_row(shape), corner, tree)
            click.echo(f"SPICE: {run}")
            failed += [] if run.passed else [f"march at {corner}"]
    if tree is None:
        click.echo("SPICE: no march was run")
    if failed:
        raise RuntimeError(f"{name} fails: {', '.join(failed)}")


def _foundry_cells(cells: str) -> Sequence[FoundryCell]:
    """Those of the PDK when they are chosen, else none."""
    if cells == "own":
        return ()
    from flow import pdk
    from macros.technology.foundry import find_foundry_cells

    return find_foundry_cells(pdk.resolve(timing=False))


def _say(name: str, evidence: Evidence) -> None:
    match = evidence.differences[0] if evidence.differences else "match"
    click.echo(
        f"{name}: {evidence.width_nm / 1e3:.2f} x {evidence.height_nm / 1e3:.2f} um,"
        f" {evidence.area_mm2:.4f} mm2\n"
        f"DRC: {evidence.markers} markers{f' {evidence.rules}' if evidence.markers else ''}\n"
        f"LVS: {match}; {evidence.devices} devices, {evidence.nets} nets"
    )
    if evidence.foundry_markers:
        click.echo(
            f"in the foundry's bit cells and ends: {evidence.foundry_markers} places that ordinary"
            f" rules forbid, not judged here; {evidence.foundry_stubs} ends of diffusion under poly"
        )


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A line on standard error that names the step; plain lines when it is no terminal."""
    console = Console(stderr=True)
    with console.status("") as status:

        def report(step: str) -> None:
            status.update(step)
            if not console.is_terminal:
                console.print(step, highlight=False)

        yield report
