"""macros.strap_drop: against Ohm's law by hand."""

from __future__ import annotations

import klayout.db as kdb
import pytest

from macros.strap_drop import strap_drop_mv
from macros.technology import layers
from macros.technology.parasitics import SHEET_OHM

SQUARES = 100


def macro(straps: dict[str, int]) -> tuple[kdb.Layout, kdb.Cell]:
    """Straps of 1 um by 100 um, some of each net."""
    layout = kdb.Layout()
    top = layout.create_cell("macro")
    for k, net in enumerate(net for net, count in straps.items() for _ in range(count)):
        box = kdb.Box(5000 * k, 0, 5000 * k + 1000, 1000 * SQUARES)
        top.shapes(layout.layer(*layers.MET4_PIN)).insert(box)
        place = kdb.Trans(kdb.Vector(box.center().x, box.center().y))
        top.shapes(layout.layer(*layers.MET4_LABEL)).insert(kdb.Text(net, place))
    return layout, top


def test_drop_of_evenly_loaded_straps_fed_at_one_end() -> None:
    """Two straps of one supply, one of the other; a ladder of 1,000 resistors says the same."""
    found = strap_drop_mv(*macro({"vccd1": 2, "vssd1": 1}), current_ma=6.0)
    steps, drop = 1000, 0.0
    for k in range(steps):  # what flows past the k-th resistor is what leaves beyond it
        drop += 6.0 * (steps - k - 0.5) / steps * SHEET_OHM["met4"] * SQUARES / steps
    assert found == pytest.approx(drop + drop / 2, rel=1e-9)


def test_a_supply_without_straps_is_said() -> None:
    with pytest.raises(ValueError, match="macro has no strap of vssd1"):
        strap_drop_mv(*macro({"vccd1": 2}), current_ma=1.0)
