"""A placement is legal, and the checker sees what is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flow.pnr.floorplan import Floorplan, make_floorplan
from flow.pnr.netlist import read_netlist
from flow.pnr.placement import check_placement, half_perimeter, place
from verification.flow.pnr.conftest import Finished
from verification.flow.pnr.designs import shift_register, write_netlist


def test_finished_design_is_legal_and_full(finished: Finished) -> None:
    """With fillers every site of every row is taken exactly once."""
    design = finished.design
    assert check_placement(design) == []
    widths, _ = design.sizes()
    assert int(widths.sum()) == sum(row.sites for row in design.rows) * 460


def test_planted_faults_are_seen(finished: Finished) -> None:
    design = finished.design
    for axis, shift, word in (
        ("x", 10, "off site"),
        ("y", 340, "is in no row"),
        ("x", 460, "overlaps"),
    ):
        moved = getattr(design, axis).copy()
        moved[5] += shift
        problems = check_placement(replace(design, **{axis: moved}))
        assert any(word in problem for problem in problems), word
    turned = design.orient.copy()
    turned[5] ^= 1
    assert any("turned" in p for p in check_placement(replace(design, orient=turned)))


def test_wire_is_short_for_its_pins(finished: Finished) -> None:
    wire = finished.metrics["route__wirelength"] * 1e3
    assert float(half_perimeter(finished.design).sum()) <= wire * 1.05
    assert wire <= 1.35 * float(half_perimeter(finished.design).sum())
    assert np.all(half_perimeter(finished.design) >= 0)


def test_cells_that_do_not_fit_are_told_with_die_and_share(library, tmp_path) -> None:
    netlist = read_netlist(write_netlist(shift_register(9), tmp_path), library)
    design, _ = make_floorplan(netlist, Floorplan(utilisation=0.99))
    with pytest.raises(RuntimeError, match=r"they fill \d+ % of 5 rows in a die of [\d.]+ x"):
        place(design)
