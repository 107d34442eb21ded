"""A placement is legal, and the checker sees what is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flow.pnr.placement import check_placement, half_perimeter
from verification.flow.pnr.conftest import Finished


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
