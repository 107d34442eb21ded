"""`spikeout pnr`: place and route one gate-level netlist."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["pnr"]


@click.command()
@click.argument("netlist", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="result folder")
@click.option("--top", help="top module, when the netlist has several")
@click.option("--clock", help="clock port; without it no clock tree is built")
@click.option(
    "--period", type=float, help="clock period in ns: timing is repaired at all corners (OpenSTA)"
)
@click.option("--utilisation", type=float, default=0.6, show_default=True)
@click.option("--aspect", type=float, default=1.0, show_default=True, help="height / width")
@click.option("--die", type=(float, float), help="die width and height in um")
@click.option(
    "--macro",
    "places",
    type=(str, float, float, str),
    multiple=True,
    help="instance, x, y in um and orientation of a macro",
)
@click.option(
    "--lef", "lefs", multiple=True, type=click.Path(exists=True, path_type=Path), help="macro LEF"
)
@click.option(
    "--gds", "gds", multiple=True, type=click.Path(exists=True, path_type=Path), help="macro GDS"
)
@click.option(
    "--lib",
    "libs",
    type=(str, click.Path(exists=True, dir_okay=False, path_type=Path)),
    multiple=True,
    help="timing corner and Liberty of a macro there",
)
@click.option("--from", "first", default="floorplan", show_default=True, help="stage to start from")
def pnr(
    netlist: Path,
    out: Path | None,
    top: str | None,
    clock: str | None,
    period: float | None,
    utilisation: float,
    aspect: float,
    die: tuple[float, float] | None,
    places: tuple[tuple[str, float, float, str], ...],
    lefs: tuple[Path, ...],
    gds: tuple[Path, ...],
    libs: tuple[tuple[str, Path], ...],
    first: str,
) -> None:
    """Place and route NETLIST (yosys JSON of sky130_fd_sc_hd cells) to DEF, GDS and Verilog."""
    from flow import pdk
    from flow.pnr.cell_library import read_library
    from flow.pnr.floorplan import Floorplan, MacroPlace
    from flow.pnr.netlist import read_netlist
    from flow.pnr.pipeline import Plan, run_pnr
    from flow.pnr.timing.constraints import chip_constraints
    from flow.pnr.timing.repair import TimingPlan

    if period is not None and (clock is None or period <= 0):
        raise ValueError(f"--period {period:g}: it must be above 0, and --clock must name the port")
    tree = pdk.resolve(timing=period is not None)
    library = read_library(tree, lefs, gds)
    timing = None
    if clock and period:
        macros = {corner: tuple(p for c, p in libs if c == corner) for corner, _ in libs}
        timing = TimingPlan(chip_constraints(tree, clock, period, macros), clock)
    plan = Plan(
        floorplan=Floorplan(
            utilisation=utilisation,
            aspect=aspect,
            die=(_nm(die[0]), _nm(die[1])) if die else None,
            macros={name: MacroPlace(_nm(x), _nm(y), turn) for name, x, y, turn in places},
        ),
        clock=clock,
        timing=timing,
    )
    folder = out or Path("build") / "pnr" / netlist.stem
    design, metrics = run_pnr(
        read_netlist(netlist, library, top),
        plan,
        folder,
        library=library,
        first=first,
        report=lambda line: click.echo(line, err=True),
    )
    click.echo(
        f"{design.name}: {design.nets} nets, {metrics.get('route__wirelength', 0) / 1e3:.2f} mm"
        f" of wire, {metrics['layout__pins__compared']:.0f} pins in the GDS: no open, no short"
    )
    if timing:
        click.echo(
            f"timing at {period:g} ns, all corners: setup"
            f" {metrics['timing__repair__setup__ws__final']:+.3f} ns, hold"
            f" {metrics['timing__repair__hold__ws__final']:+.3f} ns,"
            f" {metrics['timing__repair__transition_vio__final']:.0f} slow transitions"
        )
    click.echo(f"results in {folder}")


def _nm(um: float) -> int:
    return round(um * 1000)
