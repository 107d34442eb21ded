"""Simulation models of the cells that a netlist uses, cut from the library's file.

A simulator that compiles 437 cells with four variants each spends more time on them than on the
chip; a netlist uses fifty or so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from flow.pdk.names import PdkError, view_path

__all__ = ["FUNCTIONAL", "cell_models"]

TWO_STATE = Path(__file__).with_name("two_state_primitives.v")

FUNCTIONAL = {"FUNCTIONAL": ""}
"""Preprocessor macro that chooses the models without timing."""

CLOCK_TO_OUTPUT = "`ifndef UNIT_DELAY\n`define UNIT_DELAY #0.1\n`endif\n"
"""Delay of a primitive's output, ns. Without one a macro's model, which wakes up after the
primitives have changed, would capture the inputs of the next cycle."""


def cell_models(tree: Path, masters: Iterable[str], *, two_state: bool = False) -> dict[str, str]:
    """File name -> Verilog: `cells.v` with the masters alone, `primitives.v` beside it.

    `two_state` chooses primitives without X, which compile and run faster. Raises `PdkError` naming
    a master that the library does not have.
    """
    library = view_path(tree, "verilog").read_text()
    bodies = [_cut(library, master) for master in sorted(set(masters))]
    if two_state:
        head, primitives = "`define UNIT_DELAY\n", TWO_STATE
    else:
        head, primitives = CLOCK_TO_OUTPUT, view_path(tree, "primitives")
    return {"cells.v": head + "\n".join(bodies), "primitives.v": primitives.read_text()}


def _cut(library: str, master: str) -> str:
    """All text between the guard of a cell and its end; open_pdks writes the same guards."""
    guard = f"{master.upper()}_V"
    found = re.search(rf"^`ifndef {guard}$.*?^`endif\s*//\s*{guard}$", library, re.M | re.S)
    if found is None:
        raise PdkError(f"the PDK has no Verilog model of {master}")
    return found.group(0) + "\n"
