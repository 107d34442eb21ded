"""Crowded wires are seen before routing, and cells there get room."""

from __future__ import annotations

import pytest

from flow.pnr.cell_library import Library
from flow.pnr.congestion import BIN, TARGET, demand, wider
from flow.pnr.design import Design
from flow.pnr.floorplan import Floorplan, make_floorplan, ports_near_cells
from flow.pnr.netlist import read_netlist
from flow.pnr.placement import place
from flow.pnr.rules import COLUMN, TRACK
from flow.pnr.timing.steiner import pin_trees
from verification.flow.pnr.designs import random_logic, write_netlist


@pytest.fixture(scope="module")
def dense(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Design:
    """1,200 tangled cells in 45 % of their rows."""
    folder = tmp_path_factory.mktemp("dense")
    netlist = read_netlist(write_netlist(random_logic(1200), folder), library)
    design, _ = make_floorplan(netlist, Floorplan(utilisation=0.45))
    return ports_near_cells(place(design, effort=1)[0])


def test_all_wire_is_counted(dense: Design) -> None:
    tracks = BIN / TRACK + BIN / COLUMN + BIN / (2 * TRACK) + BIN / (2 * COLUMN)
    counted = demand(dense).sum() * tracks * BIN
    pins = len(dense.pin_instance) * 1_000
    assert counted == pytest.approx(pin_trees(dense).length().sum() + pins, rel=1e-6)


def test_room_takes_the_peaks_away(dense: Design) -> None:
    before = demand(place(dense, effort=1)[0])
    factors = wider(dense)
    assert factors.min() == 1.0
    assert factors.max() > 1.5, "nothing is crowded"
    after = demand(place(dense, effort=1, wider=factors)[0])
    over = [(wanted - TARGET).clip(min=0).sum() for wanted in (before, after)]
    assert over[1] < 0.8 * over[0]
