"""When routing ends with a few conflicts, the cells there move and routing is tried again."""

from __future__ import annotations

import numpy as np
import pytest

from flow.pnr import pipeline
from flow.pnr.design import Design
from flow.pnr.fill import fill_rows
from flow.pnr.pipeline import NUDGES, Plan
from flow.pnr.placement import check_placement
from flow.pnr.route.router import RouteError


def _failing(monkeypatch, times: int, cells: list[int]) -> list[Design]:
    tried: list[Design] = []

    def route(design, plan, report, memory):
        tried.append(design)
        if len(tried) <= times:
            raise RouteError("cannot be routed", cells)
        return design, {}

    monkeypatch.setattr(pipeline, "route", route)
    return tried


def test_the_cells_at_the_conflict_turn_and_move_no_other(placed, monkeypatch) -> None:
    cells = [k for k in range(placed.instances) if "nand2" in placed.master(k).name][:3]
    tried = _failing(monkeypatch, 2, cells)
    design, metrics = pipeline._route_or_nudge(placed, Plan(), lambda _: None)
    assert metrics["route__nudges"] == 2
    assert not check_placement(design)
    once = tried[1]
    assert ((once.orient[cells] ^ placed.orient[cells]) & 2 == 2).all()
    others = np.setdiff1d(np.arange(placed.instances), cells)
    assert np.array_equal(once.x[others], placed.x[others])
    fill_rows(design)  # raises where cells overlap


def test_many_conflicts_are_an_error_at_once(placed, monkeypatch) -> None:
    tried = _failing(monkeypatch, 1, [])
    with pytest.raises(RouteError):
        pipeline._route_or_nudge(placed, Plan(), lambda _: None)
    assert len(tried) == 1


def test_trying_ends(placed, monkeypatch) -> None:
    tried = _failing(monkeypatch, 99, [placed.instances - 1])
    with pytest.raises(RouteError):
        pipeline._route_or_nudge(placed, Plan(), lambda _: None)
    assert len(tried) == NUDGES + 1
