# Static timing of one corner with OpenSTA 2.0 (Debian); LibreLane's own script wants a newer one.
#
# OpenSTA leaves with status 0 whatever happens and goes on after a Tcl error. All work is therefore
# done in one `catch`, and the step that runs this file believes nothing but the metrics and the last
# line, %SPIKEOUT_STA_DONE.

source $::env(_TCL_ENV_IN)
set corner $::env(_CURRENT_CORNER_NAME)

proc read_design {} {
    foreach lib $::env(_CURRENT_CORNER_LIBS) { read_liberty $lib }
    if { [info exists ::env(EXTRA_LIBS)] } {
        foreach lib $::env(EXTRA_LIBS) { read_liberty $lib }
    }
    foreach netlist $::env(_CURRENT_CORNER_NETLISTS) { read_verilog $netlist }
    read_verilog $::env(CURRENT_NL)
    link_design $::env(DESIGN_NAME)
    uplevel #0 source $::env(_SDC_IN)
    if { [info exists ::env(_CURRENT_SPEF_BY_CORNER)] } {
        read_spef $::env(_CURRENT_SPEF_BY_CORNER)
    }
}

proc metric { kind name value } {
    puts "%OL_METRIC_$kind ${name}__corner:$::corner $value"
}

# Slack in ns; a design without paths of this kind answers 1e30.
proc slack { value } {
    if { $value >= 1e29 } { return inf }
    if { $value <= -1e29 } { return -inf }
    return [format %.6f $value]
}

# Worst and total slack of all paths (max: setup, min: hold), endpoints in violation, and the same
# for the paths from register to register.
proc check { kind delay } {
    set every [list -path_delay $delay -unique_paths_to_endpoint -sort_by_slack \
        -group_count 1000000]
    set paths [find_timing_paths {*}$every]
    metric F timing__${kind}__ws [slack [worst_slack -$delay]]
    metric F timing__${kind}__tns [slack [total_negative_slack -$delay]]
    metric F timing__${kind}__wns [slack [worst_negative_slack -$delay]]
    metric I timing__${kind}_endpoint__count [llength $paths]
    metric I timing__${kind}_vio__count [violations $kind $paths]
    set paths [find_timing_paths {*}$every -from [all_registers -clock_pins] \
        -to [all_registers -data_pins]]
    set worst 1e30
    foreach path $paths { set worst [expr { min($worst, [get_property $path slack]) }] }
    metric F timing__${kind}_r2r__ws [slack $worst]
    metric I timing__${kind}_r2r_vio__count [violations "$kind reg-reg" $paths]
}

proc violations { kind paths } {
    set count 0
    foreach path $paths {
        if { [get_property $path slack] >= 0 } { continue }
        incr count
        puts "\[$kind\] [get_property [get_property $path startpoint] full_name] ->\
            [get_property [get_property $path endpoint] full_name] : [get_property $path slack]"
    }
    return $count
}

# Worst difference of the clock's arrival at two registers with a path between them.
proc skew { kind } {
    with_output_to_variable text [list report_clock_skew -$kind]
    puts $text
    set worst 0
    foreach { - value } [regexp -all -inline -line {^\s+\S+\s+\S+\s+(-?[\d.]+)$} $text] {
        set worst [expr { max($worst, abs($value)) }]
    }
    metric F clock__skew__worst_$kind $worst
}

proc slews {} {
    set pins [sta::pin_slew_limit_violations [sta::cmd_corner] max]
    foreach pin $pins { puts [get_property $pin full_name] }
    metric I design__max_slew_violation__count [llength $pins]
}

# Power of the default corner is the design's: its metrics carry no corner.
proc power {} {
    report_power
    lassign [sta::design_power [sta::cmd_corner]] internal switching leakage total
    if { $::corner ne $::env(DEFAULT_CORNER) } { return }
    puts "%OL_METRIC_F power__internal__total $internal"
    puts "%OL_METRIC_F power__switching__total $switching"
    puts "%OL_METRIC_F power__leakage__total $leakage"
    puts "%OL_METRIC_F power__total $total"
}

# A register that no clock reaches is not timed at all.
proc constraints {} {
    check_setup -verbose
    set clocked [llength [all_registers -clock [all_clocks] -clock_pins]]
    set every [llength [all_registers -clock_pins]]
    metric I timing__unclocked_register__count [expr { $every - $clocked }]
}

proc paths { delay } {
    report_checks -path_delay $delay -sort_by_slack -group_count 100 \
        -format full_clock_expanded -fields { slew cap input net }
}

proc report { name title args } {
    puts "%OL_CREATE_REPORT $name.rpt"
    puts "$title, corner $::corner\n"
    eval $args
    puts "%OL_END_REPORT"
}

proc main {} {
    read_design
    puts "linked $::env(DESIGN_NAME): [llength [get_cells *]] instances"
    report setup "Setup" check setup max
    report hold "Hold" check hold min
    report max "Worst setup paths" paths max
    report min "Worst hold paths" paths min
    report skew.max "Clock skew for setup" skew setup
    report skew.min "Clock skew for hold" skew hold
    report slew "Pins whose transition is too slow" slews
    report power "Power without switching activity of a workload" power
    report checks "What is not constrained" constraints
    if { [info exists ::env(_SDF_SAVE_DIR)] } {
        write_sdf -no_timestamp $::env(_SDF_SAVE_DIR)/$::env(DESIGN_NAME)__$::corner.sdf
    }
    # What a caller wants to know beyond this: the reports of the sign-off.
    if { [info exists ::env(_STA_MORE)] } { uplevel #0 source $::env(_STA_MORE) }
}

if { [catch main message] } {
    puts "%SPIKEOUT_STA_FAILED $message"
} else {
    puts "%SPIKEOUT_STA_DONE $corner"
}
