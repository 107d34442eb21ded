"""Power grid: met1 rails in every row, met4 straps over them, met5 straps across."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flow.pnr.design import GROUND, POWER, Design, Supply
from flow.pnr.geometry import Rect, clearance_violated, placed
from flow.pnr.rules import LAYERS, MET1, MET2, MET3, MET4, MET5, ROW, SPACING

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
    """Width of the straps and the distance from one pair of straps to the next, in nm; `ring` lays
    a ring of each net around the core, met4 west and east (always there beside macros) and met5
    south and north, which all straps that end at the core's edge are drawn out to."""

    width: int = 1_600
    met4_pitch: int = 40_000
    met5_pitch: int = 40_000
    ring: bool = False


def make_power_grid(design: Design, plan: PowerPlan) -> tuple[Design, dict[str, float]]:
    """Rails, straps and via stacks.

    Raises ValueError when the core is too small for one pair of straps in each direction.
    """
    supplies = _rails(design)
    macros = [design.box(k) for k in range(design.instances) if design.master(k).is_macro]
    vertical = _vertical_straps(design, plan, macros)
    horizontal = _horizontal_straps(design, plan)
    vertical += _channel_straps(supplies, vertical, plan)
    if plan.ring or macros:
        sides, horizontal = _side_straps(design, plan, horizontal)
        vertical += sides
    if plan.ring:
        vertical, ends = _close_ring(design, plan, vertical, horizontal)
        horizontal = horizontal + ends
    over_macros = _macro_straps(design, plan, horizontal)
    vertical += over_macros
    vias = _rail_stacks(supplies, vertical) + _strap_vias(vertical, horizontal)
    vertical = [strap for strap in vertical if _is_joined(strap, vias)]
    vias += _macro_taps(design, horizontal, over_macros)
    everything = sorted(supplies + vertical + horizontal + vias, key=lambda s: s.net)
    straps = len(vertical) + len(horizontal)
    return replace(design, supplies=tuple(everything)), {"power__strap__count": float(straps)}


def _is_joined(strap: Supply, vias: list[Supply]) -> bool:
    """Whether a via stands on a strap: one that crosses neither a rail nor a strap would float."""
    x0, y0, x1, y1 = strap.rect
    return any(
        via.net == strap.net
        and x0 <= via.rect[0]
        and via.rect[2] <= x1
        and y0 <= via.rect[1]
        and via.rect[3] <= y1
        for via in vias
    )


def _rails(design: Design) -> list[Supply]:
    """One rail along each row edge; rows alternate N and FS, so that neighbours share it."""
    rails: dict[tuple[int, int, int], str] = {}
    for row in design.rows:
        right = row.x + row.sites * design.cell_library.masters[TAP].width
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


def _side_straps(
    design: Design, plan: PowerPlan, horizontal: list[Supply]
) -> tuple[list[Supply], list[Supply]]:
    """A met4 strap of each net west and east of the core, and the met5 straps drawn out to them:
    straps that cross nothing but a macro would else be joined to the rest only outside the chip."""
    x0, y0, x1, y1 = design.core
    pitch = plan.width + SIDE_GAP
    out = 2 * pitch
    if x0 < out or design.die[2] - x1 < out:
        raise ValueError(f"the core's margin of {x0} nm has no room for two straps, {out} nm")
    sides = []
    for number, net in enumerate((POWER, GROUND)):
        for left in (x0 - (number + 1) * pitch, x1 + SIDE_GAP + number * pitch):
            rect = (left, y0 - RAIL_HALF, left + plan.width, y1 + RAIL_HALF)
            sides.append(Supply(net, "strap", MET4, rect))
    low, high = min(s.rect[0] for s in sides), max(s.rect[2] for s in sides)
    longer = [s._replace(rect=(low, s.rect[1], high, s.rect[3])) for s in horizontal]
    return sides, longer


