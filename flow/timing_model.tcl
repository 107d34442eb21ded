# What a timing model says of a chip's ports at one corner; `source`d by flow/steps/sta_corner.tcl when
# the netlist is linked and constrained by flow/constraints/interface.sdc. Times in ns, capacitances
# in pF. Every line that Python reads starts with %.

set model_clock [get_clocks $::env(CLOCK_PORT)]
set model_inputs [list]
foreach port [all_inputs] {
    if { [get_property $port full_name] ne $::env(CLOCK_PORT) } { lappend model_inputs $port }
}

# Slack of a port's pin: the least of all paths through it.
proc model_slack { pin side edge } { get_property $pin ${side}_${edge}_slack }

proc model_capacitances {} {
    set corner [sta::cmd_corner]
    foreach port [all_inputs] {
        set name [get_property $port full_name]
        set net [get_nets $name]
        set farad [expr { [$net pin_capacitance rise $corner max]
                        + [$net wire_capacitance rise $corner max] }]
        puts "%CAPACITANCE [expr { 1e12 * $farad }] $name"
    }
}

# Setup and hold against the rising clock: what is left of the period, and less than nothing. The
# outputs carry the load of the chip's constraints, which slows registers that drive them.
proc model_inputs { transitions } {
    foreach transition $transitions {
        set_input_transition $transition $::model_inputs
        foreach port $::model_inputs {
            set name [get_property $port full_name]
            set pin [sta::find_pin $name]
            foreach edge { rise fall } {
                set setup [expr { $::env(CLOCK_PERIOD) - [model_slack $pin max $edge] }]
                set hold [expr { -[model_slack $pin min $edge] }]
                puts "%INPUT $edge $setup $hold $name"
            }
        }
    }
}

# Delay from the rising clock and transition at every output.
proc model_outputs { loads } {
    foreach load $loads {
        set_load $load [all_outputs]
        foreach port [all_outputs] {
            set name [get_property $port full_name]
            set pin [sta::find_pin $name]
            set vertex [lindex [$pin vertices] 0]
            foreach edge { rise fall } {
                set delay [expr { $::env(CLOCK_PERIOD) - [model_slack $pin max $edge] }]
                puts "%OUTPUT $edge $delay [expr { 1e9 * [$vertex slew $edge max] }] $name"
            }
        }
    }
}

lassign [sta::design_power [sta::cmd_corner]] - - model_leakage -
puts "%LEAKAGE [expr { 1e9 * $model_leakage }]"
puts "%PERIOD [expr { $::env(CLOCK_PERIOD) - [worst_slack -max] }]"
model_capacitances
set_input_delay 0 -clock $model_clock $model_inputs
set_output_delay 0 -clock $model_clock [all_outputs]
foreach path [find_timing_paths -from $model_inputs -to [all_outputs]] {
    puts "%THROUGH [get_property [get_property $path startpoint] full_name]"
}
set_load [expr { $::env(OUTPUT_CAP_LOAD) / 1000.0 }] [all_outputs]
model_inputs $::env(_MODEL_TRANSITIONS)
model_outputs $::env(_MODEL_LOADS)
puts "%MODEL_DONE"
