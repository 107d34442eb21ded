"""What OpenSpike published (arXiv 2302.01015 and the sign-off files of its repository)."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PUBLISHED", "Published"]

PAPER = "arXiv 2302.01015"


class Published(NamedTuple):
    """A published figure and where it stands."""

    figure: str
    source: str


PUBLISHED = {
    "area": Published("33.3 mm²", PAPER),
    "neurons": Published("1024 per layer", PAPER),
    "synapses": Published("1 M of one bit", PAPER),
    "clock": Published("40 MHz claimed, 24.4 MHz in its sign-off report", f"{PAPER}; repository"),
    "inference": Published("20.72 µs per time step", PAPER),
    "energy": Published("none published", PAPER),
    "efficiency": Published("56.8 GOPS/W", PAPER),
    "pnr_time": Published("9 h 56 min on 16 threads", "run report in its repository"),
    "pnr_memory": Published("42.6 GB", "run report in its repository"),
    "gate_simulation": Published("none published", PAPER),
}
"""Quantity -> figure."""
