"""The corners at which macros are characterised, and the axes of their tables."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CORNERS", "Corner"]


@dataclass(frozen=True)
class Corner:
    """Conditions of a library.

    Members
    -------
    process, leakage_process: device models for timing and for leakage (of macros.spice.PROCESSES).
    volt, celsius: supply and temperature.
    """

    name: str
    process: str
    leakage_process: str
    volt: float
    celsius: float


CORNERS = {
    corner.name: corner
    for corner in (
        Corner("tt_025C_1v80", "tt", "tt_leak", 1.80, 25),
        Corner("ss_100C_1v60", "ss", "leak", 1.60, 100),
        Corner("ff_n40C_1v95", "ff", "leak", 1.95, -40),
    )
}
