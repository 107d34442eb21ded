"""SkyWater 130 nm periphery design rules: the one home of their values.

Source: SKY130 PDK documentation, "Periphery rules". Names are the document's, with an underscore
for the dot; values are nm, areas nm2. Only rules of layers that our macros draw are here. Our cells
claim no exemption: neither `areaid.core` (memory cells) nor `areaid.sc` (standard cells).
"""

from __future__ import annotations

from typing import Final

__all__ = ["GRID", "RULES", "rule"]

GRID: Final = 5  # x.1b

RULES: Final[dict[str, int]] = {
    "nwell_1": 840,  # width
    "nwell_2a": 1270,  # spacing
    "hvtp_1": 380,  # width
    "hvtp_2": 380,  # spacing
    "hvtp_3": 180,  # enclosure of pfet
    "hvtp_4": 180,  # spacing to a pfet outside
    "hvtp_5": 265_000,  # area
    "hvtp_6": 265_000,  # area of holes
    "difftap_1": 150,  # width of diff or tap
    "difftap_2": 420,  # channel width
    "difftap_2_sc": 360,  # channel width in a standard cell
    "difftap_3": 270,  # spacing
    "difftap_4": 290,  # edge that tap and diff share where they butt
    "difftap_8": 180,  # enclosure of p+ diff by nwell
    "difftap_9": 340,  # spacing of n+ diff to nwell
    "difftap_10": 180,  # enclosure of n+ tap by nwell
    "difftap_11": 130,  # spacing of p+ tap to nwell
    "poly_1a": 150,  # width
    "poly_2": 210,  # spacing
    "poly_4": 75,  # field poly to diff, parallel edges
    "poly_5": 55,  # field poly to tap
    "poly_6": 300,  # gate to butting tap
    "poly_7": 250,  # diff beyond poly
    "poly_8": 130,  # poly beyond diff
    "sd_1": 380,  # width of nsdm and psdm
    "sd_2": 380,  # spacing of nsdm and psdm
    "sd_5": 125,  # enclosure of diff and tap by their implant
    "sd_7": 130,  # spacing of an implant to diff and tap of the other kind
    "nsd_10a": 265_000,  # area of nsdm
    "psd_10b": 255_000,  # area of psdm
    "sd_11": 265_000,  # area of implant holes
    "npc_1": 270,  # width
    "npc_2": 270,  # spacing
    "npc_4": 90,  # spacing to gate
    "licon_1": 170,  # exact size
    "licon_2": 170,  # spacing
    "licon_5a": 40,  # enclosure by diff
    "licon_5c": 60,  # enclosure by diff, one of two adjacent sides
    "licon_7": 120,  # enclosure by tap, one of two adjacent sides
    "licon_8": 50,  # enclosure by poly
    "licon_8a": 80,  # enclosure by poly, one of two adjacent sides
    "licon_9": 110,  # poly licon to psdm
    "licon_11": 55,  # licon on diff to gate
    "licon_11a": 50,  # the same in a standard cell
    "licon_13": 90,  # licon on diff to npc
    "licon_14": 190,  # poly licon to diff or tap
    "licon_15": 100,  # enclosure of poly licon by npc
    "li_1": 170,  # width
    "li_3": 170,  # spacing
    "li_5": 80,  # enclosure of licon, one of two adjacent sides
    "li_6": 56_100,  # area
    "ct_1": 170,  # exact size of mcon
    "ct_2": 190,  # spacing of mcon
    "m1_1": 140,
    "m1_2": 140,
    "m1_3": 280,  # spacing to metal wider than 3 um
    "m1_4": 30,  # enclosure of mcon
    "m1_5": 60,  # enclosure of mcon, one of two adjacent sides
    "m1_6": 83_000,
    "m1_7": 140_000,  # area of holes
    "via_1a": 150,
    "via_2": 170,
    "via_4a": 55,  # enclosure by met1
    "via_5a": 85,  # enclosure by met1, one of two adjacent sides
    "m2_1": 140,
    "m2_2": 140,
    "m2_3": 280,
    "m2_4": 55,  # enclosure of via
    "m2_5": 85,
    "m2_6": 67_600,
    "m2_7": 140_000,
    "via2_1a": 200,
    "via2_2": 200,
    "via2_4": 40,  # enclosure by met2
    "via2_5": 85,
    "m3_1": 300,
    "m3_2": 300,
    "m3_3": 400,
    "m3_4": 65,  # enclosure of via2
    "m3_6": 240_000,
    "m3_7": 200_000,
    "via3_1": 200,
    "via3_2": 200,
    "via3_4": 60,  # enclosure by met3
    "via3_5": 90,
    "m4_1": 300,
    "m4_2": 300,
    "m4_3": 65,  # enclosure of via3
    "m4_4a": 240_000,
    "m4_5": 400,
    "m4_7": 200_000,
    "via4_1": 800,
    "via4_2": 800,
    "via4_4": 190,  # enclosure by met4
    "m5_1": 1600,
    "m5_2": 1600,
    "m5_3": 310,  # enclosure of via4
    "m5_4": 4_000_000,
    "m5_7": 140_000,
    "lu_2": 15_000,  # n+ diff to the nearest substrate tap, at most
    "lu_3": 15_000,  # p+ diff to the nearest well tap, at most
    "wide_metal": 3000,  # what counts as wide in m1_3, m2_3, m3_3, m4_5
}


def rule(name: str) -> int:
    """Value of a rule in nm (nm2 for areas); an unknown name is a `ValueError`."""
    try:
        return RULES[name]
    except KeyError:
        raise ValueError(f"no design rule {name!r}") from None
