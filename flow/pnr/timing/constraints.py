"""What a design is timed against: the cells at each corner, and an SDC with its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flow.pdk.names import CORNERS, liberty_path

__all__ = ["DEFAULTS", "SDC", "Constraints", "chip_constraints"]

SDC = Path(__file__).parents[2] / "constraints" / "chip.sdc"
CELL = "sky130_fd_sc_hd__"
DEFAULTS = {
    "IO_DELAY_CONSTRAINT": "20",
    "SYNTH_DRIVING_CELL": f"{CELL}inv_2/Y",
    "SYNTH_CLK_DRIVING_CELL": f"{CELL}clkbuf_8/X",
    "OUTPUT_CAP_LOAD": "33.442",
    "MAX_FANOUT_CONSTRAINT": "10",
    "CLOCK_UNCERTAINTY_CONSTRAINT": "0.25",
    "CLOCK_TRANSITION_CONSTRAINT": "0.15",
    "TIME_DERATING_CONSTRAINT": "5",
}
"""Values of `SDC` where there is no LibreLane configuration: its defaults for sky130_fd_sc_hd."""


@dataclass(frozen=True)
class Constraints:
    """`liberties`: corner -> its files; `sdc` reads its values from `environment`, whose names are
    LibreLane's."""

    liberties: Mapping[str, tuple[Path, ...]]
    sdc: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def slowest(self) -> str:
        """The corner that setup and transitions are repaired at: slow devices, if there are."""
        slow = (corner for corner in self.liberties if "ss" in corner)
        return next(slow, next(iter(self.liberties)))


def chip_constraints(
    tree: Path, clock: str, period_ns: float, macros: Mapping[str, tuple[Path, ...]] | None = None
) -> Constraints:
    """Constraints of a chip with one clock at all corners of a sky130A tree; `macros`: corner ->
    the Liberty files of its macros."""
    liberties = {
        corner: (liberty_path(tree, corner), *(macros or {}).get(corner, ())) for corner in CORNERS
    }
    values = {"CLOCK_PORT": clock, "CLOCK_PERIOD": f"{period_ns:g}"}
    return Constraints(liberties, SDC, DEFAULTS | values)
