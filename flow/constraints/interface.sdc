# A chip as its surroundings see it: clock and loads alone, no delays, margins or derates. The timing
# model (flow/timing_model.tcl) sets transitions, loads and delays itself.

create_clock [get_ports $::env(CLOCK_PORT)] -name $::env(CLOCK_PORT) -period $::env(CLOCK_PERIOD)
set_propagated_clock [all_clocks]
set_input_transition $::env(CLOCK_TRANSITION_CONSTRAINT) [get_ports $::env(CLOCK_PORT)]
