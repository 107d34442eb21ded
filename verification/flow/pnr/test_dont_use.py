"""Synthesis is told of every cell that the router cannot serve."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import flow.pdk
from flow.pnr.dont_use import DONT_USE

EXCLUDED = (
    Path(flow.pdk.__file__).parent / "tech" / "librelane" / "sky130_fd_sc_hd" / "pnr_exclude.cells"
)


def test_synthesis_honours_the_router():
    lines = EXCLUDED.read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    missed = [cell for cell in DONT_USE if not any(fnmatchcase(cell, p) for p in patterns)]
    assert missed == []
