"""The technology of `openram_technology` with the foundry's cells in place of ours, arranged by the
modules for sky130 that OpenRAM brings along. Only OpenRAM's own process loads this."""

from __future__ import annotations

from openram import drc as describe

from macros.generator.openram_technology import *  # noqa: F403 - OpenRAM reads every name here
from macros.generator.openram_technology import (
    cell_properties,
    layer,
    layer_indices,
    layer_properties,
    spice,
    tech_modules,
)
from macros.technology import layers
from macros.technology.foundry import LIBRARY

array_row_multiple = 2
array_col_multiple = 2

for _kind in ("bitcell", "replica_bitcell", "dummy_bitcell"):
    tech_modules[f"{_kind}_1port"] = f"sky130_{_kind}"
for _kind in (
    "bitcell_array",
    "replica_bitcell_array",
    "capped_replica_bitcell_array",
    "dummy_array",
    "replica_column",
    "col_cap_array",
    "col_cap",
    "corner",
    "internal",
    "row_cap_array",
    "row_cap",
):
    tech_modules[_kind] = f"sky130_{_kind}"

layer_properties.replica_column.even_rows = True

layer_indices["nwell"] = 0
layer["mem"] = (layers.AREAID_CORE.layer, layers.AREAID_CORE.datatype)
layer["pwellp"] = (layers.PWELL_PIN.layer, layers.PWELL_PIN.datatype)
layer_names = {name: name for name in layer}
special_purposes = {layers.NWELL.layer: [20, 5, 59, 16]}
layer_override = dict.fromkeys(("vnb", "VNB"), layer["pwellp"])
layer_override_name = dict.fromkeys(("vnb", "VNB"), "pwellp")
layer_override_purpose = {
    layers.PWELL_PIN.layer: (layers.PWELL_LABEL.layer, layers.PWELL_LABEL.datatype)
}

spice["pmos"] = "sky130_fd_pr__pfet_01v8"  # as in the foundry's own periphery


def _cell(ports: str, types: str, names: str) -> describe.cell:
    """Ports as OpenRAM calls them, their types, and their names in the cell."""
    order = ports.split()
    return describe.cell(order, types.split(), dict(zip(order, names.split(), strict=True)))


_bit_cell = cell_properties.bitcell_1port
_bit_cell.end_caps = True
_bit_cell.boundary_layer = "mem"
_bit_cell.port_order = ["bl", "br", "gnd", "vdd", "vpb", "vnb", "wl"]
_bit_cell.port_types = ["OUTPUT", "OUTPUT", "GROUND", "POWER", "BIAS", "BIAS", "INPUT"]
_bit_cell.port_map = dict(
    zip(_bit_cell.port_order, ["BL", "BR", "VGND", "VPWR", "VPB", "VNB", "WL"], strict=True)
)
for _name, _ports, _types, _names in (
    (
        "col_cap_1port_bitcell",
        "bl br vdd gnd vpb vnb gate",
        "INPUT INPUT POWER GROUND BIAS BIAS INPUT",
        "bl br vdd gnd vpb vnb gate",
    ),
    ("col_cap_1port_strap_power", "vdd vpb vnb", "POWER BIAS BIAS", "VPWR VPB VNB"),
    ("col_cap_1port_strap_ground", "gnd vpb vnb", "GROUND BIAS BIAS", "VGND VPB VNB"),
    ("row_cap_1port_cell", "vdd wl", "POWER INPUT", "VPWR WL"),
):
    _made = _cell(_ports, _types, _names)
    _made.boundary_layer = "mem"
    setattr(cell_properties, _name, _made)
cell_properties.use_strap = True
cell_properties.strap_module = "internal"
cell_properties.strap_version = "wlstrap"
for _name, _ports in (
    ("dff", "D Q clk vdd gnd"),
    ("nand2_dec", "A B Z vdd gnd"),
    ("nand3_dec", "A B C Z vdd gnd"),
    ("sense_amp", "bl br dout en vdd gnd"),
    ("write_driver", "din bl br en vdd gnd"),
):
    _part = getattr(cell_properties, _name)
    _part.port_order = _ports.split()
    _part.port_map = {port: port.upper() for port in _part.port_order}
for _name, _file in (
    ("dff", "openram_dff"),
    ("nand2_dec", "openram_sp_nand2_dec"),
    ("nand3_dec", "openram_sp_nand3_dec"),
    ("sense_amp", "openram_sense_amp"),
    ("write_driver", "openram_write_driver"),
):
    cell_properties.names[_name] = f"{LIBRARY}__{_file}"

library_prefix_name = f"{LIBRARY}__"
