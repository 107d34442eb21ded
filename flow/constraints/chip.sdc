# Constraints of a chip with one clock, for every timing step: OpenSTA 2.0 and later, OpenROAD.
# Values come from the configuration (LibreLane hands its variables over in the environment).

set clock [get_ports $::env(CLOCK_PORT)]
if { [llength $clock] != 1 } { error "the design has no port $::env(CLOCK_PORT)" }
create_clock $clock -name $::env(CLOCK_PORT) -period $::env(CLOCK_PERIOD)

# The host's registers take and give IO_DELAY_CONSTRAINT percent of the period at every pin.
set budget [expr { $::env(CLOCK_PERIOD) * $::env(IO_DELAY_CONSTRAINT) / 100.0 }]
set inputs [list]
foreach port [all_inputs] {
    if { [get_property $port full_name] ne $::env(CLOCK_PORT) } { lappend inputs $port }
}
set_input_delay $budget -clock [get_clocks $::env(CLOCK_PORT)] $inputs
set_output_delay $budget -clock [get_clocks $::env(CLOCK_PORT)] [all_outputs]

lassign [split $::env(SYNTH_DRIVING_CELL) /] cell pin
set_driving_cell -lib_cell $cell -pin $pin $inputs
lassign [split $::env(SYNTH_CLK_DRIVING_CELL) /] cell pin
set_driving_cell -lib_cell $cell -pin $pin $clock
set_load [expr { $::env(OUTPUT_CAP_LOAD) / 1000.0 }] [all_outputs]

set_max_fanout $::env(MAX_FANOUT_CONSTRAINT) [current_design]
if { [info exists ::env(MAX_TRANSITION_CONSTRAINT)] } {
    set_max_transition $::env(MAX_TRANSITION_CONSTRAINT) [current_design]
}
set_clock_uncertainty $::env(CLOCK_UNCERTAINTY_CONSTRAINT) [get_clocks $::env(CLOCK_PORT)]
set_clock_transition $::env(CLOCK_TRANSITION_CONSTRAINT) [get_clocks $::env(CLOCK_PORT)]
set_timing_derate -early [expr { 1 - $::env(TIME_DERATING_CONSTRAINT) / 100.0 }]
set_timing_derate -late [expr { 1 + $::env(TIME_DERATING_CONSTRAINT) / 100.0 }]

if { [info exists ::env(OPENLANE_SDC_IDEAL_CLOCKS)] && $::env(OPENLANE_SDC_IDEAL_CLOCKS) } {
    unset_propagated_clock [all_clocks]
} else {
    set_propagated_clock [all_clocks]
}
