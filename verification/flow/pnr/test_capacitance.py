"""Capacitance of wires alone, side by side and under a crossing, against the tables by hand."""

from __future__ import annotations

import numpy as np
import pytest

from flow.pnr.capacitance import (
    FARTHEST,
    GROUND_NET,
    LONE,
    SPREAD_UM,
    Segments,
    Surroundings,
    capacitances,
    halves,
    lay_out,
)
from flow.pnr.wire_planes import HALF_WIRE
from macros.technology.wire_tables import CORNERS

LENGTH = 20  # columns of 0.46 um


def _horizontal(net: int, track: int) -> tuple[int, ...]:
    y = 170 + 340 * track
    return (net, 0, 230 + 460 * 5, y, 230 + 460 * (5 + LENGTH), y)


def _found(wires: list[tuple[int, ...]], corner: str = "nom", li1: float = 0.0):
    """Ground fF per wire of met1 and the couplings; other layers only stand around."""
    table = np.array(wires, np.int64)
    around = Surroundings(
        lay_out(table, np.zeros((5, 40, 40), np.int32)), np.full((40, 40), float(li1))
    )
    met1 = table[table[:, 1] == 0]
    segments = Segments(
        met1[:, 0],
        met1[:, 1],
        (met1[:, 2] - 230) // 460,
        (met1[:, 3] - 170) // 340,
        (met1[:, 4] - met1[:, 2]) // 460,
        np.zeros(len(met1)),
    )
    return capacitances(around, segments, corner)


@pytest.mark.parametrize("li1", [0.0, 0.3, 1.0])
def test_a_wire_alone(li1: float) -> None:
    ground, couplings = _found([_horizontal(0, 20)], li1=li1)
    field, over_li1 = (HALF_WIRE["met1", "none", below][-1][1] for below in ("field", "li1"))
    per_um = 2 * (1 + LONE) * ((1 - li1) * field + li1 * over_li1)
    assert ground.tolist() == pytest.approx([per_um * LENGTH * 0.46])
    assert len(couplings.farad) == 0


def test_nominal_is_the_table_and_corners_are_in_order() -> None:
    table = halves("nom")
    assert table[2, 1, 3, 0].tolist() == pytest.approx(HALF_WIRE["met3", "met4", "met2"][0])
    assert table[1, 0, 1, -1].tolist() == pytest.approx(HALF_WIRE["met2", "none", "li1"][-1])
    values = [_found([_horizontal(0, 20)], corner)[0][0] for corner in CORNERS]
    assert values == sorted(values)
    assert values[0] < values[-1]


@pytest.mark.parametrize("away", range(1, FARTHEST + 1))
def test_neighbours_couple(away: int) -> None:
    ground, couplings = _found([_horizontal(0, 20), _horizontal(1, 20 + away)])
    expected = HALF_WIRE["met1", "none", "field"][away - 1][0] * LENGTH * 0.46
    assert couplings.farad.tolist() == pytest.approx([expected])
    assert (couplings.a[0], couplings.b[0]) == (0, 1)
    assert ground[0] == pytest.approx(ground[1])
    total = ground[0] + couplings.farad[0]
    assert total > _found([_horizontal(0, 20)])[0][0]


def test_too_far_to_couple() -> None:
    _, couplings = _found([_horizontal(0, 20), _horizontal(1, 20 + FARTHEST + 1)])
    assert len(couplings.farad) == 0


def test_a_crossing_adds_what_its_width_covers() -> None:
    column = 230 + 460 * 15
    alone, _ = _found([_horizontal(0, 20)])
    crossed, _ = _found([_horizontal(0, 20), (1, 1, column, 170, column, 170 + 340 * 35)])
    covered = 0.14 + 2 * SPREAD_UM[0, 1]
    more = HALF_WIRE["met1", "met2", "field"][-1][1] - HALF_WIRE["met1", "none", "field"][-1][1]
    assert crossed[0] - alone[0] == pytest.approx(2 * (1 + LONE) * covered * more)


@pytest.mark.parametrize("layer", [2, 3])
def test_a_strap_acts_beyond_its_edges(layer: int) -> None:
    """A node of met3 or met4 ever farther from a strap of met5."""
    found = []
    for away in (0, 1, 3, 30):
        metal = np.zeros((5, 80, 20), np.int32)
        metal[4, 40:44] = GROUND_NET
        at = np.array([43 + away])
        pad = Segments(np.array([0]), np.array([layer]), np.array([10]), at, at * 0, at * 0 + 1.0)
        ground, _ = capacitances(Surroundings(metal, np.zeros((80, 20))), pad)
        found.append(float(ground[0]))
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 4
