"""What openlane mode wants besides: places and supplies of macros, a die that they fit into.

OpenROAD's flow in LibreLane places no macro by itself. Those for which the chip's floorplan has no
place are set in rows from the lower left corner, and the die is made wide enough for a row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

__all__ = ["complete"]

MARGIN_UM = Decimal(30)
"""Around each macro: room for the halo, the core ring's place and a channel of wires."""
SUPPLIES = ("VPWR", "VGND")
MACRO_SUPPLIES = ("vccd1", "vssd1")


def complete(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with the supplies of every macro and a place for those without one."""
    done = dict(config)
    macros = done.get("MACROS") or {}
    if not macros:
        return done
    names = [instance for macro in macros.values() for instance in macro["instances"]]
    done["PDN_MACRO_CONNECTIONS"] = [
        " ".join((re.escape(name), *SUPPLIES, *MACRO_SUPPLIES)) for name in names
    ]
    places, width, area = _rows(macros)
    done["MACROS"] = {
        name: {**macro, "instances": {i: places[i] for i in macro["instances"]}}
        for name, macro in macros.items()
    }
    if done.get("FP_SIZING") != "absolute":
        free = float(area) * 100 / float(done["FP_CORE_UTIL"])  # at least, cells not counted
        widest = Decimal(free / float(width) ** 2).quantize(Decimal("0.01"))
        done["FP_ASPECT_RATIO"] = min(Decimal(done["FP_ASPECT_RATIO"]), widest)
    return done


def _rows(macros: Mapping[str, Any]) -> tuple[dict[str, Any], Decimal, Decimal]:
    """Instance -> place, width of the widest row and area of all macros, in um. Rows are as long
    as there are rows."""
    sizes = {name: _size(Path(macro["lef"][0])) for name, macro in macros.items()}
    free = [
        (instance, sizes[name])
        for name, macro in macros.items()
        for instance, place in macro["instances"].items()
        if place["location"] is None
    ]
    places = {i: place for macro in macros.values() for i, place in macro["instances"].items()}
    per_row = math.ceil(math.sqrt(len(free))) if free else 1
    y, widest = MARGIN_UM, Decimal(1)
    for start in range(0, len(free), per_row):
        row = free[start : start + per_row]
        x = MARGIN_UM
        for instance, (width, _) in row:
            places[instance] = {"location": [x, y], "orientation": "N"}
            x += width + MARGIN_UM
        y += max(height for _, (_, height) in row) + MARGIN_UM
        widest = max(widest, x)
    area = sum((w * h for _, (w, h) in free), Decimal(0))
    return places, widest, area or Decimal(1)


def _size(lef: Path) -> tuple[Decimal, Decimal]:
    """Width and height of the one macro in a LEF file, in um."""
    found = re.search(r"^\s*SIZE\s+(\S+)\s+BY\s+(\S+)\s*;", lef.read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{lef} states no SIZE")
    return Decimal(found[1]), Decimal(found[2])
