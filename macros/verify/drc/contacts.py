"""Rules of the contacts to diffusion, tap and poly, and of the local interconnect above them."""

from __future__ import annotations

from macros.technology import layers
from macros.verify.drc.deck import Deck

__all__ = ["check_contacts", "check_enclosed_contacts", "check_local_interconnect"]


def check_contacts(deck: Deck) -> None:
    """Contacts and nitride poly cut. Standard cells may contact closer to a gate (licon.11a)."""
    diff, tap, poly, licon = deck.diff, deck.tap, deck.poly, deck.licon
    psdm, npc = deck.read(layers.PSDM), deck.read(layers.NPC)
    on_poly, on_diff, on_tap = licon & poly, licon & diff, deck.tap_contacts
    on_active = (on_diff + on_tap).merged()
    deck.exact_square("licon_1", licon)
    deck.space("licon_2", licon)
    deck.report("licon_17", on_poly & deck.active)
    deck.outside("licon_9", on_poly, psdm)
    deck.apart("licon_11", on_diff, deck.gate - deck.standard_cells)
    deck.apart("licon_11a", on_diff, deck.gate & deck.standard_cells)
    deck.outside("licon_13", on_active, npc)
    deck.apart("licon_14", on_poly, deck.active)
    deck.width("npc_1", npc)
    deck.space("npc_2", npc)
    deck.outside("npc_4", npc, deck.gate)
    bare = deck.source_drain.not_interacting(on_diff).interacting(deck.gate)
    # a piece of diffusion between two gates of a stack needs no contact
    deck.report("licon_16", bare - bare.interacting(deck.gate.interacting(bare), 2))
    deck.report("licon_16", tap.not_interacting(on_tap))


def check_enclosed_contacts(deck: Deck) -> None:
    """Diffusion, tap, poly, nitride poly cut and li1 around the contacts."""
    diff, tap, poly, licon = deck.diff, deck.tap, deck.poly, deck.open_cuts(layers.LICON)
    on_poly, on_diff, on_tap = licon & poly, licon & diff, licon & tap
    deck.report("licon_4", licon - (poly + deck.active))
    deck.encloses("licon_5a", diff, on_diff)
    deck.encloses_two_sides("licon_5c", diff, on_diff)
    deck.encloses_two_sides("licon_7", tap, on_tap)
    deck.encloses("licon_8", poly, on_poly)
    deck.encloses_two_sides("licon_8a", poly, on_poly)
    deck.encloses("licon_15", deck.read(layers.NPC), on_poly)
    li = deck.read(layers.LI1)
    deck.report("licon_4", licon - li)
    deck.encloses_two_sides("li_5", li, licon)


def check_local_interconnect(deck: Deck) -> None:
    li = deck.read(layers.LI1)
    deck.width("li_1", li)
    deck.space("li_3", li)
    deck.area("li_6", li)
