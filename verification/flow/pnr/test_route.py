"""Routing as a whole: same bytes however it runs, and a clear end where there is no way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flow.pnr.design import EMPTY_ROUTES, Design, Supply
from flow.pnr.route import regions, router
from flow.pnr.route.failure import PATIENCE, hopeless
from flow.pnr.route.grid import build_grid
from flow.pnr.route.regions import clock_nets, make_schedule
from flow.pnr.route.router import HEAT_FILE, STATE_FILE, Pass, RouteError, RoutePlan, route
from flow.pnr.route.search import STEP_X, STEP_Y, VIA_BOUND, VIA_COST
from verification.flow.pnr.conftest import Finished


def _bytes(design: Design) -> bytes:
    routes = design.routes
    return b"".join(table.tobytes() for table in (routes.wires, routes.vias, routes.patches))


@pytest.fixture
def halves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide small designs as well."""
    monkeypatch.setattr(regions, "FEWEST_NETS", 50)


@pytest.fixture
def placed(finished: Finished) -> Design:
    return replace(finished.design, routes=EMPTY_ROUTES)


@pytest.mark.usefixtures("halves")
def test_threads_change_nothing(placed: Design) -> None:
    one, _ = route(placed, RoutePlan(threads=1))
    two, _ = route(placed, RoutePlan(threads=2))
    assert _bytes(one) == _bytes(two)


def test_halves_share_no_resource(placed: Design, monkeypatch: pytest.MonkeyPatch) -> None:
    from flow.pnr.route.router import _net_table

    monkeypatch.setattr(regions, "FEWEST_NETS", 50)
    grid, nets = build_grid(placed), _net_table(placed)
    schedule = make_schedule(placed, grid, nets, RoutePlan().margin)
    left, right = schedule.halves
    assert min(len(left.order), len(right.order)) > 20
    assert left.limits[1] + 2 < right.limits[0]
    orders = [schedule.clock.order, left.order, right.order, schedule.rest.order]
    assert sorted(np.concatenate(orders).tolist()) == list(range(placed.nets))
    low, high = regions._columns(grid, nets)
    assert high[left.order].max() < left.limits[1]
    assert low[right.order].min() > right.limits[0]


def test_clock_nets_go_first(placed: Design) -> None:
    names = {placed.net_names[k] for k in np.flatnonzero(clock_nets(placed))}
    flops = {
        placed.net_names[net]
        for net in range(placed.nets)
        for instance, index in placed.net_pins(net)
        if instance >= 0 and placed.master(instance).signal_pins[index].name == "CLK"
    }
    assert flops <= names
    assert next(p.net for p in placed.ports if p.name == "clk") in np.flatnonzero(
        clock_nets(placed)
    )
    assert len(names) < placed.nets / 4


def test_a_killed_run_goes_on_to_the_same_bytes(
    placed: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "KEEPING", 0)
    monkeypatch.setattr(router, "WORTH", -1)  # every pass, however short, is worth keeping
    whole, _ = route(placed)
    plan = RoutePlan(folder=tmp_path)

    def kill(done: Pass) -> None:
        if done.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        route(placed, plan, kill)
    assert (tmp_path / STATE_FILE).is_file()
    numbers: list[int] = []
    resumed, _ = route(placed, plan, lambda done: numbers.append(done.number))
    assert numbers[0] == 2
    assert _bytes(resumed) == _bytes(whole)
    assert not (tmp_path / STATE_FILE).exists()


def test_a_state_of_another_run_is_ignored(placed: Design, tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).write_bytes(b"not a state")
    numbers: list[int] = []
    route(placed, RoutePlan(folder=tmp_path), lambda done: numbers.append(done.number))
    assert numbers[0] == 0


def _walled(design: Design, gap: int) -> Design:
    """A wall of met1 to met4 from south to north with an opening of `gap` nm in the middle."""
    middle, top = design.die[2] // 2, design.die[3]
    spans = [(0, (top - gap) // 2), ((top + gap) // 2, top)]
    wall = [
        Supply("VGND", "strap", layer, (middle - 600, low, middle + 600, high))
        for layer in range(4)
        for low, high in spans
    ]
    return replace(design, supplies=(*design.supplies, *wall))


def test_congestion_ends_with_place_nets_and_picture(placed: Design, tmp_path: Path) -> None:
    passes: list[Pass] = []
    # cells under the wall keep their pins: only what crosses it is looked at
    with pytest.raises((RouteError, ValueError)) as error:
        route(_walled(placed, 4_000), RoutePlan(folder=tmp_path), passes.append)
    if error.type is ValueError:
        pytest.fail(str(error.value))
    assert "square of 10 um at" in str(error.value) or "no wire can reach" in str(error.value)
    assert (tmp_path / HEAT_FILE).read_bytes()[:4] == b"\x89PNG"
    assert len(passes) < 40


def test_stall_detector() -> None:
    none = [0] * 60
    falling = [3000, 900, 400, 200, 120, 80, 60, 45, 30, 24, 12, 6]
    assert not any(hopeless(falling[:k], none[:k]) for k in range(1, len(falling) + 1))
    stuck = [3000, 900, 700] + [650] * PATIENCE
    assert not hopeless(stuck[:4], none[:4])
    assert hopeless([*stuck, 655], none[: len(stuck) + 1])
    # one conflict may take long: passes are cheap then
    assert not hopeless([100, 10, *[1] * 20], none[:22])
    assert hopeless([100, 10, *[1] * 40], none[:42])
    # nets without a path: some passes may still find another way to their pins
    assert not hopeless([5] * 4, [2] * 4)
    assert hopeless([5] * (PATIENCE + 1), [2] * (PATIENCE + 1))


def test_via_bound_is_never_more_than_a_path() -> None:
    """Against shortest paths over (layer, wire used across, wire used along)."""
    for target in range(4):
        best = {(target, 0, 0): 0}
        for _ in range(12):
            for (layer, across, along), cost in list(best.items()):
                moves = [((layer, 1, along) if layer in (0, 2) else (layer, across, 1), 0)]
                if layer < 3:
                    moves.append(((layer + 1, across, along), VIA_COST[layer]))
                if layer > 0:
                    moves.append(((layer - 1, across, along), VIA_COST[layer - 1]))
                for state, extra in moves:
                    best[state] = min(best.get(state, 1 << 20), cost + extra)
        for (layer, across, along), cost in best.items():
            assert VIA_BOUND[target, layer, across, along] <= cost
            if across or along:
                assert VIA_BOUND[target, layer, 0, 0] <= cost
    assert VIA_BOUND[0, 0, 0, 1] == 2 * VIA_COST[0]
    assert VIA_BOUND[0, 0, 2, 0] == 2 * (VIA_COST[0] + VIA_COST[1])  # far along x: over met3
    assert (VIA_BOUND[:, :, 2] >= VIA_BOUND[:, :, 1]).all()
    assert STEP_X * 34 == STEP_Y * 46
