# The sign-off's part of a timing run: `source`d by flow/steps/sta_corner.tcl when a corner is linked,
# constrained and timed. Times in ns, capacitances in fF. Every line that Python reads starts with %.

# Worst paths with the arrival at each pin. {kind slack_ns role} then one line per point.
proc signoff_paths { kind delay } {
    foreach path [find_timing_paths -path_delay $delay -unique_paths_to_endpoint \
            -sort_by_slack -group_count $::env(_SIGNOFF_PATHS)] {
        puts "%PATH $kind [get_property $path slack] [sta::PathEnd_check_role $path]"
        foreach point [get_property $path points] {
            set pin [get_property $point pin]
            puts "%POINT [get_property $point arrival] [get_property $pin full_name]"
        }
    }
}

# Endpoints in violation and worst slack by the kind of check: setup, recovery, clock gating ...
proc signoff_roles { delay } {
    set paths [find_timing_paths -path_delay $delay -unique_paths_to_endpoint -sort_by_slack \
        -group_count 1000000]
    foreach path $paths {
        puts "%ROLE [sta::PathEnd_check_role $path] [get_property $path slack]"
    }
}

proc signoff_nets {} {
    set corner [sta::cmd_corner]
    foreach net [get_nets *] {
        puts "%NET [expr { 1e15 * [$net pin_capacitance rise $corner max] }]\
            [expr { 1e15 * [$net wire_capacitance rise $corner max] }] [get_property $net full_name]"
    }
}

# A report between two marks; Python counts its lines.
proc signoff_report { name args } {
    puts "%REPORT $name"
    eval $args
    puts "%CHECKED $name"
}

signoff_paths setup max
signoff_paths hold min
signoff_roles max
signoff_roles min
signoff_nets
signoff_report pulse_width report_check_types -all_violators -min_pulse_width
signoff_report period report_check_types -all_violators -min_period
signoff_report slew report_check_types -all_violators -max_transition
signoff_report unconstrained check_setup -verbose -unconstrained_endpoints -no_clock \
    -no_input_delay -multiple_clock -loops
