"""Routing rules and grid of sky130_fd_sc_hd, in nm (1 dbu).

Source: the technology LEF of sky130_fd_sc_hd and the published SkyWater periphery rules (rule
names in the comments). The grid follows the cells: a placement site is one met2 column wide
(460) and a row is eight met1 tracks high (2720), so that a cell sees the same grid wherever it
stands, in all four orientations.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "ALONG_X",
    "COLUMN",
    "COLUMN_X",
    "CUTS",
    "LAYERS",
    "MCON_SPACING",
    "MET1",
    "MET2",
    "MET3",
    "MET4",
    "MET5",
    "ROW",
    "ROW_TRACKS",
    "SITE",
    "SPACING",
    "TRACK",
    "TRACK_Y",
    "VIAS",
    "WIDTH",
    "Via",
]

SITE = 460
ROW = 2720
COLUMN = 460  # met2 pitch; met4 uses every second column
TRACK = 340  # met1 pitch; met3 uses every second track
COLUMN_X = 230  # x of column 0
TRACK_Y = 170  # y of track 0
ROW_TRACKS = ROW // TRACK

MET1, MET2, MET3, MET4, MET5 = range(5)
LAYERS = ("met1", "met2", "met3", "met4", "met5")
ALONG_X = (MET1, MET3)
"""Layers whose wires run along x."""
CUTS = ("mcon", "via", "via2", "via3", "via4")
"""Cut below each layer of `LAYERS`."""

WIDTH = (140, 140, 330, 330, 1600)
"""Drawn width per layer. met3 and met4 are drawn 30 wider than the rule asks, as wide as their
via pads, so that two pads on one wire never leave a notch."""
SPACING = (140, 140, 300, 300, 1600)  # m1.2 m2.2 m3.2 m4.2 m5.2
MCON_SPACING = 190  # ct.2


class Via(NamedTuple):
    """A via: cut side, and half width and half height of the pad on the layer below and above."""

    name: str
    cut: int
    below: tuple[int, int]
    above: tuple[int, int]


VIAS = (
    Via("L1M1", 170, (85, 85), (145, 115)),  # ct.1 m1.4 m1.5
    Via("M1M2", 150, (160, 130), (130, 160)),  # via.1a via.4a via.5a m2.4 m2.5
    Via("M2M3", 200, (140, 185), (165, 165)),  # via2.1a via2.4 via2.5 m3.4
    Via("M3M4", 200, (190, 165), (165, 165)),  # via3.1 via3.4 via3.5 m4.3
)
"""Vias of signal routing; `VIAS[l]` joins layer l - 1 (li1 for 0) to layer l. The M1M2 pad on met1
has 0.0832 um2 and so meets the minimum area by itself."""
