"""Cells that synthesis must not use, because the router cannot serve all their pins."""

from __future__ import annotations

__all__ = ["DONT_USE"]

DONT_USE = {
    "sky130_fd_sc_hd__a222oi_1": "six inputs on twelve nodes: no contacts and vias fit at once",
    "sky130_fd_sc_hd__mux4_1": "six inputs between inner met1: no contacts and vias fit at once",
    "sky130_fd_sc_hd__probe_p_8": "its output is on met5",
    "sky130_fd_sc_hd__probec_p_8": "its output is on met4 and met5",
}
"""Master -> why. `verification/flow/pnr/test_access.py` proves that every other cell is served."""