def _close_ring(
    design: Design, plan: PowerPlan, vertical: list[Supply], horizontal: list[Supply]
) -> tuple[list[Supply], list[Supply]]:
    """The vertical straps drawn out to a met5 strap of each net south and north of the core, and
    these. The ring of power lies inside that of ground."""
    _, y0, _, y1 = design.core
    pitch = plan.width + SPACING[MET5]
    out = RING_GAP + pitch + plan.width
    if y0 < out or design.die[3] - y1 < out:
        raise ValueError(f"the core's margin of {y0} nm has no room for a ring, {out} nm")
    left, right = horizontal[0].rect[0], horizontal[0].rect[2]
    ring, reach = [], {}
    for number, net in enumerate((POWER, GROUND)):
        south = y0 - RING_GAP - plan.width - number * pitch
        north = y1 + RING_GAP + number * pitch
        for y in (south, north):
            ring.append(Supply(net, "strap", MET5, (left, y, right, y + plan.width)))
        reach[net] = {y0 - RAIL_HALF: south, y1 + RAIL_HALF: north + plan.width}
    longer = []
    for strap in vertical:
        x0, low, x1, high = strap.rect
        ends = reach[strap.net]
        longer.append(strap._replace(rect=(x0, ends.get(low, low), x1, ends.get(high, high))))
    return longer, ring


RING_GAP = 400
"""From the core to the first strap of a ring south and north of it, nm."""
SIDE_GAP = 800
"""Between the straps beside the core, and to it, nm."""
MACRO_CLEARANCE = 2_500
"""From a macro to the ends of met4 straps: two tracks of met3, on which a wire from a pin of met4
under a strap gets away, nm."""


def _channel_straps(rails: list[Supply], straps: list[Supply], plan: PowerPlan) -> list[Supply]:
    """Straps for the rails, between macros, that no strap of their net crosses yet."""
    bare: dict[tuple[int, int, str], list[Supply]] = {}
    for rail in rails:
        x0, x1 = rail.rect[0], rail.rect[2]
        if not any(_crosses(strap, rail) for strap in straps):
            bare.setdefault((x0, x1, rail.net), []).append(rail)
    added = []
    for (x0, x1, net), members in sorted(bare.items()):
        centre = x0 + (x1 - x0) * (1 if net == POWER else 2) // 3 // 10 * 10
        left, right = centre - plan.width // 2, centre + plan.width // 2
        low = min(rail.rect[1] for rail in members)
        high = max(rail.rect[3] for rail in members)
        added.append(Supply(net, "strap", MET4, (left, low, right, high)))
    return added


def _crosses(strap: Supply, rail: Supply) -> bool:
    y = (rail.rect[1] + rail.rect[3]) // 2
    return (
        strap.net == rail.net
        and rail.rect[0] <= strap.rect[0]
        and strap.rect[2] <= rail.rect[2]
        and strap.rect[1] <= y <= strap.rect[3]
    )


def _macro_straps(design: Design, plan: PowerPlan, horizontal: list[Supply]) -> list[Supply]:
    """met4 straps over macros whose supply pins lie on met3, where the macro leaves met4 free."""
    straps = []
    half, step = plan.width // 2, 460
    for instance in range(design.instances):
        master = design.master(instance)
        if not master.is_macro:
            continue
        metal = macro_metal(design, instance)
        x0, low, x1, high = design.box(instance)
        busy = [rect for shapes in metal.values() for on, rect in shapes if on == MET4]
        for pin in master.pins.values():
            if pin.is_signal or not any(on == MET3 for on, _ in metal[pin.name]):
                continue
            net = POWER if pin.use == "power" else GROUND
            crossing = [
                h for h in horizontal if h.net == net and low <= h.rect[1] and h.rect[3] <= high
            ]
            next_x = x0 + 2 * plan.width
            for x in range(next_x, x1 - 2 * plan.width, step):
                rect = (x - half, low, x + half, high)
                if not crossing or x < next_x:
                    continue
                if any(clearance_violated(rect, other, 400) for other in busy):
                    continue
                straps.append(Supply(net, "strap", MET4, rect))
                busy.append(rect)
                next_x = x + plan.met4_pitch // 2
    return straps


