# Mean power of every instance at the default corner in W, for the IR drop.
proc instance_power {} {
    if { $::corner ne $::env(DEFAULT_CORNER) } { return }
    set file [open $::env(_INSTANCE_POWER) w]
    foreach cell [get_cells *] {
        set watt [lindex [sta::instance_power $cell [sta::cmd_corner]] 3]
        puts $file "[format %.6e $watt] [get_property $cell full_name]"
    }
    close $file
}
instance_power
