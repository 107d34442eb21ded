"""Design rules of the routing layers on a finished GDS, checked with KLayout.

Written from the published SkyWater rules and on purpose not from `flow.pnr.rules`, so that a wrong
number there does not hide itself. Distances in nm, areas in nm2.
"""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb

__all__ = ["violations"]

LAYERS = {
    "li1": (67, 20), "mcon": (67, 44), "met1": (68, 20), "via": (68, 44), "met2": (69, 20),
    "via2": (69, 44), "met3": (70, 20), "via3": (70, 44), "met4": (71, 20), "via4": (71, 44),
    "met5": (72, 20),
}  # fmt: skip
WIDTHS = {"met1": 140, "met2": 140, "met3": 300, "met4": 300, "met5": 1600}
SPACES = {
    "mcon": 190, "met1": 140, "via": 170, "met2": 140, "via2": 200, "met3": 300, "via3": 200,
    "met4": 300, "via4": 800, "met5": 1600,
}  # fmt: skip
WIDE = {"met1": 280, "met2": 280, "met3": 400, "met4": 400}  # beside metal of more than 3 um
AREAS = {"met1": 83_000, "met2": 67_600, "met3": 240_000, "met4": 240_000, "met5": 4_000_000}
HOLES = {"met1": 140_000, "met2": 140_000}
CUTS = {"mcon": 170, "via": 150, "via2": 200, "via3": 200, "via4": 800}
# cut, metal -> enclosure on all sides, and on two opposite sides
ENCLOSURES = {
    ("mcon", "li1"): (0, 0), ("mcon", "met1"): (30, 60), ("via", "met1"): (55, 85),
    ("via", "met2"): (55, 85), ("via2", "met2"): (40, 85), ("via2", "met3"): (65, 65),
    ("via3", "met3"): (60, 90), ("via3", "met4"): (65, 65), ("via4", "met4"): (190, 190),
    ("via4", "met5"): (310, 310),
}  # fmt: skip


def violations(path: Path, top: str) -> dict[str, int]:
    """Number of violations per rule; an empty dictionary is a clean layout."""
    layout = kdb.Layout()
    layout.read(str(path))
    cell = layout.cell(top)
    shapes = {
        name: kdb.Region(cell.begin_shapes_rec(layout.layer(*layer))).merged()
        for name, layer in LAYERS.items()
    }
    found: dict[str, int] = {}
    for name, width in WIDTHS.items():
        found[f"{name} width"] = shapes[name].width_check(width).count()
    for name, space in SPACES.items():
        found[f"{name} space"] = shapes[name].space_check(space).count()
    for name, space in WIDE.items():
        wide = shapes[name].sized(-1500).sized(1500) & shapes[name]
        found[f"{name} wide space"] = (
            wide.separation_check(shapes[name].not_interacting(wide), space).count()
            if not wide.is_empty()
            else 0
        )
    for name, area in AREAS.items():
        found[f"{name} area"] = shapes[name].with_area(0, area, False).count()
    for name, area in HOLES.items():
        found[f"{name} hole"] = shapes[name].holes().with_area(0, area, False).count()
    for name, side in CUTS.items():
        squares = shapes[name].with_bbox_width(side, False).with_bbox_height(side, False)
        found[f"{name} size"] = shapes[name].count() - squares.count()
    for (cut, metal), (all_sides, two_sides) in ENCLOSURES.items():
        found[f"{metal} around {cut}"] = _badly_enclosed(
            shapes[cut], shapes[metal], all_sides, two_sides
        )
    grid = [shapes[name].grid_check(5, 5).count() for name in LAYERS]
    found["off grid"] = sum(grid)
    return {rule: count for rule, count in found.items() if count}


def _badly_enclosed(cuts: kdb.Region, metal: kdb.Region, all_sides: int, two_sides: int) -> int:
    """Cuts without metal on all sides and more of it on two opposite sides."""
    everywhere = cuts.sized(all_sides)
    flat = cuts.sized(two_sides, all_sides, 2)
    upright = cuts.sized(all_sides, two_sides, 2)
    good = cuts.inside(metal) if all_sides == 0 else kdb.Region()
    if all_sides:
        lying = cuts.interacting(flat.inside(metal))
        standing = cuts.interacting(upright.inside(metal))
        # pieces grown from neighbouring cuts may have merged: such arrays count by their hull
        good = (lying + standing).merged()
        good &= cuts.interacting(everywhere.inside(metal))
    return cuts.count() - good.merged().count()
