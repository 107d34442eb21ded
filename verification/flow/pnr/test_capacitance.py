"""Capacitance of wires alone, side by side and under a crossing, against the tables by hand."""

from __future__ import annotations

import numpy as np
import pytest

from flow.pnr.capacitance import LI1_SHARE, SPREAD_UM, Segments, capacitances, lay_out
from macros.technology.wire_tables import CORNERS, SANDWICH

LENGTH = 20  # columns of 0.46 um


def _horizontal(net: int, track: int) -> tuple[int, ...]:
    y = 170 + 340 * track
    return (net, 0, 230 + 460 * 5, y, 230 + 460 * (5 + LENGTH), y)


def _found(wires: list[tuple[int, ...]], corner: str = "nom"):
    """Ground fF per wire of met1 and the couplings; other layers only stand around."""
    table = np.array(wires, np.int64)
    metal, _ = lay_out(table, np.zeros((4, 40, 40), np.int32))
    met1 = table[table[:, 1] == 0]
    segments = Segments(
        met1[:, 0],
        met1[:, 1],
        (met1[:, 2] - 230) // 460,
        (met1[:, 3] - 170) // 340,
        (met1[:, 4] - met1[:, 2]) // 460,
        np.zeros(len(met1)),
    )
    return capacitances(metal, segments, corner)


def _mixed(corner: str, above: str, pick) -> float:
    """A figure of a wire of met1 over the usual mixture of li1 and substrate."""
    return sum(
        share * pick(SANDWICH[corner, above, "met1", below])
        for below, share in (("li1", LI1_SHARE), ("field", 1 - LI1_SHARE))
    )


@pytest.mark.parametrize("corner", CORNERS)
def test_a_wire_alone(corner: str) -> None:
    ground, couplings = _found([_horizontal(0, 20)], corner)
    per_um = _mixed(corner, "none", lambda w: w.area * 0.14 + 2 * (w.coupling[-1] + w.fringe[-1]))
    assert ground.tolist() == pytest.approx([per_um * LENGTH * 0.46])
    assert len(couplings.farad) == 0


def test_corners_are_in_order() -> None:
    values = [_found([_horizontal(0, 20)], corner)[0][0] for corner in CORNERS]
    assert values == sorted(values)
    assert values[0] < values[-1]


@pytest.mark.parametrize("away", [1, 2, 3])
def test_neighbours_couple(away: int) -> None:
    ground, couplings = _found([_horizontal(0, 20), _horizontal(1, 20 + away)])
    distance = 0.34 * away - 0.14
    expected = _mixed("nom", "none", lambda w: w.edge(distance)[0]) * LENGTH * 0.46
    assert couplings.farad.tolist() == pytest.approx([expected])
    assert (couplings.a[0], couplings.b[0]) == (0, 1)
    assert ground[0] == pytest.approx(ground[1])
    total = ground[0] + couplings.farad[0]
    assert total > _found([_horizontal(0, 20)])[0][0]


def test_too_far_to_couple() -> None:
    _, couplings = _found([_horizontal(0, 20), _horizontal(1, 24)])
    assert len(couplings.farad) == 0


def test_a_crossing_adds_what_its_width_covers() -> None:
    column = 230 + 460 * 15
    alone, _ = _found([_horizontal(0, 20)])
    crossed, _ = _found([_horizontal(0, 20), (1, 1, column, 170, column, 170 + 340 * 35)])
    share = (0.14 + 2 * SPREAD_UM[1]) / 0.46

    def figure(above: str) -> float:
        return _mixed("nom", above, lambda w: w.area * 0.14 + 2 * (w.coupling[-1] + w.fringe[-1]))

    expected = share * 0.46 * (figure("met2") - figure("none"))
    assert crossed[0] - alone[0] == pytest.approx(expected)
