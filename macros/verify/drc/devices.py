"""Rules of diffusion, tap and gate poly, and of the implants over them."""

from __future__ import annotations

from macros.technology import layers
from macros.technology.rules import rule
from macros.verify.drc.deck import PROJECTION, Deck, meeting, violations

__all__ = ["check_devices", "check_implants"]


def check_devices(deck: Deck) -> None:
    """Diffusion, tap and poly. Standard cells may have narrower channels (difftap.2)."""
    diff, tap, poly, gate = deck.diff, deck.tap, deck.poly, deck.gate
    deck.width("difftap_1", diff)
    deck.width("difftap_1", tap)
    deck.space("difftap_3", deck.active)
    _check_butting(deck)
    deck.width("poly_1a", poly)
    deck.space("poly_2", poly)
    along_poly = gate.edges() & poly.edges()
    outside = along_poly.outside_part(deck.standard_cells)
    deck.report("difftap_2", outside.with_length(0, rule("difftap_2"), False))
    deck.report("difftap_2_sc", along_poly.with_length(0, rule("difftap_2_sc"), False))
    deck.apart("poly_4", poly, diff, metrics=PROJECTION)
    deck.outside("poly_5", poly, tap)
    to_tap = violations("separation_check", rule("poly_6"), gate, tap, metrics=PROJECTION)
    deck.report("poly_6", to_tap.polygons() & deck.source_drain)  # only across common diffusion
    deck.report("poly_7", along_poly.extended_out(rule("poly_7")) - diff)
    along_diff = gate.edges() & diff.edges()
    deck.report("poly_8", along_diff.extended_out(rule("poly_8")) - poly)
    # two sides of a gate are poly's and two diffusion's: where two of one kind meet, it ends there
    deck.report("poly_7", meeting(along_diff))
    deck.report("poly_8", meeting(along_poly))
    deck.report("poly_11", gate.non_rectangles())


def _check_butting(deck: Deck) -> None:
    """Tap that touches diffusion: a long enough common edge, and no overlap."""
    butted = deck.tap.interacting(deck.diff)
    edge = butted.edges() & deck.diff.edges()
    deck.report("difftap_4", edge.with_length(0, rule("difftap_4"), False))
    deck.report("difftap_6", butted & deck.diff)


def check_implants(deck: Deck) -> None:
    """N+ and p+ source/drain implants: every diffusion and tap lies in its own and only there."""
    nsdm, psdm = deck.read(layers.NSDM), deck.read(layers.PSDM)
    n_active = (deck.n_diff + deck.n_tap).merged()
    p_active = (deck.p_diff + deck.p_tap).merged()
    for own, other, mine, theirs in (
        (nsdm, psdm, n_active, p_active),
        (psdm, nsdm, p_active, n_active),
    ):
        deck.width("sd_1", own)
        deck.space("sd_2", own)
        # a butting edge needs no enclosure: what is near the other implant's active is exempt
        close = violations("enclosed_check", rule("sd_5"), mine, own).polygons()
        deck.report("sd_5", close - theirs.sized(rule("sd_5")))
        deck.report("sd_5", mine - own)
        deck.apart("sd_7", own, theirs)
        deck.report("sd_8", mine & other)
        deck.holes("sd_11", own)
    deck.area("nsd_10a", nsdm)
    deck.area("psd_10b", psdm)
