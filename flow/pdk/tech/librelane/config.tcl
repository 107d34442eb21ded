# sky130A for LibreLane: what belongs to the process, not to a cell library.
#
# LibreLane's reader sees `set ::env(X)` and `dict set ::env(X)` only; append and lappend on ::env
# are lost without a word.

set ::env(STD_CELL_LIBRARY) "sky130_fd_sc_hd"
if { ![info exists ::env(STD_CELL_LIBRARY_OPT)] } {
    set ::env(STD_CELL_LIBRARY_OPT) $::env(STD_CELL_LIBRARY)
}
set _ref "$::env(PDK_ROOT)/$::env(PDK)/libs.ref/$::env(STD_CELL_LIBRARY)"
set _tech "$::env(PDK_ROOT)/$::env(PDK)/libs.tech"

# Supplies
set ::env(VDD_PIN) "VPWR"
set ::env(GND_PIN) "VGND"

# Technology LEF for each interconnect corner
dict set ::env(TECH_LEFS) "nom_*" "$_ref/techlef/$::env(STD_CELL_LIBRARY)__nom.tlef"
dict set ::env(TECH_LEFS) "min_*" "$_ref/techlef/$::env(STD_CELL_LIBRARY)__min.tlef"
dict set ::env(TECH_LEFS) "max_*" "$_ref/techlef/$::env(STD_CELL_LIBRARY)__max.tlef"

# Timing corners: interconnect, process, temperature, voltage
set ::env(DEFAULT_CORNER) "nom_tt_025C_1v80"
set ::env(STA_CORNERS) "nom_tt_025C_1v80 nom_ss_100C_1v60 nom_ff_n40C_1v95"
set ::env(SETUP_VIOLATION_CORNERS) "*"
set ::env(HOLD_VIOLATION_CORNERS) "*"
set ::env(MAX_SLEW_VIOLATION_CORNERS) "*"
set ::env(MAX_CAP_VIOLATION_CORNERS) "*"
set ::env(TIMING_VIOLATION_CORNERS) "*"

# Routing layers
set ::env(RT_MIN_LAYER) "met1"
set ::env(RT_MAX_LAYER) "met5"
set ::env(IO_PIN_H_LAYER) "met3"
set ::env(IO_PIN_V_LAYER) "met2"
set ::env(GRT_LAYER_ADJUSTMENTS) "0.99 0 0 0 0 0"
set ::env(HEURISTIC_ANTENNA_THRESHOLD) 90

# Layout tools
set ::env(PRIMARY_GDSII_STREAMOUT_TOOL) "klayout"
set ::env(KLAYOUT_TECH) "$_tech/klayout/tech/$::env(PDK).lyt"
set ::env(KLAYOUT_PROPERTIES) "$_tech/klayout/tech/$::env(PDK).lyp"
set ::env(KLAYOUT_DEF_LAYER_MAP) "$_tech/klayout/tech/$::env(PDK).map"
