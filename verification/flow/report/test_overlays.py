"""The maps over the layout: power is kept whole, the worst drop is seen, places are right."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from flow.report.overlays import CELL_BIN_NM, ir_drop, power_density

BIN = CELL_BIN_NM
BOXES = {"small": (0, 0, 460, 2720), "macro": (BIN, 0, 3 * BIN, 2 * BIN)}


@pytest.fixture
def design():
    """A die of 3 by 2 squares, a little less wide than three."""
    names = list(BOXES)
    return SimpleNamespace(
        die=(0, 0, 3 * BIN, 2 * BIN - 500),
        instance_names=names,
        box=lambda k: BOXES[names[k]],
    )


def grid(overlay):
    return np.reshape(overlay["values"], (overlay["rows"], overlay["columns"]))


def test_power_of_all_squares_is_that_of_all_cells(design):
    watts = {"small": 1e-6, "macro": 8e-4}
    found = grid(power_density(design, watts))
    area_mm2 = (BIN * 1e-6) ** 2
    assert found.shape == (2, 3)
    assert found.sum() * area_mm2 * 1e-3 == pytest.approx(sum(watts.values()), rel=1e-2)
    assert found[0, 1] == pytest.approx(2e-4 * 1e3 / area_mm2, rel=1e-2)


def test_the_worst_drop_of_a_square_shows(design):
    found = grid(ir_drop(design, {"small": 0.002, "macro": 0.005}))
    assert found.tolist() == [[2.0, 5.0, 5.0], [0.0, 5.0, 5.0]]
