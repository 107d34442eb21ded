"""Trees, loads and cells that repair works with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flow.pnr.cell_library import Library
from flow.pnr.design import Design
from flow.pnr.floorplan import Floorplan, make_floorplan
from flow.pnr.netlist import read_netlist
from flow.pnr.placement import check_placement, half_perimeter, place
from flow.pnr.timing.cells import SLEW_NS, Cells, read_cells
from flow.pnr.timing.constraints import chip_constraints
from flow.pnr.timing.fit import fit
from flow.pnr.timing.loads import Boundary, clock_nets, loads_of
from flow.pnr.timing.steiner import pin_trees
from flow.pnr.trees import build_clock_tree
from verification.flow.pnr.designs import CELL, random_logic, shift_register, write_netlist


@pytest.fixture(scope="module")
def cells(timed_tree: Path) -> Cells:
    return read_cells(chip_constraints(timed_tree, "clk", 20).liberties)


@pytest.fixture(scope="module")
def design(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Design:
    folder = tmp_path_factory.mktemp("logic")
    netlist = read_netlist(write_netlist(random_logic(150), folder), library)
    return place(make_floorplan(netlist, Floorplan(utilisation=0.5))[0], effort=1)[0]


def test_larger_cells_drive_more(cells: Cells) -> None:
    sizes = cells.larger(CELL + "nand2_1")
    assert sizes == [CELL + f"nand2_{size}" for size in (2, 4, 8)]
    limits = [cells.limit_of(name, "Y") for name in [CELL + "nand2_1", *sizes]]
    assert limits == sorted(limits)
    assert not cells.larger(CELL + "nand2_8")
    assert not cells.larger(CELL + "a211oi_1")  # the library has one size


def test_delays_grow_from_fast_to_slow(cells: Cells) -> None:
    slow, typical, fast = "ss_100C_1v60", "tt_025C_1v80", "ff_n40C_1v95"
    delay = cells[CELL + "dlygate4sd3_1"].delay
    assert delay[fast] < delay[typical] < delay[slow]
    assert delay[slow] > 3 * cells[CELL + "buf_1"].delay[slow]
    assert not cells[CELL + "inv_1"].is_buffer
    assert SLEW_NS < 1.5  # what the library allows


def test_trees_reach_every_pin(design: Design) -> None:
    trees = pin_trees(design)
    lengths = np.add.reduceat(trees.length(), design.pin_start[:-1])
    assert (lengths >= half_perimeter(design)).all()
    for net in range(design.nets):
        first, last = design.pin_start[net], design.pin_start[net + 1]
        order = trees.order[first:last].tolist()
        assert sorted(order) == list(range(first, last))
        seen: set[int] = set()
        for pin in order:
            assert trees.parent[pin] in seen or (trees.parent[pin] < 0 and not seen)
            seen.add(pin)


def test_loads_are_pins_and_wires(design: Design, cells: Cells) -> None:
    loads = loads_of(design, cells, Boundary(load=33.0, driver=(CELL + "inv_2", "Y")))
    for port in design.ports:
        pins = list(range(design.pin_start[port.net], design.pin_start[port.net + 1]))
        if port.direction == "output":
            assert loads.pin[pins].sum() >= 33.0
        elif port.name != "clk":
            assert loads.limit[port.net] == cells.limit_of(CELL + "inv_2", "Y")


def test_clock_nets_are_the_whole_tree(library: Library, tmp_path: Path) -> None:
    netlist = read_netlist(write_netlist(shift_register(100), tmp_path), library)
    placed = place(make_floorplan(netlist, Floorplan(utilisation=0.4))[0], effort=1)[0]
    design, metrics = build_clock_tree(placed, "clk")
    found = {design.net_names[net] for net in clock_nets(design, "clk")}
    assert found == {name for name in design.net_names if name.startswith("cl")}
    assert len(found) == metrics["clock__buffers"] + 1


def test_fit_moves_nothing_else(design: Design) -> None:
    moved = [10, 20, 30]
    x = design.x.copy()
    x[moved] += 130  # off site
    crooked = Design(**{**design.__dict__, "x": x})
    assert check_placement(crooked)
    fitted, far = fit(crooked, moved)
    assert not check_placement(fitted)
    others = np.setdiff1d(np.arange(design.instances), moved)
    assert np.array_equal(fitted.x[others], design.x[others])
    assert far < 20_000
