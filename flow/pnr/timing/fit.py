"""A legal place for a few new or resized cells, without moving any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flow.pnr.design import PLACED, Design
from flow.pnr.gaps import Gaps
from flow.pnr.placement import legalise
from flow.pnr.rules import SITE

__all__ = ["fit"]

BESIDE = 1
"""Free sites that stay to the right of each cell, where there is room, for the router."""


def fit(
    design: Design, changed: Sequence[int], effort: int = 3, beside: int = BESIDE
) -> tuple[Design, float]:
    """Put the cells `changed` into the gaps nearest to where they stand, with `beside` free sites
    if there is room; returns the design and how far the farthest went (nm). When one finds no gap,
    the whole placement is made legal anew."""
    gaps = Gaps(design, changed)
    widths, _ = design.sizes()
    x, y, orient = design.x.copy(), design.y.copy(), design.orient.copy()
    status = design.status.copy()
    farthest = 0
    anywhere = design.die[2] + design.die[3]
    for instance in sorted(changed, key=lambda k: (-int(widths[k]), k)):
        sites = -(-int(widths[instance]) // SITE)
        wanted = int(x[instance]), int(y[instance])
        spot = gaps.take(*wanted, sites + beside, anywhere) or gaps.take(*wanted, sites, anywhere)
        if spot is None:
            return legalise(design, effort=effort)[0], float("inf")
        x[instance], y[instance] = spot[:2]
        orient[instance] = spot[2] | (orient[instance] & 2)
        status[instance] = PLACED
        farthest = max(farthest, abs(spot[0] - wanted[0]) + abs(spot[1] - wanted[1]))
    return replace(design, x=x, y=y, orient=orient, status=status), float(farthest)
