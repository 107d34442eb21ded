"""Die, rows, macros, ports, end caps and well taps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from flow.pnr.design import FIXED, Design, Port, Row
from flow.pnr.geometry import FS, ORIENTATIONS, N, Rect
from flow.pnr.macro_placement import arrange, channels, on_grid
from flow.pnr.placement import pin_positions
from flow.pnr.rules import COLUMN, COLUMN_X, MET2, MET3, ROW, SITE, TRACK, TRACK_Y

__all__ = ["Floorplan", "MacroPlace", "make_floorplan", "place_ports", "ports_near_cells"]

END_CAP = "sky130_fd_sc_hd__decap_3"
WELL_TAP = "sky130_fd_sc_hd__tapvpwrvgnd_1"
TAP_PITCH = (
    26_000 // SITE
)  # sites; every second row is shifted by half, so that no point is further than 13 um
LEAST_SITES = 40
"""A row beside a macro shorter than this holds little more than its end caps; in a die without
macros a quarter is enough."""
PORT_LENGTH = {MET2: 520, MET3: 800}  # no notch to a via pad on the third track
PORT_HALF_WIDTH = {MET2: 140, MET3: 165}
SIDES = ("west", "north", "east", "south")


class MacroPlace(NamedTuple):
    """Where a macro stands: lower left corner in nm and a DEF orientation."""

    x: int
    y: int
    orient: str = "N"


@dataclass(frozen=True)
class Floorplan:
    """What the user asks for. `die` (nm) overrides `utilisation` (of the rows) and `aspect` (height
    / width); either all macros have a place in `macros` or none has, and they are packed; `sides`
    names the ports of each side in order (what it omits is spread evenly over the sides); `halo`
    (nm) stays free of cells around each macro, and more where it has many pins."""

    utilisation: float = 0.6
    aspect: float = 1.0
    die: tuple[int, int] | None = None
    margin: tuple[int, int] = (12 * SITE, 2 * ROW)
    halo: int = 5_000
    macros: dict[str, MacroPlace] = field(default_factory=dict)
    sides: dict[str, tuple[str, ...]] = field(default_factory=dict)


def make_floorplan(design: Design, plan: Floorplan) -> tuple[Design, dict[str, float]]:
    """Die and core, fixed macros, rows around them, ports, end caps and taps.

    Raises ValueError when the utilisation is not in (0, 1], a macro is not placed, leaves the core
    or meets another one, or the cells do not fit.
    """
    if not 0 < plan.utilisation <= 1:
        raise ValueError(f"utilisation must be in (0, 1], not {plan.utilisation}")
    widths, heights = design.sizes()
    is_macro = _macro_flags(design)
    cell_area = float((widths.astype(np.int64) * heights)[~is_macro].sum())
    if is_macro.any() and not plan.macros:
        plan = _packed(design, plan, cell_area)
    design = _place_macros(design, plan)
    die, core = _outline(design, plan, cell_area)
    boxes = [design.box(int(k)) for k in np.flatnonzero(is_macro)]
    _check_macros(design, is_macro, boxes, core)
    rows = _rows(core, _keep_out(design, plan.halo))
    free = sum(row.sites for row in rows) * SITE * ROW
    if cell_area > free:
        raise ValueError(
            f"die too small: cells need {cell_area / 1e6:.0f} um2, rows in a die of"
            f" {die[2] / 1e3:g} x {die[3] / 1e3:g} um offer {free / 1e6:.0f} um2"
        )
    design = replace(design, die=die, core=core, rows=tuple(rows))
    design = place_ports(design, plan.sides)
    design = _add_fixed_cells(design)
    metrics = {
        "design__die__area": (die[2] * die[3]) / 1e6,
        "design__core__area": (core[2] - core[0]) * (core[3] - core[1]) / 1e6,
        "design__instance__count": float(design.instances),
        "design__instance__area__stdcell": cell_area / 1e6,
        "design__instance__utilization": cell_area / free,
        "design__row__count": float(len(rows)),
    }
    return design, metrics


def _macro_flags(design: Design) -> np.ndarray:
    return np.array([m.is_macro for m in design.master_objects()], bool)[design.master_of]


def _packed(design: Design, plan: Floorplan, cell_area: float) -> Floorplan:
    """The plan with places for all macros, and a die that holds them unless it has one."""
    which = [int(k) for k in np.flatnonzero(_macro_flags(design))]
    found = arrange(
        [design.master(k) for k in which],
        cell_area / plan.utilisation,
        plan.aspect,
        plan.halo,
    )
    left, bottom = plan.margin
    macros = {}
    for k, (x, y, orient) in zip(which, found.places, strict=True):
        turn = ORIENTATIONS.index(orient)
        at = on_grid(design.master(k), turn, left + x, bottom + y)
        macros[design.instance_names[k]] = MacroPlace(*at, orient)
    die = plan.die or (found.width + 2 * left, found.height + 2 * bottom)
    return replace(plan, macros=macros, die=die)


def _place_macros(design: Design, plan: Floorplan) -> Design:
    index = {name: k for k, name in enumerate(design.instance_names)}
    unknown = set(plan.macros) - set(index)
    if unknown:
        raise ValueError(f"no macro instance {min(unknown)} in {design.name}")
    x, y = design.x.copy(), design.y.copy()
    orient, status = design.orient.copy(), design.status.copy()
    for k in np.flatnonzero(_macro_flags(design)):
        name = design.instance_names[k]
        if name not in plan.macros:
            raise ValueError(f"macro {name} has no place in the floorplan")
        place = plan.macros[name]
        if place.orient not in ORIENTATIONS:
            raise ValueError(
                f"macro {name}: orientation must be one of {ORIENTATIONS}, not {place.orient}"
            )
        x[k], y[k], orient[k] = place.x, place.y, ORIENTATIONS.index(place.orient)
        status[k] = FIXED
    return replace(design, x=x, y=y, orient=orient, status=status)


def _outline(design: Design, plan: Floorplan, cell_area: float) -> tuple[Rect, Rect]:
    """Die and core; the core is a whole number of rows and sites."""
    margin_x, margin_y = plan.margin
    if plan.die is not None:
        width, height = plan.die
        rows, sites = (height - 2 * margin_y) // ROW, (width - 2 * margin_x) // SITE
    else:
        if plan.macros:
            raise ValueError("macros with places need a die with a size")
        area = cell_area / plan.utilisation
        rows = max(1, round(math.sqrt(area * plan.aspect) / ROW))
        sites = math.ceil(area / (rows * ROW * SITE)) + 6  # room for the end caps
    if rows < 1 or sites < 10:
        raise ValueError(f"die too small: {rows} rows of {sites} sites")
    core = (margin_x, margin_y, margin_x + sites * SITE, margin_y + rows * ROW)
    return (0, 0, core[2] + margin_x, core[3] + margin_y), core


def _check_macros(design: Design, is_macro: np.ndarray, boxes: list[Rect], core: Rect) -> None:
    names = [design.instance_names[k] for k in np.flatnonzero(is_macro)]
    for k, (name, box) in enumerate(zip(names, boxes, strict=True)):
        if box[0] < core[0] or box[1] < core[1] or box[2] > core[2] or box[3] > core[3]:
            raise ValueError(f"macro {name} at {box} nm leaves the core {core}")
        for other, rect in zip(names[:k], boxes[:k], strict=True):
            if box[0] < rect[2] and rect[0] < box[2] and box[1] < rect[3] and rect[1] < box[3]:
                raise ValueError(f"macros {other} and {name} overlap")


def _keep_out(design: Design, halo: int) -> list[Rect]:
    """The macros, each with its halo and room for the wires of its pins."""
    found = []
    for k in np.flatnonzero(_macro_flags(design)).tolist():
        x0, y0, x1, y1 = design.box(k)
        west, north, east, south = channels(design.master(k), int(design.orient[k]))
        found.append((x0 - halo - west, y0 - halo - south, x1 + halo + east, y1 + halo + north))
    return found


def _rows(core: Rect, keep_out: Sequence[Rect]) -> list[Row]:
    """Rows from the bottom, N and FS in turn, cut where a macro keeps cells out."""
    rows = []
    for number, y in enumerate(range(core[1], core[3], ROW)):
        cuts = sorted((box[0], box[2]) for box in keep_out if box[1] < y + ROW and y < box[3])
        start = core[0]
        for left, right in [*cuts, (core[2], core[2])]:
            sites = (min(left, core[2]) - start) // SITE
            if sites >= (LEAST_SITES if cuts else LEAST_SITES // 4):
                rows.append(Row(start, y, sites, FS if number % 2 else N))
            start = max(start, core[0] + -(-(right - core[0]) // SITE) * SITE)
    return rows


def _add_fixed_cells(design: Design) -> Design:
    """End caps on both ends of every row, well taps in between."""
    names: list[str] = []
    masters: list[str] = []
    xs: list[int] = []
    ys: list[int] = []
    orients: list[int] = []
    cap_sites = design.cell_library.masters[END_CAP].width // SITE

    def add(kind: str, master: str, row: Row, site: int) -> None:
        names.append(f"{kind}_{len(names)}")
        masters.append(master)
        xs.append(row.x + site * SITE)
        ys.append(row.y)
        orients.append(row.orient)

    for row in design.rows:
        add("endcap", END_CAP, row, 0)
        add("endcap", END_CAP, row, row.sites - cap_sites)
        first = TAP_PITCH // 4 if row.orient == N else 3 * TAP_PITCH // 4
        sites = list(range(first, row.sites - cap_sites - 1, TAP_PITCH))
        if not sites or row.sites - sites[-1] > TAP_PITCH:
            sites.append(row.sites - cap_sites - 1)
        for site in sites:
            add("tap", WELL_TAP, row, max(site, cap_sites))
    return design.with_instances(names, masters, xs, ys, orients, FIXED)


def place_ports(design: Design, sides: dict[str, tuple[str, ...]]) -> Design:
    """Ports on the die edge: met3 on west and east, met2 on north and south, on the grid.

    Raises ValueError for an unknown side or port, and when a side has more ports than room.
    """
    known = {port.name for port in design.ports}
    for side, names in sides.items():
        if side not in SIDES:
            raise ValueError(f"side must be one of {', '.join(SIDES)}, not {side!r}")
        if missing := set(names) - known:
            raise ValueError(f"side {side}: {design.name} has no port {min(missing)}")
    listed = {name for names in sides.values() for name in names}
    rest = [port.name for port in design.ports if port.name not in listed]
    order = {side: list(sides.get(side, ())) for side in SIDES}
    for k, side in enumerate(SIDES):
        order[side] += rest[k * len(rest) // 4 : (k + 1) * len(rest) // 4]
    places = {}
    for side, listing in order.items():
        for name, place in zip(listing, _side_places(design.die, side, len(listing)), strict=True):
            places[name] = place
    ports = tuple(Port(p.name, p.direction, p.net, *places[p.name]) for p in design.ports)
    return replace(design, ports=ports)


def ports_near_cells(design: Design) -> Design:
    """Every port at the free slot of the die's edge that costs the least wire in all, where the
    cells of a placed design stand now; a port without a cell keeps to what is left."""
    slots = [slot for side in SIDES for slot in _slots(design.die, side)]
    if len(slots) < len(design.ports):
        raise ValueError(f"the die has room for {len(slots)} ports, not for {len(design.ports)}")
    centres = np.array([((r[0] + r[2]) / 2, (r[1] + r[3]) / 2) for _, r in slots])
    xs, ys = pin_positions(design)
    cost = np.zeros((len(design.ports), len(slots)))
    for k, port in enumerate(design.ports):
        pins = np.arange(design.pin_start[port.net], design.pin_start[port.net + 1])
        pins = pins[design.pin_instance[pins] >= 0]
        if len(pins):
            for at, place in ((xs[pins], centres[:, 0]), (ys[pins], centres[:, 1])):
                cost[k] += np.maximum(np.maximum(at.min() - place, place - at.max()), 0)
    _, chosen = linear_sum_assignment(cost)
    ports = tuple(
        Port(port.name, port.direction, port.net, *slots[slot])
        for port, slot in zip(design.ports, chosen.tolist(), strict=True)
    )
    return replace(design, ports=ports)


def _slots(die: Rect, side: str) -> list[tuple[int, Rect]]:
    """Layer and rectangle of every port that fits on one side."""
    layer = MET3 if side in ("west", "east") else MET2
    # met3 tracks are the odd met1 tracks; every second one is used, so that pins keep apart
    if layer == MET3:
        places = [TRACK_Y + TRACK * j for j in range(17, die[3] // TRACK - 16, 4)]
    else:
        places = [COLUMN_X + COLUMN * i for i in range(12, die[2] // COLUMN - 11, 2)]
    half, length = PORT_HALF_WIDTH[layer], PORT_LENGTH[layer]
    return [
        (
            layer,
            {
                "west": (0, at - half, length, at + half),
                "east": (die[2] - length, at - half, die[2], at + half),
                "south": (at - half, 0, at + half, length),
                "north": (at - half, die[3] - length, at + half, die[3]),
            }[side],
        )
        for at in places
    ]


def _side_places(die: Rect, side: str, count: int) -> list[tuple[int, Rect]]:
    """Layer and rectangle of `count` ports spread over one side."""
    slots = _slots(die, side)
    if count > len(slots):
        raise ValueError(f"side {side} has room for {len(slots)} ports, not for {count}")
    return [slots[(2 * k + 1) * len(slots) // (2 * count)] for k in range(count)]
