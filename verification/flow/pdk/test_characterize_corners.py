"""Corners: which state stands for an arc."""

from __future__ import annotations

import math

import pytest

from flow.pdk.characterize import combinational, run
from flow.pdk.characterize.bench import Bench
from flow.pdk.characterize.corners import CORNERS
from flow.pdk.characterize.logic import truth_table

DELAYS = [0.3, math.nan, 0.1, 0.2]


@pytest.mark.parametrize(
    ("corner", "index"), [("tt_025C_1v80", 1), ("ss_100C_1v60", 1), ("ff_n40C_1v95", 2)]
)
def test_state_that_stands_for_an_arc(corner: str, index: int) -> None:
    """The slowest, and endless is slowest of all; the fastest where holds are checked."""
    assert CORNERS[corner].standing(DELAYS) == index
    assert CORNERS[corner].standing([0.1]) == 0


def test_parallel_transistors_stand_for_the_fast_corner_only(tree) -> None:
    """a21oi's output rises through B1's transistor and A1's, A2's or both: both is fastest."""
    netlist = run.netlists(tree, "sky130_fd_sc_hd__a21oi_1")
    pins = ("A1", "A2", "B1")
    truth = {"Y": truth_table(netlist, pins, "Y")}
    found = combinational.arcs(pins, truth)
    both = {}
    for corner in CORNERS.values():
        bench = Bench(tree, netlist, corner, pins, ("Y",))
        edges = combinational._slow_edges(found, "Y")
        axes = {"Y": (0.0005, 0.002, 0.01, 0.05)}
        beats = {("Y", e.output_rises): combinational.pace(bench, e, 0.05) for e in edges}
        chosen = combinational.standing(bench, found, beats, axes)
        rise = next(s for s in chosen.values() if s.pin == "B1" and s.output_rises)
        both[corner.name] = not (rise.level["A1"] or rise.level["A2"])
    assert both == {"tt_025C_1v80": False, "ss_100C_1v60": False, "ff_n40C_1v95": True}
