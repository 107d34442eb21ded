"""What OpenRAM calls a technology: layers, rules, cell properties. Only its own process loads this.

OpenRAM imports the names below as `openram.tech`. It thinks in um and wants the technology to be
called sky130, a name that many of its modules ask for.
"""

from __future__ import annotations

from openram import drc as describe

from macros.technology import layers
from macros.technology.bitcell import ACCESS_WIDTH, PULL_DOWN_WIDTH, PULL_UP_WIDTH
from macros.technology.rules import GRID, rule


def um(name: str) -> float:
    """A rule's value in um."""
    return rule(name) / 1000


def um2(name: str) -> float:
    """An area rule's value in um2."""
    return rule(name) / 1e6


tech_modules = describe.module_type()
for gate in ("nand2_dec", "nand3_dec"):
    tech_modules[gate] = gate
tech_modules["inv_dec"] = "pinv_dec"
tech_modules["buf_dec"] = "pbuf_dec"
for gate in ("and2_dec", "and3_dec"):
    tech_modules[gate] = gate

cell_properties = describe.cell_properties()
cell_properties.bitcell_power_pin_directions = ("H", "H")
cell_properties.bitcell_1port.mirror.x = True
cell_properties.bitcell_1port.mirror.y = True
cell_properties.bitcell_1port.wl_layer = "m2"
cell_properties.bitcell_1port.bl_layer = "m1"
cell_properties.bitcell_1port.vdd_layer = "m2"
cell_properties.bitcell_1port.vdd_dir = "H"
cell_properties.bitcell_1port.gnd_layer = "m2"
cell_properties.bitcell_1port.gnd_dir = "H"
cell_properties.ptx.bin_spice_models = True
cell_properties.ptx.model_is_subckt = True
cell_properties.pgate.add_implants = True
cell_properties.use_strap = False

array_row_multiple = 1
array_col_multiple = 1

layer_properties = describe.layer_properties()
layer_properties.hierarchical_decoder.bus_layer = "m1"
layer_properties.hierarchical_decoder.bus_directions = "nonpref"
layer_properties.hierarchical_decoder.input_layer = "li"
layer_properties.hierarchical_decoder.output_layer = "m2"
layer_properties.hierarchical_decoder.vertical_supply = True
layer_properties.hierarchical_predecode.bus_layer = "m1"
layer_properties.hierarchical_predecode.bus_directions = "nonpref"
layer_properties.hierarchical_predecode.bus_pitch_factor = 1.2
layer_properties.hierarchical_predecode.bus_space_factor = 1.5
layer_properties.hierarchical_predecode.input_layer = "li"
layer_properties.hierarchical_predecode.output_layer = "m2"
layer_properties.hierarchical_predecode.vertical_supply = True
layer_properties.hierarchical_predecode.force_horizontal_input_contact = True
layer_properties.bank.stack = "m2_stack"
layer_properties.bank.pitch = "m3_pitch"
layer_properties.column_mux_array.select_layer = "m3"
layer_properties.column_mux_array.bitline_layer = "m1"
layer_properties.port_address.supply_offset = True
layer_properties.port_data.enable_layer = "m1"
layer_properties.port_data.channel_route_bitlines = False
layer_properties.wordline_driver.vertical_supply = True

# The models are binned over continuous widths; OpenRAM wants a list to choose from.
accuracy_requirement = 0.75
_WIDTHS = [0.42, 0.55, 0.64, 0.74, 0.84, 1.0, 1.12, 1.26, 1.68, 2.0, 3.0, 5.0, 7.0]
nmos_bins = {0.15: _WIDTHS}
pmos_bins = {0.15: _WIDTHS}

GDS = {"unit": (0.001, 1e-9), "zoom": 0.5}

poly_stack = ("poly", "contact", "li")
active_stack = ("active", "contact", "li")
li_stack = ("li", "mcon", "m1")
m1_stack = ("m1", "via1", "m2")
m2_stack = ("m2", "via2", "m3")
m3_stack = ("m3", "via3", "m4")
feol_stacks = [poly_stack, active_stack, li_stack]
beol_stacks = [m1_stack, m2_stack, m3_stack]
layer_stacks = feol_stacks + beol_stacks
power_grid = m3_stack
layer_indices = {"poly": 0, "active": 0, "li": 1, "m1": 2, "m2": 3, "m3": 4, "m4": 5}
preferred_directions = {
    "poly": "V",
    "active": "V",
    "li": "V",
    "m1": "H",
    "m2": "V",
    "m3": "H",
    "m4": "V",
}

_LAYERS: dict[str, tuple[int, int]] = {
    "active": layers.DIFF,
    "tap": layers.TAP,
    "nwell": layers.NWELL,
    "nimplant": layers.NSDM,
    "pimplant": layers.PSDM,
    "poly": layers.POLY,
    "contact": layers.LICON,
    "npc": layers.NPC,
    "li": layers.LI1,
    "mcon": layers.MCON,
    "m1": layers.MET1,
    "via1": layers.VIA,
    "m2": layers.MET2,
    "via2": layers.VIA2,
    "m3": layers.MET3,
    "via3": layers.VIA3,
    "m4": layers.MET4,
    "boundary": layers.BOUNDARY,
    "text": (234, 5),
}
layer = {name: (numbers[0], numbers[1]) for name, numbers in _LAYERS.items()}
layer_names = {name: name for name in layer}
label_purpose = layers.MET1_LABEL.datatype
special_purposes: dict[int, list[int]] = {}
layer_override: dict[str, tuple[int, int]] = {}
layer_override_name: dict[str, str] = {}
layer_override_purpose: dict[int, tuple[int, int]] = {}

