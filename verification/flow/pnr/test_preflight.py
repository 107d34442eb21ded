"""What would end a run late is said at once."""

from __future__ import annotations

import pytest

from flow.pnr.cell_library import Library
from flow.pnr.netlist import read_netlist
from flow.pnr.preflight import preflight
from verification.flow.pnr.designs import macro_system, random_logic, write_macro, write_netlist


def test_a_sound_netlist_passes(library, tmp_path):
    preflight(read_netlist(write_netlist(random_logic(50), tmp_path), library), "clk")


@pytest.mark.parametrize(
    ("clock", "message"),
    [
        ("clock", "clock: random_logic has no input port clock"),
        (r"y[0]", r"clock: random_logic has no input port y\[0\]"),
    ],
)
def test_a_clock_that_is_none(library, tmp_path, clock, message):
    design = read_netlist(write_netlist(random_logic(50), tmp_path), library)
    with pytest.raises(ValueError, match=message):
        preflight(design, clock)


def test_a_clock_that_drives_nothing(library, tmp_path):
    net = random_logic(50)
    net.input("spare")
    design = read_netlist(write_netlist(net, tmp_path), library)
    with pytest.raises(ValueError, match="clock: nothing hangs on port spare"):
        preflight(design, "spare")


def test_a_macro_without_gds(library, tmp_path):
    from flow.pnr.lef import read_lef

    lef, _ = write_macro(tmp_path)
    poor = Library(library.masters | read_lef(lef), library.gds_files, library.pdk)
    design = read_netlist(write_netlist(macro_system(), tmp_path), poor)
    with pytest.raises(ValueError, match="macro test_macro has a LEF but no GDS"):
        preflight(design, "clk")
