"""Rules of every drawn layer: the manufacturing grid, angles, shapes without area, pins."""

from __future__ import annotations

import klayout.db as kdb

from macros.technology import layers
from macros.technology.rules import GRID
from macros.verify.drc.deck import Deck

__all__ = ["DRAWN", "PINS", "RECTILINEAR", "check_grid", "check_pins"]

RECTILINEAR = (
    *(layers.DIFF, layers.TAP, layers.POLY, layers.LICON, layers.MCON),
    *(layers.VIA, layers.VIA2, layers.VIA3, layers.VIA4),
)
"""Layers with right angles only (x.2); the others may also have 45 degrees (x.3a)."""

BEVELLED = (
    *(layers.NWELL, layers.HVTP, layers.NSDM, layers.PSDM, layers.NPC, layers.LI1),
    *(layers.MET1, layers.MET2, layers.MET3, layers.MET4, layers.MET5),
)
DRAWN = (*RECTILINEAR, *BEVELLED)
"""Every layer that the deck has rules for."""

PINS = (
    (layers.LI1_PIN, layers.LI1),
    (layers.MET1_PIN, layers.MET1),
    (layers.MET2_PIN, layers.MET2),
    (layers.MET3_PIN, layers.MET3),
    (layers.MET4_PIN, layers.MET4),
    (layers.MET5_PIN, layers.MET5),
)


def check_grid(deck: Deck) -> None:
    """Vertices on the 5 nm grid, edges at the angles their layer may have."""
    for layer in DRAWN:
        region = deck.read(layer)
        deck.report("x_1b", region.grid_check(GRID, GRID))
        slanted = region.non_rectilinear().edges()
        if layer in RECTILINEAR:
            deck.report("x_2", slanted.with_angle(kdb.Edges.OrthoEdges, True))
        else:
            deck.report("x_3a", slanted.with_angle(kdb.Edges.OrthoDiagonalEdges, True))


def check_pins(deck: Deck) -> None:
    """A pin shape makes no metal: it lies on the drawn metal of its layer."""
    for pin, metal in PINS:
        deck.report("x_pin", deck.read(pin) - deck.read(metal))
