# sky130_fd_sc_hd for LibreLane: the high density library, rows of 2.72 um on a 0.46 um site.

set _ref "$::env(PDK_ROOT)/$::env(PDK)/libs.ref/$::env(STD_CELL_LIBRARY)"
set _here "$::env(PDK_ROOT)/$::env(PDK)/libs.tech/librelane/$::env(STD_CELL_LIBRARY)"
set _lib "$_ref/lib/$::env(STD_CELL_LIBRARY)"
set _cell "$::env(STD_CELL_LIBRARY)_"

# Views
dict set ::env(LIB) "*_tt_025C_1v80" "${_lib}__tt_025C_1v80.lib"
dict set ::env(LIB) "*_ss_100C_1v60" "${_lib}__ss_100C_1v60.lib"
dict set ::env(LIB) "*_ff_n40C_1v95" "${_lib}__ff_n40C_1v95.lib"
set ::env(CELL_LEFS) "$_ref/lef/$::env(STD_CELL_LIBRARY).lef"
set ::env(CELL_GDS) "$_ref/gds/$::env(STD_CELL_LIBRARY).gds"
set ::env(CELL_VERILOG_MODELS) "$_ref/verilog/primitives.v $_ref/verilog/$::env(STD_CELL_LIBRARY).v"
set ::env(CELL_BB_VERILOG_MODELS) "$_ref/verilog/$::env(STD_CELL_LIBRARY)__blackbox.v"
set ::env(CELL_SPICE_MODELS) "$_ref/spice/$::env(STD_CELL_LIBRARY).spice"
set ::env(CELL_CDLS) "$_ref/cdl/$::env(STD_CELL_LIBRARY).cdl"

# Supplies
set ::env(SCL_POWER_PINS) "VPWR VPB"
set ::env(SCL_GROUND_PINS) "VGND VNB"

# Synthesis
set ::env(SYNTH_CORNER) "nom_ss_100C_1v60"
set ::env(SYNTH_EXCLUDED_CELL_FILE) "$_here/synth_exclude.cells"
set ::env(PNR_EXCLUDED_CELL_FILE) "$_here/pnr_exclude.cells"
set ::env(SYNTH_LATCH_MAP) "$_here/latch_map.v"
set ::env(SYNTH_TRISTATE_MAP) "$_here/tristate_map.v"
set ::env(SYNTH_FA_MAP) "$_here/full_adder_map.v"
set ::env(SYNTH_DRIVING_CELL) "${_cell}_inv_2/Y"
set ::env(SYNTH_CLK_DRIVING_CELL) "${_cell}_clkbuf_8/X"
set ::env(SYNTH_TIEHI_CELL) "${_cell}_conb_1/HI"
set ::env(SYNTH_TIELO_CELL) "${_cell}_conb_1/LO"
set ::env(SYNTH_BUFFER_CELL) "${_cell}_buf_2/A/X"
set ::env(SYNTH_CLOCKGATE_POSEDGE_ICG) "${_cell}_dlclkp_1/GATE/CLK/GCLK"
set ::env(TRISTATE_CELLS) "${_cell}_ebuf*"
set ::env(OUTPUT_CAP_LOAD) 33.442
set ::env(IGNORE_DISCONNECTED_MODULES) "${_cell}_conb_1"

# Constraints
set ::env(DEFAULT_MAX_TRAN) 0.75
set ::env(MAX_FANOUT_CONSTRAINT) 10
set ::env(CLOCK_UNCERTAINTY_CONSTRAINT) 0.25
set ::env(CLOCK_TRANSITION_CONSTRAINT) 0.15
set ::env(TIME_DERATING_CONSTRAINT) 5.0
set ::env(IO_DELAY_CONSTRAINT) 20.0

# Placement
set ::env(PLACE_SITE) "unithd"
set ::env(CELL_PAD_EXCLUDE) "${_cell}_tap* ${_cell}_decap* ${_cell}_fill*"
set ::env(GPL_CELL_PADDING) 0
set ::env(DPL_CELL_PADDING) 0
set ::env(WELLTAP_CELL) "${_cell}_tapvpwrvgnd_1"
set ::env(ENDCAP_CELL) "${_cell}_decap_3"
set ::env(FP_TAPCELL_DIST) 13
set ::env(FILL_CELLS) "${_cell}_fill_1 ${_cell}_fill_2"
set ::env(DECAP_CELLS) "${_cell}_decap_3 ${_cell}_decap_4 ${_cell}_decap_6 ${_cell}_decap_8 ${_cell}_decap_12"
set ::env(DIODE_CELL) "${_cell}_diode_2/DIODE"

# Power grid
set ::env(PDN_RAIL_LAYER) "met1"
set ::env(PDN_RAIL_WIDTH) 0.48
set ::env(PDN_VERTICAL_LAYER) "met4"
set ::env(PDN_HORIZONTAL_LAYER) "met5"
set ::env(PDN_RAIL_OFFSET) 0
set ::env(PDN_VWIDTH) 1.6
set ::env(PDN_HWIDTH) 1.6
set ::env(PDN_VSPACING) 1.7
set ::env(PDN_HSPACING) 1.7
set ::env(PDN_VPITCH) 153.6
set ::env(PDN_HPITCH) 153.18
set ::env(PDN_VOFFSET) 16.32
set ::env(PDN_HOFFSET) 16.65

# Clock tree
set ::env(CTS_ROOT_BUFFER) "${_cell}_clkbuf_16"
set ::env(CTS_CLK_BUFFERS) "${_cell}_clkbuf_8 ${_cell}_clkbuf_4 ${_cell}_clkbuf_2"
