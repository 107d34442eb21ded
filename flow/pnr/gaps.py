"""Free sites between the cells of a placement."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence

import numpy as np

from flow.pnr.design import Design
from flow.pnr.rules import ROW, SITE

__all__ = ["Gaps"]

FARTHEST = 40_000  # nm, how far from the wanted place a gap may be


class Gaps:
    """The gaps of all rows, as if the instances `without` were not there; `take` hands out sites
    and remembers."""

    def __init__(self, design: Design, without: Sequence[int] = ()) -> None:
        self._rows: list[tuple[int, int, list[tuple[int, int]]]] = []
        widths, heights = design.sizes()
        there = np.ones(design.instances, bool)
        there[list(without)] = False
        for row in design.rows:
            inside = there & (design.y < row.y + ROW) & (design.y + heights > row.y)
            end = row.x + row.sites * SITE
            inside &= (design.x < end) & (design.x + widths > row.x)
            taken = np.column_stack([design.x[inside], design.x[inside] + widths[inside]])
            free, at = [], row.x
            for left, right in [*sorted(taken.tolist()), [end, end]]:
                if left > at:
                    free.append((at, left))
                at = max(at, right)
            self._rows.append((row.y, row.orient, free))

    def take(
        self, x: int, y: int, sites: int, farthest: int = FARTHEST
    ) -> tuple[int, int, int] | None:
        """The place nearest to (x, y) with `sites` free sites: x, y and orientation of its row, or
        None when there is none within `farthest` nm."""
        width = sites * SITE
        best: tuple[int, int, int, int] | None = None  # distance, row, gap, x
        for number, (row_y, _, free) in enumerate(self._rows):
            far = abs(row_y - y)
            if far > farthest or (best and far >= best[0]):
                continue
            for k, (left, right) in enumerate(free):
                if right - left < width:
                    continue
                at = left + (min(max(x, left), right - width) - left) // SITE * SITE
                if best is None or far + abs(at - x) < best[0]:
                    best = (far + abs(at - x), number, k, at)
        if best is None or best[0] > farthest:
            return None
        _, number, k, at = best
        row_y, orient, free = self._rows[number]
        left, right = free.pop(k)
        for piece in ((left, at), (at + width, right)):
            if piece[1] > piece[0]:
                insort(free, piece)
        return at, row_y, orient
