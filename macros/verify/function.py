"""Whether a macro works in SPICE, from its views: a march at the phases that its Liberty states."""

from __future__ import annotations

import re
from pathlib import Path

from macros.characterize.corners import CORNERS
from macros.characterize.functional import Functional, march, march_circuit
from macros.characterize.netlist import read_macro
from macros.shape import MacroShape

__all__ = ["march_views"]


def march_views(
    netlist: Path, liberty: Path, shape: MacroShape, words_per_row: int, corner: str, pdk: Path
) -> Functional:
    """Write and read several addresses of a macro's netlist at a corner, with clk0 high and low for
    the least times of its Liberty file.

    Raises `ValueError` for a Liberty file that states none, `SpiceError` where ngspice is missing.
    """
    circuit = march_circuit(read_macro(netlist, shape.name), shape, words_per_row)
    text = liberty.read_text()
    high, low = (_stated(text, f"min_pulse_width_{level}", liberty) for level in ("high", "low"))
    period = max(high + low, _stated(text, "min_period", liberty))
    return march(pdk, CORNERS[corner], circuit, shape, (high, period - high))


def _stated(text: str, attribute: str, path: Path) -> float:
    match = re.search(rf"\b{attribute} : ([^;]+);", text)
    if match is None:
        raise ValueError(f"{path.name} states no {attribute}")
    return float(match[1])
