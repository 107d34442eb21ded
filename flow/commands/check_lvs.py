"""`spikeout check lvs`: a layout against its netlist, of gates or of devices."""

from __future__ import annotations

from pathlib import Path

import click

from flow.commands.check_output import conclude

__all__ = ["lvs"]


@click.command()
@click.argument("gds", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("netlist", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--top", help="cell and module to compare, when the files have several")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="findings folder")
def lvs(gds: Path, netlist: Path, top: str | None, out: Path | None) -> None:
    """Compare GDS with NETLIST.

    A powered Verilog netlist (.v) is compared gate by gate, differences go to lvs.txt; a SPICE
    netlist of a macro or a cell device by device, KLayout's database goes to lvs.lvsdb.
    """
    from flow.signoff.lvs import check_device_lvs, check_lvs

    compare = check_lvs if netlist.suffix == ".v" else check_device_lvs
    conclude([compare(gds, netlist, out or Path("build") / "check" / gds.stem, top)])
