"""Power grid: met1 rails in every row, met4 straps over them, met5 straps across."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flow.pnr.design import GROUND, POWER, Design, Supply
from flow.pnr.geometry import Rect
from flow.pnr.rules import MET1, MET2, MET3, MET4, MET5, ROW

__all__ = ["SUPPLY_VIAS", "PowerPlan", "make_power_grid", "supply_shapes", "via_cuts"]

RAIL_HALF = 240  # the rail of every hd cell

SUPPLY_VIAS = {
    MET2: (150, 170, (85, 55), (55, 85)),
    MET3: (200, 200, (85, 65), (65, 65)),
    MET4: (200, 200, (90, 65), (65, 65)),
    MET5: (800, 800, (190, 190), (310, 310)),
}
"""Metal above the cut -> cut side, cut spacing, enclosure (x, y) by the metal below and above."""


@dataclass(frozen=True)
class PowerPlan:
    """Width of the straps and the distance from one pair of straps to the next, in nm."""

    width: int = 1_600
    met4_pitch: int = 40_000
    met5_pitch: int = 40_000


def make_power_grid(design: Design, plan: PowerPlan) -> tuple[Design, dict[str, float]]:
    """Rails, straps and via stacks.

    Raises ValueError when the core is too small for one pair of straps in each direction.
    """
    supplies = _rails(design)
    macros = [design.box(k) for k in range(design.instances) if design.master(k).is_macro]
    vertical = _vertical_straps(design, plan, macros)
    horizontal = _horizontal_straps(design, plan)
    vias = _rail_stacks(supplies, vertical) + _strap_vias(vertical, horizontal)
    everything = sorted(supplies + vertical + horizontal + vias, key=lambda s: s.net)
    straps = len(vertical) + len(horizontal)
    return replace(design, supplies=tuple(everything)), {"power__strap__count": float(straps)}


def _rails(design: Design) -> list[Supply]:
    """One rail along each row edge; rows alternate N and FS, so that neighbours share it."""
    rails: dict[tuple[int, int, int], str] = {}
    for row in design.rows:
        right = row.x + row.sites * design.library.masters[TAP].width
        low, high = (POWER, GROUND) if row.orient & 1 else (GROUND, POWER)
        rails[row.x, right, row.y] = low
        rails[row.x, right, row.y + ROW] = high
    return [
        Supply(net, "rail", MET1, (x0, y - RAIL_HALF, x1, y + RAIL_HALF))
        for (x0, x1, y), net in sorted(rails.items())
    ]


TAP = "sky130_fd_sc_hd__tapvpwrvgnd_1"  # one site wide


def _positions(low: int, high: int, pitch: int, width: int, step: int) -> list[tuple[int, int]]:
    """Centres of the power and ground strap of every pair; pairs are centred in [low, high].

    `step` snaps the centres; the two straps of a pair are half a pitch apart.
    """
    count = max(1, (high - low) // pitch)
    distance = (high - low) / count
    if distance < 4 * width:
        raise ValueError(
            f"core of {high - low} nm is too small for a pair of power straps of {width} nm"
        )
    centres = []
    for k in range(count):
        start = low + k * distance
        pair = [round((start + distance * part) / step) * step for part in (0.25, 0.75)]
        centres.append((pair[0], pair[1]))
    return centres


def _vertical_straps(design: Design, plan: PowerPlan, macros: list[Rect]) -> list[Supply]:
    x0, y0, x1, y1 = design.core
    straps = []
    for power, ground in _positions(x0, x1, plan.met4_pitch, plan.width, 460):
        for net, x in ((POWER, power), (GROUND, ground)):
            left, right = x - plan.width // 2, x + plan.width // 2
            straps += [
                Supply(net, "strap", MET4, (left, low, right, high))
                for low, high in _free_spans(left, right, y0 - RAIL_HALF, y1 + RAIL_HALF, macros)
            ]
    return straps


MACRO_CLEARANCE = 1_000


def _free_spans(
    left: int, right: int, low: int, high: int, macros: list[Rect]
) -> list[tuple[int, int]]:
    """Parts of a vertical strap that stay clear of the macros."""
    spans, start = [], low
    for box in sorted(macros, key=lambda rect: rect[1]):
        if box[0] - MACRO_CLEARANCE < right and left < box[2] + MACRO_CLEARANCE:
            if box[1] - MACRO_CLEARANCE - start > 2 * ROW:
                spans.append((start, box[1] - MACRO_CLEARANCE))
            start = max(start, box[3] + MACRO_CLEARANCE)
    if high - start > 2 * ROW:
        spans.append((start, high))
    return spans


def _horizontal_straps(design: Design, plan: PowerPlan) -> list[Supply]:
    x0, y0, x1, y1 = design.core
    half = plan.width // 2
    return [
        Supply(net, "strap", MET5, (x0, y - half, x1, y + half))
        for pair in _positions(y0, y1, plan.met5_pitch, plan.width, 340)
        for net, y in zip((POWER, GROUND), pair, strict=True)
    ]


def _rail_stacks(rails: list[Supply], straps: list[Supply]) -> list[Supply]:
    """Via stacks from met1 to met4 where a strap crosses a rail of its own net."""
    stacks = []
    for strap in straps:
        for rail in rails:
            x0, x1 = strap.rect[0], strap.rect[2]
            y = (rail.rect[1] + rail.rect[3]) // 2
            crosses = rail.rect[0] <= x0 and x1 <= rail.rect[2]
            if rail.net == strap.net and crosses and strap.rect[1] <= y <= strap.rect[3]:
                stacks += [
                    Supply(rail.net, "via", layer, (x0, rail.rect[1], x1, rail.rect[3]))
                    for layer in (MET2, MET3, MET4)
                ]
    return stacks


def _strap_vias(vertical: list[Supply], horizontal: list[Supply]) -> list[Supply]:
    vias = []
    for v in vertical:
        for h in horizontal:
            x0, y0, x1, y1 = v.rect[0], h.rect[1], v.rect[2], h.rect[3]
            if (
                v.net == h.net
                and v.rect[1] <= y0
                and y1 <= v.rect[3]
                and h.rect[0] <= x0
                and x1 <= h.rect[2]
            ):
                vias.append(Supply(v.net, "via", MET5, (x0, y0, x1, y1)))
    return vias


def via_cuts(via: Supply) -> tuple[list[Rect], Rect, Rect]:
    """Cuts of a supply via, and the metal it needs below and above (nm)."""
    side, spacing, below, above = SUPPLY_VIAS[via.layer]
    x0, y0, x1, y1 = via.rect
    enclosure_x, enclosure_y = max(below[0], above[0]), max(below[1], above[1])
    cuts = [
        (x, y, x + side, y + side)
        for x in _spread(x0 + enclosure_x, x1 - enclosure_x, side, spacing)
        for y in _spread(y0 + enclosure_y, y1 - enclosure_y, side, spacing)
    ]
    bounds = (
        min(c[0] for c in cuts),
        min(c[1] for c in cuts),
        max(c[2] for c in cuts),
        max(c[3] for c in cuts),
    )
    return cuts, _grown(bounds, below), _grown(bounds, above)


def _grown(rect: Rect, by: tuple[int, int]) -> Rect:
    return rect[0] - by[0], rect[1] - by[1], rect[2] + by[0], rect[3] + by[1]


def _spread(low: int, high: int, side: int, spacing: int) -> list[int]:
    """Lower ends of as many cuts as fit into [low, high], centred, at least one."""
    count = max(1, (high - low + spacing) // (side + spacing))
    first = (low + high - count * side - (count - 1) * spacing) // 2 // 5 * 5
    return [first + k * (side + spacing) for k in range(count)]


def supply_shapes(supplies: tuple[Supply, ...] | list[Supply]) -> list[tuple[int, Rect]]:
    """(layer, rectangle) of all metal of a power grid, with the pads of its vias."""
    shapes = []
    for supply in supplies:
        if supply.kind == "via":
            _, below, above = via_cuts(supply)
            shapes += [(supply.layer - 1, below), (supply.layer, above)]
        else:
            shapes.append((supply.layer, supply.rect))
    return shapes
