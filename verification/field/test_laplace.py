"""The field solver on problems with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from verification.field.laplace import EPSILON_0, Grid, charges, lines


def _grid(x, y, z) -> Grid:
    size = [len(axis) - 1 for axis in (x, y, z)]
    return Grid(x, y, z, np.ones(size), np.zeros(size, np.int32))


def _plates(layers: dict[float, float]) -> float:
    """fF between two plates of 2 x 3 um, with dielectrics {thickness: permittivity} between."""
    heights = np.cumsum([0.1, *layers, 0.1])
    z = lines(heights, 0.0, float(heights[-1]), 0.03, 0.001)
    grid = _grid(np.linspace(0, 2, 5), np.linspace(0, 3, 7), z)
    middle = (z[1:] + z[:-1]) / 2
    for start, value in zip(heights, layers.values(), strict=False):
        grid.permittivity[:, :, middle > start] = value
    grid.conductor[:, :, middle < 0.1] = 1
    grid.conductor[:, :, middle > heights[-2]] = 2
    found = charges(grid, (1,))
    assert found[2] == pytest.approx(-found[1], rel=1e-3)
    return float(found[1])


def test_parallel_plates() -> None:
    assert _plates({0.4: 3.9}) == pytest.approx(EPSILON_0 * 3.9 * 6 / 0.4, rel=1e-3)


def test_dielectrics_in_series() -> None:
    expected = EPSILON_0 * 6 / (0.2 / 3.9 + 0.1 / 7.3 + 0.3)
    assert _plates({0.2: 3.9, 0.1: 7.3, 0.3: 1.0}) == pytest.approx(expected, rel=1e-3)


def _square_coax(cells: int) -> float:
    """fF/um between squares of 1 and 2 um, in units of the vacuum's permittivity."""
    axis = np.linspace(-1.2, 1.2, 12 * cells + 1)
    grid = _grid(axis, np.array([0.0, 1.0]), axis)
    middle = (axis[1:] + axis[:-1]) / 2
    inner, outer = abs(middle) < 0.5, abs(middle) > 1
    grid.conductor[outer] = 2
    grid.conductor[:, :, outer] = 2
    grid.conductor[np.ix_(inner, [True], inner)] = 1
    return float(charges(grid, (1,))[1]) / EPSILON_0


def test_square_in_square_converges_from_above() -> None:
    """Exactly 10.2341 by conformal mapping (F. Bowman, 1935); the error falls as the benchmark
    assumes when it extrapolates."""
    exact = 10.23409
    coarse, middle, fine = (_square_coax(cells) for cells in (2, 4, 8))
    assert exact < fine < middle < coarse
    assert (middle - exact) / (fine - exact) == pytest.approx(2 ** (4 / 3), rel=0.1)
    extrapolated = fine - (middle - fine) / (2 ** (4 / 3) - 1)
    assert extrapolated == pytest.approx(exact, rel=3e-3)


def test_charges_of_several_conductors_add_up_to_none() -> None:
    axis = np.linspace(0, 2, 21)
    grid = _grid(axis, axis, axis)
    grid.conductor[:, :, 0] = 1
    grid.conductor[4:8, :, 8:11] = 2
    grid.conductor[12:15, 3:17, 8:11] = 3
    found = charges(grid, (2,))
    assert found[1:].sum() == pytest.approx(0, abs=1e-3 * found[2])
    assert found[2] > 0 > found[1]
    assert found[3] < 0
    back = charges(grid, (3,))
    assert back[2] == pytest.approx(found[3], rel=2e-3)


def test_lines_keep_edges_and_steps() -> None:
    found = lines(np.array([0.3, 0.304, 0.7]), 0.0, 1.0, 0.11, 0.01)
    assert {0.0, 0.3, 0.7, 1.0} <= set(np.round(found, 9))
    assert 0.304 not in np.round(found, 9)
    assert np.diff(found).max() <= 0.11 + 1e-9
