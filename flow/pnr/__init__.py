"""Embedded place and route for sky130_fd_sc_hd: a single design, one stage one module."""
