# Power of every instance when its pins are still and when they toggle once a period: `source`d by
# flow/steps/sta_corner.tcl when a corner is linked, constrained and timed. The clock runs in both.
# (OpenSTA 2.0 has activities pin by pin as well, but its propagation overwrites those of outputs.)
# Prints %STILL and %BUSY internal switching leakage instance, in W.

proc instances { mark activity } {
    sta::set_power_global_activity $activity 0.5
    foreach cell [get_cells *] {
        lassign [sta::instance_power $cell [sta::cmd_corner]] internal switching leakage
        puts "%$mark $internal $switching $leakage [get_property $cell full_name]"
    }
}

instances STILL 1e-9
instances BUSY 1.0
