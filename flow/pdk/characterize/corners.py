"""The three timing corners: process, temperature, supply and the axes of their tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

__all__ = ["CORNERS", "Corner"]

_POINTS = 7
WIDE_NS = 5.0
WIDE_PF = 5.0


@dataclass(frozen=True)
class Corner:
    """Conditions of a library.

    Members
    -------
    process, leakage_process: device models for timing and for leakage; the PDK has models of their
        own for leakage: `tt_leak` is typical, `leak` the worst case.
    celsius, volt: temperature and supply.
    slew_ns: input transitions (20 % to 80 %) of the delay tables.
    constraint_slew_ns: transitions of the setup and hold tables.
    state: which state of the other inputs stands for an arc, the `slowest`, or the `fastest` where
        the corner serves hold checks; the released libraries choose alike.
    largest_pf: end of the load axis; None where the cell's drive decides.
    """

    name: str
    process: str
    leakage_process: str
    celsius: float
    volt: float
    slew_ns: tuple[float, ...]
    constraint_slew_ns: tuple[float, ...]
    state: str = "slowest"
    largest_pf: float | None = None

    @property
    def slowest_ns(self) -> float:
        return self.slew_ns[-1]

    def standing(self, delays: Sequence[float]) -> int:
        """Index of the delay that stands for all; one that is not finite counts as endless."""
        ends = [delay if math.isfinite(delay) else math.inf for delay in delays]
        return ends.index(min(ends) if self.state == "fastest" else max(ends))

    def wide(self) -> Corner:
        """The corner with the axes that the released library gives its largest buffers."""
        return replace(self, slew_ns=geometric(self.slew_ns[0], WIDE_NS), largest_pf=WIDE_PF)


def geometric(first: float, last: float, count: int = _POINTS) -> tuple[float, ...]:
    """Axis of `count` points from `first` to `last`, each the same multiple of the one before."""
    step = (last / first) ** (1 / (count - 1))
    return tuple(float(f"{first * step**k:.6g}") for k in range(count))


_FAST_AXIS, _SLOW_AXIS = geometric(0.01, 1.5), geometric(0.01, 5.0)
CORNERS = {
    corner.name: corner
    for corner in (
        Corner("tt_025C_1v80", "tt", "tt_leak", 25, 1.80, _FAST_AXIS, (0.01, 0.5, 1.5)),
        Corner("ss_100C_1v60", "ss", "leak", 100, 1.60, _SLOW_AXIS, (0.01, 2.5, 5.0)),
        Corner("ff_n40C_1v95", "ff", "leak", -40, 1.95, _FAST_AXIS, (0.01, 0.5, 1.5), "fastest"),
    )
}
