"""Pins of macros that no wire can leave are named before placement."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flow import pdk
from flow.pnr.capacitance import GROUND_NET
from flow.pnr.cell_library import Library, read_library
from flow.pnr.design import Design
from flow.pnr.floorplan import Floorplan, MacroPlace, make_floorplan
from flow.pnr.macro_access import check_macro_access
from flow.pnr.netlist import read_netlist
from flow.pnr.parasitics import surroundings
from flow.pnr.power import PowerPlan, make_power_grid
from flow.pnr.rules import COLUMN, COLUMN_X, MET3, TRACK, TRACK_Y
from verification.flow.pnr.designs import macro_system, write_macro, write_netlist


@pytest.fixture(scope="module")
def powered(tmp_path_factory) -> Design:
    """Random logic with one macro, up to the power grid."""
    folder = tmp_path_factory.mktemp("macro")
    lef, gds = write_macro(folder)
    library = read_library(pdk.resolve(timing=False), (lef,), (gds,))
    design = read_netlist(write_netlist(macro_system(), folder), library)
    plan = Floorplan(die=(210_220, 160_480), macros={"memory": MacroPlace(60_260, 45_300)})
    return make_power_grid(make_floorplan(design, plan)[0], PowerPlan())[0]


def _with_obstruction(design: Design, *shapes: tuple[str, tuple[int, int, int, int]]) -> Design:
    master = design.cell_library.masters["test_macro"]
    worse = replace(master, obstructions=[*master.obstructions, *shapes])
    library = design.cell_library
    masters = library.masters | {"test_macro": worse}
    return replace(design, cell_library=Library(masters, library.gds_files, library.pdk))


def test_a_macro_with_free_pins_passes(powered):
    check_macro_access(powered)


def test_extraction_sees_the_supplies_of_a_macro(powered):
    """A wire of met4 over the macro crosses its straps of met3, pins in the LEF."""
    metal = surroundings(powered).metal
    (macro,) = (k for k in range(powered.instances) if powered.master(k).is_macro)
    x, y = int(powered.x[macro]) + 45_000, int(powered.y[macro])
    for height, there in ((5_870, True), (11_000, False), (17_870, True)):
        at = metal[MET3, (y + height - TRACK_Y) // TRACK, (x - COLUMN_X) // COLUMN]
        assert (at == GROUND_NET) == there


def test_a_pin_under_an_obstruction_is_named(powered):
    around = (88_000, 28_000, 92_500, 33_000)
    walls = [(layer, around) for layer in ("met1", "met2", "met3", "met4")]
    with pytest.raises(ValueError, match=r"1 pins of macros are off the grid.*: memory/clk"):
        check_macro_access(_with_obstruction(powered, *walls))


def test_the_rim_of_a_pin_is_no_wall(powered):
    pad = (88_700, 29_900, 89_400, 30_480)
    below = (89_100, 29_700, 90_000, 30_000)
    check_macro_access(_with_obstruction(powered, ("met3", pad), ("met3", below)))


def test_a_cover_that_touches_a_pin_is_a_wall(powered):
    cover = (88_000, 30_380, 92_500, 33_000)
    others = [(layer, (88_000, 28_000, 92_500, 33_000)) for layer in ("met1", "met2", "met4")]
    below = ("met3", (88_000, 28_000, 92_500, 30_000))
    with pytest.raises(ValueError, match="memory/clk"):
        check_macro_access(_with_obstruction(powered, ("met3", cover), below, *others))
