"""Run the deck over a cell.

The rules are SkyWater's periphery rules (values in macros.technology.rules), with the two
exemptions that shapes under `areaid.sc` have, the released standard cells; our macros' cells carry
no such mark and claim none. The process has no end-of-line rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import klayout.db as kdb

from macros.verify.drc.arrays import find_hole
from macros.verify.drc.contacts import (
    check_contacts,
    check_enclosed_contacts,
    check_local_interconnect,
)
from macros.verify.drc.deck import Deck, Marker, Rules
from macros.verify.drc.devices import check_devices, check_implants
from macros.verify.drc.emptied import RIM
from macros.verify.drc.enclosed import OpenCuts
from macros.verify.drc.grid import check_grid, check_pins
from macros.verify.drc.wells import check_latch_up, check_wells
from macros.verify.drc.wiring import check_cuts, check_enclosed_cuts, check_metals

__all__ = ["CHAPTERS", "check_gds", "check_layout", "run_deck", "summary"]

ENCLOSURE: tuple[Rules, ...] = (check_enclosed_contacts, check_enclosed_cuts)
CHAPTERS: tuple[Rules, ...] = (
    *ENCLOSURE,
    check_wells,
    check_devices,
    check_implants,
    check_contacts,
    check_local_interconnect,
    check_cuts,
    check_metals,
    check_grid,
    check_pins,
)


def check_gds(path: Path, cell: str | None = None) -> list[Marker]:
    """All markers of a GDS file (of `cell`, or of its only top cell)."""
    layout = kdb.Layout()
    layout.read(str(path))
    top = layout.cell(cell) if cell else layout.top_cell()
    if top is None:
        raise ValueError(f"{path.name} has no cell {cell!r}")
    return check_layout(layout, top)


def check_layout(layout: kdb.Layout, top: kdb.Cell) -> list[Marker]:
    """All markers of a cell, in the order of the checks."""
    return run_deck(layout, top).markers


def run_deck(layout: kdb.Layout, top: kdb.Cell, checked: Sequence[kdb.Cell] = ()) -> Deck:
    """The deck after every chapter: its markers, and which rules were checked. The enclosure of the
    cuts in cells that were `checked` alone is not checked again."""
    if layout.dbu != 0.001:
        raise ValueError(f"database unit must be 0.001 um, not {layout.dbu}")
    cuts = OpenCuts(layout, top, partial(_open_at, layout), checked)
    return _run(Deck(layout, top, cuts, find_hole(layout, top, cuts.places, _within_rim)))


def _within_rim(layout: kdb.Layout, top: kdb.Cell) -> list[Marker]:
    """Markers of a window in an array, whose taps must be as near as all else that counts."""
    deck = _run(Deck(layout, top))
    check_latch_up(deck, RIM, RIM)
    return deck.markers


def _run(deck: Deck) -> Deck:
    for chapter in CHAPTERS:
        chapter(deck)
    return deck


def _open_at(layout: kdb.Layout, cell: kdb.Cell) -> kdb.Region:
    """Where the rules of enclosure find something in a cell alone."""
    deck = Deck(layout, cell)
    for chapter in ENCLOSURE:
        chapter(deck)
    found = kdb.Region()
    for marker in deck.markers:
        found.insert(kdb.Box(*marker.box).enlarged(1))
    return found


def summary(markers: list[Marker]) -> dict[str, int]:
    """Markers per rule, most frequent first."""
    counts = Counter(marker.rule for marker in markers)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
