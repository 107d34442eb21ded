"""KLayout's technology files, written from the one home of the layer numbers."""

from __future__ import annotations

from flow.pdk.names import PROCESS
from macros.technology import layers

__all__ = ["layer_map", "technology"]

ROUTING = ("li1", "met1", "met2", "met3", "met4", "met5")
CUTS = ("mcon", "via", "via2", "via3", "via4")
LINKS = [("poly", "licon", "li1"), *zip(ROUTING[:-1], CUTS, ROUTING[1:], strict=True)]
"""Conductor, cut, conductor: what connects to what, bottom up."""


def layer_map() -> str:
    """LEF/DEF layer map: wires, vias and pins to drawing, pins to the pin layer, names to labels.

    KLayout, "LEF/DEF import": `layer purpose,... layer datatype`; `NAME layer/PIN` places texts.
    """
    lines = [_row("DIEAREA", "ALL", layers.BOUNDARY)]
    for name in ROUTING:
        lines.append(_row(name, "NET,SPNET,VIA,PIN,LEFPIN", layers.BY_NAME[name]))
        lines.append(_row(name, "PIN,LEFPIN", layers.BY_NAME[f"{name}_pin"]))
        lines.append(_row("NAME", f"{name}/PIN", layers.BY_NAME[f"{name}_label"]))
    lines += [_row(name, "VIA", layers.BY_NAME[name]) for name in CUTS]
    return "".join(lines)


def technology() -> str:
    """The `.lyt` file: database unit, layer colours, how LEF/DEF is read, which layers connect."""
    connections = "".join(f"  <connection>{','.join(link)}</connection>\n" for link in LINKS)
    names = dict.fromkeys(name for link in LINKS for name in link)
    symbols = "".join(f"  <symbols>{name}='{_number(name)}'</symbols>\n" for name in names)
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<technology>
 <name>{PROCESS}</name>
 <description>SkyWater 130 nm, local interconnect and five metals</description>
 <dbu>0.001</dbu>
 <layer-properties_file>{PROCESS}.lyp</layer-properties_file>
 <add-other-layers>true</add-other-layers>
 <reader-options>
  <lefdef>
   <dbu>0.001</dbu>
   <produce-net-names>true</produce-net-names>
   <produce-inst-names>true</produce-inst-names>
   <produce-cell-outlines>false</produce-cell-outlines>
   <produce-placement-blockages>false</produce-placement-blockages>
   <produce-regions>false</produce-regions>
   <via-cellname-prefix>VIA_</via-cellname-prefix>
   <read-lef-with-def>false</read-lef-with-def>
   <macro-resolution-mode>default</macro-resolution-mode>
   <map-file>{PROCESS}.map</map-file>
  </lefdef>
 </reader-options>
 <connectivity>
{connections}{symbols} </connectivity>
</technology>
"""


def _row(source: str, purpose: str, target: layers.Layer) -> str:
    return f"{source} {purpose} {target.layer} {target.datatype}\n"


def _number(name: str) -> str:
    layer = layers.BY_NAME[name]
    return f"{layer.layer}/{layer.datatype}"