parameter = {
    "min_tx_size": 0.42,
    "beta": 2,
    "6T_inv_nmos_size": PULL_DOWN_WIDTH / 1000,
    "6T_inv_pmos_size": PULL_UP_WIDTH / 1000,
    "6T_access_size": ACCESS_WIDTH / 1000,
    "le_tau": 2.25,
    "cap_relative_per_ff": 7.5,
    "dff_clk_cin": 30.6,
    "6tcell_wl_cin": 3,
    "min_inv_para_delay": 2.4,
    "sa_en_pmos_size": 0.74,
    "sa_en_nmos_size": 1.06,
    "sa_inv_pmos_size": 0.74,
    "sa_inv_nmos_size": 1.06,
    "bitcell_drain_cap": 0.1,
}

drc = describe.design_rules("sky130")
drc["grid"] = GRID / 1000
drc["minwidth_tx"] = um("difftap_2")
drc["minlength_channel"] = um("poly_1a")
drc["pwell_to_nwell"] = 0
drc["poly_extend_active"] = um("poly_8")
drc["poly_to_contact"] = 0
drc["active_enclose_gate"] = um("poly_7")
drc["poly_to_active"] = um("poly_4")
drc["poly_to_field_poly"] = um("poly_2")
drc["implant_to_contact"] = 0.07
drc["tap_extend_contact"] = um("licon_7")
drc["active_contact_to_gate"] = um("licon_11")
drc["poly_contact_to_gate"] = um("licon_14") + um("licon_8a")
drc["npc_enclose_poly"] = um("licon_15")
drc.add_layer("nwell", width=um("nwell_1"), spacing=um("nwell_2a"))
drc.add_layer("poly", width=um("poly_1a"), spacing=um("poly_2"))
drc.add_layer("active", width=um("difftap_1"), spacing=um("difftap_3"))
drc.add_layer("implant", width=um("sd_1"), spacing=um("sd_2"), area=um2("nsd_10a"))
drc.add_layer("contact", width=um("licon_1"), spacing=um("licon_2"))
drc.add_layer("li", width=um("li_1"), spacing=um("li_3"))
drc.add_layer("mcon", width=um("ct_1"), spacing=um("ct_2"))
drc.add_enclosure("nwell", layer="active", enclosure=um("difftap_8"), extension=um("difftap_8"))
drc.add_enclosure("implant", layer="active", enclosure=um("sd_5"))
drc.add_enclosure("active", layer="contact", enclosure=um("licon_5a"), extension=um("licon_5c"))
drc.add_enclosure("poly", layer="contact", enclosure=um("licon_8a"), extension=um("licon_8a"))
drc.add_enclosure("li", layer="contact", enclosure=0, extension=um("li_5"))
drc.add_enclosure("li", layer="mcon", enclosure=0, extension=um("li_5"))
for _metal, _cut_below, _low, _low_two, _cut_above, _high, _high_two, _area in (
    ("m1", "mcon", "m1_4", "m1_5", "via1", "via_4a", "via_5a", "m1_6"),
    ("m2", "via1", "m2_4", "m2_5", "via2", "via2_4", "via2_5", "m2_6"),
    ("m3", "via2", "m3_4", "m3_4", "via3", "via3_4", "via3_5", "m3_6"),
    ("m4", "via3", "m4_3", "m4_3", None, None, None, "m4_4a"),
):
    drc.add_layer(_metal, width=um(f"{_metal}_1"), spacing=um(f"{_metal}_2"), area=um2(_area))
    drc.add_enclosure(_metal, layer=_cut_below, enclosure=um(_low), extension=um(_low_two))
    if _cut_above and _high and _high_two:
        drc.add_enclosure(_metal, layer=_cut_above, enclosure=um(_high), extension=um(_high_two))
drc.add_layer("via1", width=um("via_1a"), spacing=um("via_2"))
drc.add_layer("via2", width=um("via2_1a"), spacing=um("via2_2"))
drc.add_layer("via3", width=um("via3_1"), spacing=um("via3_2"))

# OpenRAM computes delays from these; its timing is not used, ours comes from SPICE.
spice = {
    "nmos": "sky130_fd_pr__nfet_01v8",
    "pmos": "sky130_fd_pr__pfet_01v8_hvt",
    "power": "vccd1",
    "ground": "vssd1",
    "device_prefix": "X",
    "fet_libraries": {},
    "fet_models": {},
    "feasible_period": 10,
    "supply_voltages": [1.6, 1.8, 1.95],
    "nom_supply_voltage": 1.8,
    "rise_time": 0.05,
    "fall_time": 0.05,
    "temperatures": [-40, 25, 100],
    "nom_temperature": 25,
    "nom_threshold": 0.49,
    "wire_unit_r": 0.125,
    "wire_unit_c": 0.134,
    "min_tx_drain_c": 0.7,
    "min_tx_gate_c": 0.2,
    "dff_setup": 100,
    "dff_hold": -50,
    "dff_in_cap": 7,
    "dff_out_cap": 7,
    "bitcell_leakage": 1,
    "inv_leakage": 1,
    "nand2_leakage": 1,
    "nand3_leakage": 1,
    "nor2_leakage": 1,
    "dff_leakage": 1,
    "default_event_frequency": 100,
}

drc_name, lvs_name, pex_name = "magic", "netgen", "magic"  # never run
flatglob: list[str] = []
blackbox_cells: list[str] = []
library_prefix_name = "spikeout"
