"""What the straps of a macro cost of the supply: an estimate from its layout."""

from __future__ import annotations

import klayout.db as kdb

from macros.technology import layers
from macros.technology.parasitics import SHEET_OHM
from macros.verify.supplies import GROUND, POWER

__all__ = ["strap_drop_mv"]


def strap_drop_mv(layout: kdb.Layout, top: kdb.Cell, current_ma: float) -> float:
    """Drop along the met4 straps of both supplies together, in mV.

    The straps of a supply share the current by their conductance, and it leaves each evenly over
    its length. A chip feeds a strap wherever met5 crosses it; here only one end is fed, the worst
    case: half of what the whole current would drop from end to end. Rails below the straps are not
    in it. Raises `ValueError` for a supply without straps.
    """
    total = 0.0
    for net in (POWER, GROUND):
        siemens = sum(_siemens(strap) for strap in _straps(layout, top, net))
        if not siemens:
            raise ValueError(f"{top.name} has no strap of {net}")
        total += current_ma / siemens / 2
    return total


def _straps(layout: kdb.Layout, top: kdb.Cell, net: str) -> list[kdb.Box]:
    pins = [shape.bbox() for shape in top.shapes(layout.layer(*layers.MET4_PIN)).each()]
    labels = [
        shape.text_pos
        for shape in top.shapes(layout.layer(*layers.MET4_LABEL)).each()
        if shape.is_text() and shape.text_string == net
    ]
    return [box for box in pins for place in labels if box.contains(kdb.Point() + place)]


def _siemens(strap: kdb.Box) -> float:
    return strap.width() / strap.height() / SHEET_OHM["met4"]
