"""Rules of wells, and of their distance to the taps that tie them."""

from __future__ import annotations

import klayout.db as kdb

from macros.technology import layers
from macros.technology.rules import rule
from macros.verify.drc.deck import Deck

__all__ = ["check_latch_up", "check_wells"]


def check_wells(deck: Deck) -> None:
    """N-well, high-threshold implant, and latch-up: every diffusion is near a tap of its well."""
    nwell, hvtp = deck.nwell, deck.read(layers.HVTP)
    deck.width("nwell_1", nwell)
    deck.space("nwell_2a", nwell)
    deck.report("nwell_4", nwell.not_interacting(deck.tap_contacts & nwell))
    deck.encloses("difftap_8", nwell, deck.p_diff)
    deck.apart("difftap_9", deck.n_diff, nwell)
    deck.encloses("difftap_10", nwell, deck.n_tap)
    deck.apart("difftap_11", deck.p_tap, nwell)
    deck.width("hvtp_1", hvtp)
    deck.space("hvtp_2", hvtp)
    pfet = deck.gate & nwell
    deck.encloses("hvtp_3", hvtp, pfet & hvtp)
    deck.apart("hvtp_4", pfet - hvtp, hvtp)
    deck.area("hvtp_5", hvtp)
    deck.holes("hvtp_6", hvtp)
    check_latch_up(deck, rule("lu_2"), rule("lu_3"))


def check_latch_up(deck: Deck, to_p_tap: int, to_n_tap: int) -> None:
    """Every diffusion has a tap of its well within so many nm."""
    deck.report("lu_2", deck.n_diff - _around(deck.p_tap, to_p_tap))
    deck.report("lu_3", deck.p_diff - _around(deck.n_tap, to_n_tap))


def _around(taps: kdb.Region, reach: int) -> kdb.Region:
    """The squares around taps; those close together become one before they overlap many others."""
    return taps.sized(reach // 4).sized(reach - reach // 4)
