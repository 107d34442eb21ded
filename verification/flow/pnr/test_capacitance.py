"""Capacitance of wires alone, side by side and under a crossing, against the tables by hand."""

from __future__ import annotations

import numpy as np
import pytest

from flow.pnr.capacitance import (
    BEYOND,
    FARTHEST,
    GROUND_NET,
    LONE,
    SPREAD_UM,
    Segments,
    Surroundings,
    capacitances,
    halves,
    lay_out,
    wire_for,
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
        np.zeros(len(met1), np.int8),
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
        found.append(_at_node(metal, layer, 10, 43 + away))
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 4


def _at_node(
    metal: np.ndarray, layer: int, column: int, track: int, *, is_beyond: bool = False
) -> float:
    """fF to ground of 1 um of net 0 at a node."""
    numbers = (np.array([value]) for value in (0, layer, column, track, 0))
    piece = Segments(*numbers, np.array([1.0]), np.array([is_beyond], np.int8))
    ground, _ = capacitances(Surroundings(metal, np.zeros(metal.shape[1:])), piece)
    return float(ground[0])


def test_a_plate_beside_a_wire_acts_ever_less() -> None:
    """A node of met3 ever farther from the edge of a plate of met2 that lies along it."""
    found = []
    for away in (0, 1, 2, 3, 4):
        metal = np.zeros((5, 40, 20), np.int32)
        metal[1, :20] = GROUND_NET
        found.append(_at_node(metal, 2, 10, 19 + away))
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 5


@pytest.mark.parametrize("is_beyond", [False, True])
def test_what_the_net_has_below_holds_charge_back(is_beyond: bool) -> None:
    """A node of met4 over a wire of met3: another net takes charge, the net itself none."""
    found = []
    for owner in (1, 2):
        metal = np.zeros((5, 40, 20), np.int32)
        metal[2, 19] = owner
        found.append(_at_node(metal, 3, 10, 19, is_beyond=is_beyond))
    assert found[0] < 0.8 * found[1]


def test_a_large_patch_counts_by_its_edges() -> None:
    small, twice, large = (
        float(wire_for(np.array([area]), np.array([3]))[0])
        for area in (165 * 330, 2 * 165 * 330, 950 * 950)
    )
    assert small == pytest.approx(BEYOND[3] * 0.165)
    assert small < twice < 2 * small
    assert large == pytest.approx(2 * 0.95)
