"""Netgen with the set-up of an official PDK: magic's netlist of the layout against ours.

    verdict = check_netgen_lvs(gds, netlist, tree, folder, "digits", [macro_lef])

Cells are compared by their transistors with the PDK's SPICE, the chip by its cells with the powered
netlist; macros are black boxes, whose inside their own comparison has seen.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from flow.pdk.names import PROCESS, view_path
from flow.signoff.magic import extract
from flow.signoff.programs import printed_by, program_of
from flow.signoff.verdict import NoVerdict, Verdict
from macros.store import atomic_write

__all__ = ["SETUP", "check_netgen_lvs"]

SETUP = f"libs.tech/netgen/{PROCESS}_setup.tcl"
"""Netgen's set-up, in an official tree."""
EQUAL = re.compile(r"^(Final result: *)?Circuits match uniquely\.", re.MULTILINE)
UNEQUAL = re.compile(r"do not match|pin matching|property errors", re.IGNORECASE)
SCRIPT = """\
set layout [readnet spice {{{layout}}}]
set source [readnet verilog /dev/null]
readnet spice {{{cells}}} $source
readnet verilog {{{netlist}}} $source
lvs "$layout {top}" "$source {top}" {{{setup}}} lvs.out -json
quit
"""


def check_netgen_lvs(
    gds: Path, netlist: Path, tree: Path, out: Path, top: str, abstracts: Sequence[Path] = ()
) -> Verdict:
    """Compare a layout with its powered Verilog; netgen's report stays in `out`/lvs_netgen.txt.

    Raises `NoVerdict` when a program or a file of the PDK is missing, or one does not finish.
    """
    setup, cells = tree / SETUP, view_path(tree, "spice")
    for path in (setup, cells):
        if not path.is_file():
            raise NoVerdict(f"the PDK has no {path.relative_to(tree)}")
    program = program_of("netgen-lvs", "netgen-lvs")
    with tempfile.TemporaryDirectory(prefix="spikeout-netgen-") as name:
        work = Path(name)
        layout = extract(gds, tree, work, top, abstracts)
        files = {"layout": layout, "cells": cells, "netlist": netlist, "setup": setup}
        paths = {key: path.absolute() for key, path in files.items()}
        (work / "script.tcl").write_text(SCRIPT.format(top=top, **paths))
        layout_has_cells = os.environ | {"MAGIC_EXT_USE_GDS": "1"}  # the set-up asks for it
        said = printed_by([program, "-batch", "source", "script.tcl"], work, layout_has_cells)
        try:
            report = (work / "lvs.out").read_text()
            chip = json.loads((work / "lvs.json").read_text())[-1]
        except (OSError, ValueError, IndexError):
            last = [line for line in said.splitlines() if line.strip()][-1:]
            raise NoVerdict(f"netgen did not finish: {' '.join(last).strip()}") from None
    atomic_write(out / "lvs_netgen.txt", report)
    verdict = report[report.rfind("Subcircuit summary:") :]
    passed = bool(EQUAL.search(verdict)) and not UNEQUAL.search(verdict)
    differences = len(chip["badnets"]) + len(chip["badelements"])
    found = "circuits match" if passed else f"{differences} groups of nets and cells differ"
    nets, devices = chip["nets"][0], sum(count for _, count in chip["devices"][0])
    metrics = {"netgen__lvs_difference__count": differences}
    figure = f"{found} for netgen; {nets} nets, {devices} cells"
    return Verdict("lvs_netgen", passed, figure, out / "lvs_netgen.txt", metrics)
