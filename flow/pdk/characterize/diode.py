"""The antenna diode: an n-type junction to the substrate, with neither transistor nor output.

Its drawn junction must be the one of the PDK's netlist; what a ramp on it takes is measured with
the PDK's diode model, like the capacitance of any input.
"""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import klayout.db as kdb
import numpy as np

from flow.pdk.characterize.bench import SLEW_SPAN, START_NS
from flow.pdk.characterize.combinational import capacitance
from flow.pdk.characterize.corners import Corner
from flow.pdk.characterize.coupling import capacitances
from flow.pdk.characterize.extract import PIXEL_UM, ExtractionError, geometry
from flow.pdk.characterize.netlist import Device, Netlist
from flow.pdk.characterize.raster import Layout
from macros.spice import parse_measures, simulate

__all__ = ["characterize", "extract", "leakage"]

MODEL = "diode_pw2nd_05v5"
PIN = "DIODE"
_BULK = "VNB"


def extract(layout: kdb.Layout, spice: str, cell: str) -> Netlist:
    """The junction as a `Device` with a drain only, and the capacitance of its wires.

    Raises `ExtractionError` where the drawn junction is not that of the SPICE text.
    """
    card = re.search(
        rf"^\.subckt {cell} (.*)\nXD0 {_BULK} {PIN} sky130_fd_pr__{MODEL} perim=(\S+) area=(\S+)$",
        spice,
        re.MULTILINE,
    )
    if card is None:
        raise ExtractionError(f"{cell}: the PDK's netlist has no {MODEL} from {_BULK} to {PIN}")
    ports = tuple(card[1].split())
    drawn = geometry(Layout(layout, cell), ports)
    own = [n for (layer, n), net in drawn.net.items() if layer == "diff" and net == PIN]
    pixels = np.isin(drawn.image["diff"], own)
    area = float(pixels.sum() * PIXEL_UM**2)
    rim = sum(int(np.count_nonzero(np.diff(pixels, axis=axis))) for axis in (0, 1)) * PIXEL_UM
    if not np.allclose((rim, area), (float(card[2]) * 1e-6, float(card[3]) * 1e-12), rtol=1e-6):
        raise ExtractionError(f"{cell}: drawn junction is {area:.4f} um2, {rim:.3f} um around")
    junction = Device(MODEL, 0, 0, PIN, PIN, _BULK, _BULK, drain_area_um2=area, drain_rim_um=rim)
    return Netlist(cell, ports, (junction,), dict(sorted(capacitances(drawn).items())))


def characterize(pdk: Path, corner: Corner, netlist: Netlist) -> dict[str, Any]:
    """A record as `combinational.characterize` gives it, without outputs."""
    ramps = list(product(corner.slew_ns, (True, False)))
    control = []
    for number, (slew, rises) in enumerate(ramps):
        begin, end = START_NS, START_NS + slew / SLEW_SPAN
        first, last = (0.0, corner.volt) if rises else (corner.volt, 0.0)
        control += [
            "destroy all",
            f"alter @vpin[pwl] = [ 0 {first} {begin:.6f}n {first} {end:.6f}n {last} ]",
            f"tran {slew / 50:.6f}n {end:.6f}n",
            f"meas tran q{number} integ i(vpin) from=0 to={end:.6f}n",
        ]
    values = parse_measures(simulate(_deck(pdk, corner, netlist, control)))
    charges: dict[bool, list[float]] = {True: [], False: []}
    for number, (_, rises) in enumerate(ramps):
        charges[rises].append(abs(values[f"q{number}"][0]) * 1e12 / corner.volt)
    return {
        "axes": {},
        "timing": [],
        "capacitance": {PIN: capacitance(charges)},
        "input_energy": {},
        "functions": {},
    }


def leakage(pdk: Path, corner: Corner, netlist: Netlist) -> list[tuple[dict[str, bool], float]]:
    """(state, nW) of the pin low and high."""
    found = []
    for high in (False, True):
        volt = corner.volt if high else 0.0
        control = [f"alter vpin dc = {volt}", "op", f"let p0 = -{volt}*i(vpin)", "print p0"]
        values = parse_measures(simulate(_deck(pdk, corner, netlist, control)))
        found.append(({PIN: high}, values["p0"][0] * 1e9))
    return found


def _deck(pdk: Path, corner: Corner, netlist: Netlist, control: list[str]) -> str:
    """The junction and its wires to quiet nets; the model takes um2 and um."""
    (junction,) = netlist.devices
    wires = sum(value for pair, value in netlist.capacitance_ff.items() if PIN in pair)
    lines = [
        f"* {netlist.name} at {corner.name}",
        *(f".param {name}={value}" for name, value in _multipliers(pdk, corner.process).items()),
        _model(pdk),
        ".option gmin=1e-18",
        f".temp {corner.celsius}",
        "vpin pin 0 dc 0 pwl(0 0 1n 0)",
        f"d1 0 pin sky130_fd_pr__{MODEL} area={junction.drain_area_um2:.6g} "
        f"pj={junction.drain_rim_um:.6g}",
        f"c1 pin 0 {wires:.6g}f",
        ".save i(vpin)",
    ]
    return "\n".join([*lines, ".control", *control, "quit 0", ".endc", ".end", ""])


def _model(pdk: Path) -> str:
    """The PDK's model without its knee currents: ngspice objects to the reverse one of 0, and
    neither matters to a junction that never conducts."""
    path = pdk / f"libs.ref/sky130_fd_pr/spice/sky130_fd_pr__{MODEL}.model.spice"
    return re.sub(r"^\+ ikr? = .*\n", "", path.read_text(), flags=re.MULTILINE)


def _multipliers(pdk: Path, process: str) -> dict[str, str]:
    """How much larger than typical the junction capacitances are at a process corner."""
    text = (pdk / f"libs.tech/ngspice/corners/{process}/nonfet.spice").read_text()
    pattern = r"^\+ (sky130_fd_pr__nfet_01v8__[ap]junction_mult) = (\S+)"
    return dict(re.findall(pattern, text, re.MULTILINE))
