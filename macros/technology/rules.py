"""SkyWater 130 nm periphery design rules: the one home of their values.

Source: SKY130 PDK documentation, "Periphery rules". Names are the document's, with an underscore
for the dot; values are nm, areas nm2. Here are the rules of every layer that standard cells, our
macros and our wiring draw. Our macros' cells claim no exemption: neither `areaid.core` (memory
cells) nor `areaid.sc` (standard cells).
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["GRID", "RULES", "Rule", "rule"]

GRID: Final = 5  # x.1b


class Rule(NamedTuple):
    """A design rule: its value in nm (nm2 for areas, 0 where it has none) and what it asks for."""

    value: int
    text: str

    @property
    def unit(self) -> str:
        """Unit of SkyWater's document; empty where the rule has no value."""
        return "" if self.value == 0 else "um2" if self.text.startswith("area") else "um"

    @property
    def document_value(self) -> float:
        """Value in `unit`."""
        return self.value / (1e6 if self.unit == "um2" else 1e3)


RULES: Final[dict[str, Rule]] = {
    "nwell_1": Rule(840, "width"),
    "nwell_2a": Rule(1270, "spacing"),
    "hvtp_1": Rule(380, "width"),
    "hvtp_2": Rule(380, "spacing"),
    "hvtp_3": Rule(180, "enclosure of pfet"),
    "hvtp_4": Rule(180, "spacing to a pfet outside"),
    "hvtp_5": Rule(265_000, "area"),
    "hvtp_6": Rule(265_000, "area of holes"),
    "difftap_1": Rule(150, "width of diff or tap"),
    "difftap_2": Rule(420, "channel width"),
    "difftap_2_sc": Rule(360, "channel width in a standard cell"),
    "difftap_3": Rule(270, "spacing"),
    "difftap_4": Rule(290, "edge that tap and diff share where they butt"),
    "difftap_8": Rule(180, "enclosure of p+ diff by nwell"),
    "difftap_9": Rule(340, "spacing of n+ diff to nwell"),
    "difftap_10": Rule(180, "enclosure of n+ tap by nwell"),
    "difftap_11": Rule(130, "spacing of p+ tap to nwell"),
    "poly_1a": Rule(150, "width"),
    "poly_2": Rule(210, "spacing"),
    "poly_4": Rule(75, "field poly to diff, parallel edges"),
    "poly_5": Rule(55, "field poly to tap"),
    "poly_6": Rule(300, "gate to butting tap"),
    "poly_7": Rule(250, "diff beyond poly"),
    "poly_8": Rule(130, "poly beyond diff"),
    "sd_1": Rule(380, "width of nsdm and psdm"),
    "sd_2": Rule(380, "spacing of nsdm and psdm"),
    "sd_5": Rule(125, "enclosure of diff and tap by their implant"),
    "sd_7": Rule(130, "spacing of an implant to diff and tap of the other kind"),
    "nsd_10a": Rule(265_000, "area of nsdm"),
    "psd_10b": Rule(255_000, "area of psdm"),
    "sd_11": Rule(265_000, "area of implant holes"),
    "npc_1": Rule(270, "width"),
    "npc_2": Rule(270, "spacing"),
    "npc_4": Rule(90, "spacing to gate"),
    "licon_1": Rule(170, "exact size"),
    "licon_2": Rule(170, "spacing"),
    "licon_5a": Rule(40, "enclosure by diff"),
    "licon_5c": Rule(60, "enclosure by diff, one of two adjacent sides"),
    "licon_7": Rule(120, "enclosure by tap, one of two adjacent sides"),
    "licon_8": Rule(50, "enclosure by poly"),
    "licon_8a": Rule(80, "enclosure by poly, one of two adjacent sides"),
    "licon_9": Rule(110, "poly licon to psdm"),
    "licon_11": Rule(55, "licon on diff to gate"),
    "licon_11a": Rule(50, "the same in a standard cell"),
    "licon_13": Rule(90, "licon on diff to npc"),
    "licon_14": Rule(190, "poly licon to diff or tap"),
    "licon_15": Rule(100, "enclosure of poly licon by npc"),
    "li_1": Rule(170, "width"),
    "li_3": Rule(170, "spacing"),
    "li_5": Rule(80, "enclosure of licon, one of two adjacent sides"),
    "li_6": Rule(56_100, "area"),
    "ct_1": Rule(170, "exact size of mcon"),
    "ct_2": Rule(190, "spacing of mcon"),
    "m1_1": Rule(140, "width"),
    "m1_2": Rule(140, "spacing"),
    "m1_3": Rule(280, "spacing to metal wider than 3 um"),
    "m1_4": Rule(30, "enclosure of mcon"),
    "m1_5": Rule(60, "enclosure of mcon, one of two adjacent sides"),
    "m1_6": Rule(83_000, "area"),
    "m1_7": Rule(140_000, "area of holes"),
    "via_1a": Rule(150, "exact size"),
    "via_2": Rule(170, "spacing"),
    "via_4a": Rule(55, "enclosure by met1"),
    "via_5a": Rule(85, "enclosure by met1, one of two adjacent sides"),
    "m2_1": Rule(140, "width"),
    "m2_2": Rule(140, "spacing"),
    "m2_3": Rule(280, "spacing to metal wider than 3 um"),
    "m2_4": Rule(55, "enclosure of via"),
    "m2_5": Rule(85, "enclosure of via, one of two adjacent sides"),
    "m2_6": Rule(67_600, "area"),
    "m2_7": Rule(140_000, "area of holes"),
    "via2_1a": Rule(200, "exact size"),
    "via2_2": Rule(200, "spacing"),
    "via2_4": Rule(40, "enclosure by met2"),
    "via2_5": Rule(85, "enclosure by met2, one of two adjacent sides"),
    "m3_1": Rule(300, "width"),
    "m3_2": Rule(300, "spacing"),
    "m3_3": Rule(400, "spacing to metal wider than 3 um"),
    "m3_4": Rule(65, "enclosure of via2"),
    "m3_6": Rule(240_000, "area"),
    "m3_7": Rule(200_000, "area of holes"),
    "via3_1": Rule(200, "exact size"),
    "via3_2": Rule(200, "spacing"),
    "via3_4": Rule(60, "enclosure by met3"),
    "via3_5": Rule(90, "enclosure by met3, one of two adjacent sides"),
    "m4_1": Rule(300, "width"),
    "m4_2": Rule(300, "spacing"),
    "m4_3": Rule(65, "enclosure of via3"),
    "m4_4a": Rule(240_000, "area"),
    "m4_5": Rule(400, "spacing to metal wider than 3 um"),
    "m4_7": Rule(200_000, "area of holes"),
    "via4_1": Rule(800, "exact size"),
    "via4_2": Rule(800, "spacing"),
    "via4_4": Rule(190, "enclosure by met4"),
    "m5_1": Rule(1600, "width"),
    "m5_2": Rule(1600, "spacing"),
    "m5_3": Rule(310, "enclosure of via4"),
    "m5_4": Rule(4_000_000, "area"),
    "m5_7": Rule(140_000, "area of holes"),
    "lu_2": Rule(15_000, "n+ diff to the nearest substrate tap, at most"),
    "lu_3": Rule(15_000, "p+ diff to the nearest well tap, at most"),
    "wide_metal": Rule(3000, "what counts as wide in m1_3, m2_3, m3_3, m4_5"),
    "ct_4": Rule(0, "mcon is covered by li1"),
    "difftap_6": Rule(0, "diffusion and tap do not overlap"),
    "licon_4": Rule(0, "licon lies on li1 and on poly, diffusion or tap"),
    "licon_16": Rule(0, "every source, drain and tap has a licon"),
    "licon_17": Rule(0, "licon is not on poly and diffusion at once"),
    "nwell_4": Rule(0, "every n-well has a contacted tap"),
    "poly_11": Rule(0, "gates are rectangles"),
    "sd_8": Rule(0, "diffusion and tap lie in one implant only, that of their well"),
    "li1_pd_1d": Rule(400, "free of li1, at least, of 1000"),
    "m1_pd_1d": Rule(400, "free of met1, at least, of 1000"),
    "m2_pd_1d": Rule(400, "free of met2, at least, of 1000"),
    "m3_pd_1d": Rule(400, "free of met3, at least, of 1000"),
    "m4_pd_1d": Rule(400, "free of met4, at least, of 1000"),
    "m5_pd_1d": Rule(240, "free of met5, at least, of 1000"),
    "x_empty": Rule(0, "no cell without shapes"),
    "x_layer": Rule(0, "only layers that these rules cover"),
    "x_1b": Rule(GRID, "vertices on the grid"),
    "x_2": Rule(0, "right angles only"),
    "x_3a": Rule(0, "angles of 45 degrees only"),
    "x_pin": Rule(0, "pin shapes lie on drawn metal"),
}


def rule(name: str) -> int:
    """Value of a rule in nm (nm2 for areas); an unknown name is a `ValueError`."""
    try:
        return RULES[name].value
    except KeyError:
        raise ValueError(f"no design rule {name!r}") from None
