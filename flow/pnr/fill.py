"""Fill every gap of every row with decap and filler cells, so that wells and rails are whole."""

from __future__ import annotations

import numpy as np

from flow.pnr.design import FIXED, Design
from flow.pnr.rules import SITE

__all__ = ["fill_rows"]

CELLS = "sky130_fd_sc_hd__"
DECAPS = ("decap_12", "decap_8", "decap_6", "decap_4", "decap_3")
FILLERS = ("fill_2", "fill_1")


def fill_rows(design: Design, decap_share: float = 0.2) -> tuple[Design, dict[str, float]]:
    """Put fillers into all gaps; decoupling cells take about `decap_share` of the free sites, the
    widest gaps first, since a decap leaks and its met1 has no room to spare in a narrow gap.

    Raises RuntimeError when a row cannot be filled, which means that cells overlap.
    """
    gaps = _gaps(design)
    free = sum(sites for _, _, _, sites in gaps)
    budget = round(free * decap_share)
    names: list[str] = []
    masters: list[str] = []
    xs: list[int] = []
    ys: list[int] = []
    orients: list[int] = []
    decap_sites = 0
    for x, y, orient, sites in sorted(gaps, key=lambda gap: (-gap[3], gap[1], gap[0])):
        site = 0
        while site < sites:
            kinds = (*DECAPS, *FILLERS) if decap_sites < budget else FILLERS
            width, kind = next(
                (width, CELLS + kind)
                for kind in kinds
                if (width := design.cell_library.masters[CELLS + kind].width // SITE)
                <= sites - site
            )
            names.append(f"fill_{len(names)}")
            masters.append(kind)
            xs.append(x + site * SITE)
            ys.append(y)
            orients.append(orient)
            decap_sites += width if "decap" in kind else 0
            site += width
    filled = design.with_instances(names, masters, xs, ys, orients, FIXED)
    metrics = {
        "design__instance__count__fill": float(len(names)),
        "design__decap__share": decap_sites / max(free, 1),
    }
    return filled, metrics


def _gaps(design: Design) -> list[tuple[int, int, int, int]]:
    """(x, y, orientation, sites) of every run of free sites."""
    widths, _ = design.sizes()
    in_row: dict[int, list[tuple[int, int]]] = {}
    for k in np.flatnonzero(
        ~np.array([m.is_macro for m in design.master_objects()])[design.master_of]
    ):
        in_row.setdefault(int(design.y[k]), []).append((int(design.x[k]), int(widths[k])))
    gaps = []
    for row in design.rows:
        end = row.x + row.sites * SITE
        at = row.x
        for x, width in sorted(in_row.get(row.y, [])):
            if not row.x <= x < end:
                continue
            if x < at:
                raise RuntimeError(f"cells overlap in the row at y = {row.y} nm, x = {x} nm")
            if x > at:
                gaps.append((at, row.y, row.orient, (x - at) // SITE))
            at = x + width
        if at < end:
            gaps.append((at, row.y, row.orient, (end - at) // SITE))
    return gaps
