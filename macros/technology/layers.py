"""GDS layers of sky130A: the one home of layer and datatype numbers.

Source: SkyWater SKY130 PDK documentation, "GDS layers information" (read the docs, table of
layers), as used by the released GDS of sky130_fd_sc_hd. Units: (layer, datatype) pairs.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["BY_NAME", "WIRES", "Layer"]


class Layer(NamedTuple):
    """A GDS layer: `layer` and `datatype` numbers."""

    layer: int
    datatype: int


# Wells and devices
NWELL = Layer(64, 20)
NWELL_LABEL = Layer(64, 5)
NWELL_PIN = Layer(64, 16)
PWELL_LABEL = Layer(64, 59)
PWELL_PIN = Layer(122, 16)
DNWELL = Layer(64, 18)
DIFF = Layer(65, 20)
TAP = Layer(65, 44)
POLY = Layer(66, 20)
POLY_PIN = Layer(66, 16)
POLY_LABEL = Layer(66, 5)
NSDM = Layer(93, 44)
PSDM = Layer(94, 20)
LVTN = Layer(125, 44)
HVTP = Layer(78, 44)
HVTR = Layer(18, 20)
HVI = Layer(75, 20)
NPC = Layer(95, 20)
LDNTM = Layer(11, 44)

# Contacts, routing layers and vias, bottom up
LICON = Layer(66, 44)
LI1 = Layer(67, 20)
LI1_PIN = Layer(67, 16)
LI1_LABEL = Layer(67, 5)
MCON = Layer(67, 44)
MET1 = Layer(68, 20)
MET1_PIN = Layer(68, 16)
MET1_LABEL = Layer(68, 5)
VIA = Layer(68, 44)
MET2 = Layer(69, 20)
MET2_PIN = Layer(69, 16)
MET2_LABEL = Layer(69, 5)
VIA2 = Layer(69, 44)
MET3 = Layer(70, 20)
MET3_PIN = Layer(70, 16)
MET3_LABEL = Layer(70, 5)
VIA3 = Layer(70, 44)
MET4 = Layer(71, 20)
MET4_PIN = Layer(71, 16)
MET4_LABEL = Layer(71, 5)
VIA4 = Layer(71, 44)
MET5 = Layer(72, 20)
MET5_PIN = Layer(72, 16)
MET5_LABEL = Layer(72, 5)
WIRES = (LI1, MCON, MET1, VIA, MET2, VIA2, MET3, VIA3, MET4, VIA4, MET5)
"""Metals and cuts from the lowest up."""

# Marks without a mask of their own
BOUNDARY = Layer(235, 4)
AREAID_CORE = Layer(81, 2)
AREAID_STANDARD_CELL = Layer(81, 4)
AREAID_DIODE = Layer(81, 23)

BY_NAME: dict[str, Layer] = {
    name.lower(): value for name, value in list(globals().items()) if isinstance(value, Layer)
}
