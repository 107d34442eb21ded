# Power with the activity of a workload: `source`d by flow/steps/sta_corner.tcl when a corner is
# linked, constrained and timed. _ACTIVITY is a file of "toggles_per_period share_at_1 net" lines.
# Prints %POWER internal switching leakage instance, in W.

set file [open $::env(_ACTIVITY)]
foreach line [split [string trim [read $file]] "\n"] {
    set activity_of([lindex [split $line] 2]) [lrange [split $line] 0 1]
}
close $file

set annotated 0
foreach net [get_nets *] {
    set name [get_property $net full_name]
    if { ![info exists activity_of($name)] } {
        puts "%NOACTIVITY $name"
        continue
    }
    lassign $activity_of($name) activity duty
    foreach pin [concat [sta::net_driver_pins $net] [sta::net_load_pins $net]] {
        sta::set_power_pin_activity $pin $activity $duty
    }
    incr annotated
}
puts "%ANNOTATED $annotated"
foreach cell [get_cells *] {
    lassign [sta::instance_power $cell [sta::cmd_corner]] internal switching leakage
    puts "%POWER $internal $switching $leakage [get_property $cell full_name]"
}
report_power
