"""Design rules of SkyWater 130 nm, checked with KLayout's geometry engine.

`check` runs the deck over a cell; `deck` is the vocabulary the rules are written in; `wells`,
`devices`, `contacts`, `wiring` and `grid` are the rules, one sentence of the rule document each.
"""

from __future__ import annotations

from macros.verify.drc.check import check_gds, check_layout, summary
from macros.verify.drc.deck import Marker

__all__ = ["Marker", "check_gds", "check_layout", "summary"]
