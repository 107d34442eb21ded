# Slacks of all endpoints and pins with slow transitions, all corners in one OpenSTA process.
# Environment: _NAME, _NETLIST, _SPEF, _SDC, _CORNERS (corner and its Liberty files, alternating),
# _WORST (how many paths to print). OpenSTA leaves with status 0 whatever happens: the caller
# believes nothing but the last line.

proc slacks { corner } {
    foreach delay { max min } {
        foreach path [find_timing_paths -corner $corner -path_delay $delay \
                -unique_paths_to_endpoint -sort_by_slack -group_count 1000000] {
            set endpoint [get_property [get_property $path endpoint] full_name]
            puts "%SLACK $corner $delay [get_property $path slack] $endpoint"
        }
    }
}

proc slews { corner } {
    foreach pin [sta::pin_slew_limit_violations [sta::find_corner $corner] max] {
        puts "%SLEW $corner [get_property $pin full_name]"
    }
}

# The worst setup paths, pin by pin with the time at which data arrive there.
proc paths {} {
    foreach path [find_timing_paths -path_delay max -unique_paths_to_endpoint -sort_by_slack \
            -group_count $::env(_WORST)] {
        puts "%PATH [get_property $path slack]"
        foreach point [get_property $path points] {
            set pin [get_property [get_property $point pin] full_name]
            puts "%POINT [get_property $point arrival] $pin"
        }
    }
}

proc main {} {
    set corners [dict keys $::env(_CORNERS)]
    define_corners {*}$corners
    foreach corner $corners {
        foreach file [dict get $::env(_CORNERS) $corner] { read_liberty -corner $corner $file }
    }
    read_verilog $::env(_NETLIST)
    link_design $::env(_NAME)
    uplevel #0 source $::env(_SDC)
    read_spef $::env(_SPEF)
    foreach corner $corners { slacks $corner }
    foreach corner $corners { slews $corner }
    if { $::env(_WORST) > 0 } { paths }
}

if { [catch main message] } {
    puts "%FAILED $message"
} else {
    puts "%DONE"
}