def _macro_taps(design: Design, straps: list[Supply], over_macros: list[Supply]) -> list[Supply]:
    """Vias from the straps to the supply pins of macros: met5 to met4 pins, met4 to met3 pins, and
    met5 to met3 pins through a pad of met4.

    Raises ValueError naming the macro pin that no strap can reach.
    """
    taps = []
    for instance in range(design.instances):
        master = design.master(instance)
        if not master.is_macro:
            continue
        everything = macro_metal(design, instance)
        for pin in master.pins.values():
            if pin.is_signal:
                continue
            net = POWER if pin.use == "power" else GROUND
            found = [
                tap
                for layer, rect in everything[pin.name]
                for strap in straps
                if strap.net == net
                for tap in _tap(layer, rect, strap, pin.name, everything)
            ]
            found += [
                tap
                for layer, rect in everything[pin.name]
                for strap in over_macros
                if strap.net == net and layer == MET3
                for tap in _strap_tap(rect, strap)
            ]
            if not found:
                name = f"{design.instance_names[instance]}/{pin.name}"
                raise ValueError(f"no strap can reach the supply pin {name} on met3 or met4")
            taps += found
    return list(dict.fromkeys(taps))


PAD = 1_420  # side of a tap: via4 with its enclosure by met5, which covers that by met4


def _tap(
    layer: int, rect: Rect, strap: Supply, pin: str, metal: dict[str, list[tuple[int, Rect]]]
) -> list[Supply]:
    """The vias of one tap where a strap crosses a pin shape; none where it does not fit."""
    low, high = max(rect[1], strap.rect[1]), min(rect[3], strap.rect[3])
    left, right = max(rect[0], strap.rect[0]), min(rect[2], strap.rect[2])
    if layer not in (MET3, MET4) or left >= right or low >= high:
        return []
    x, y = (left + right) // 2 // 10 * 10, (strap.rect[1] + strap.rect[3]) // 2
    pad = (x - PAD // 2, y - PAD // 2, x + PAD // 2, y + PAD // 2)
    foreign = [r for name, shapes in metal.items() if name != pin for on, r in shapes if on == MET4]
    if any(clearance_violated(pad, other, 400) for other in foreign):
        return []
    tap = [Supply(strap.net, "via", MET5, pad)]
    if layer == MET3:
        if any(
            clearance_violated(pad, r, 400)
            for name, shapes in metal.items()
            for on, r in shapes
            if on == MET4
        ):
            return []
        if high - low < 400 or right - left < 400:
            return []
        inner = (
            -(-max(left, pad[0]) // 10) * 10,
            -(-max(low, pad[1]) // 10) * 10,
            min(right, pad[2]) // 10 * 10,
            min(high, pad[3]) // 10 * 10,
        )
        tap.append(Supply(strap.net, "via", MET4, inner))
    return tap


def _strap_tap(rect: Rect, strap: Supply) -> list[Supply]:
    """Via3 where a met4 strap crosses a met3 pin; none where less than one cut fits."""
    x0, y0 = max(rect[0], strap.rect[0]), max(rect[1], strap.rect[1])
    x1, y1 = min(rect[2], strap.rect[2]), min(rect[3], strap.rect[3])
    inner = (-(-x0 // 10) * 10, -(-y0 // 10) * 10, x1 // 10 * 10, y1 // 10 * 10)
    if inner[2] - inner[0] < 400 or inner[3] - inner[1] < 400:
        return []
    return [Supply(strap.net, "via", MET4, inner)]


def macro_metal(design: Design, instance: int) -> dict[str, list[tuple[int, Rect]]]:
    """Placed shapes of a macro per pin on met1..met5, obstructions under ""."""
    master = design.master(instance)
    where = (master.width, master.height, int(design.x[instance]), int(design.y[instance]))
    shapes = {pin.name: pin.shapes for pin in master.pins.values()} | {"": master.obstructions}
    return {
        name: [
            (LAYERS.index(layer), placed(rect, int(design.orient[instance]), *where))
            for layer, rect in members
            if layer in LAYERS
        ]
        for name, members in shapes.items()
    }


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
            if _crosses(strap, rail):
                rect = (strap.rect[0], rail.rect[1], strap.rect[2], rail.rect[3])
                stacks += [Supply(rail.net, "via", layer, rect) for layer in (MET2, MET3, MET4)]
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
