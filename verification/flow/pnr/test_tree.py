"""Connections of a net: which edges are whose, and that only those in conflict are ripped up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flow.pnr.design import EMPTY_ROUTES, Design
from flow.pnr.route.grid import Grid
from flow.pnr.route.nets import route_nets
from flow.pnr.route.router import Memory, _compact, route
from flow.pnr.route.state import FAILED, STRAY, NetTable, State, new_worker
from flow.pnr.route.tree import edge_ends
from verification.flow.pnr.conftest import Finished


@pytest.fixture
def routed(finished: Finished) -> tuple[Grid, NetTable, State]:
    memory = Memory()
    route(replace(finished.design, routes=EMPTY_ROUTES), memory=memory)
    assert memory.grid is not None
    assert memory.nets is not None
    assert memory.state is not None
    return memory.grid, memory.nets, memory.state


def _edges(state: State, net: int) -> list[int]:
    first = int(state.edge_start[net])
    return state.edges[first : first + int(state.edge_count[net])].tolist()


def _path(state: State, net: int, pin: int) -> list[int]:
    start = int(state.path_start[pin])
    return _edges(state, net)[start : start + int(state.path_count[pin])]


def _nodes(edges: list[int], nx: int) -> set[int]:
    return {int(node) for edge in edges for node in edge_ends(edge, nx)}


def test_connections_divide_the_edges_and_hang_together(
    routed: tuple[Grid, NetTable, State],
) -> None:
    grid, nets, state = routed
    several = 0
    for net in range(len(nets.start) - 1):
        pins = list(range(nets.start[net], nets.start[net + 1]))
        reached = sorted(pins[1:], key=lambda pin: (state.path_start[pin], state.path_count[pin]))
        end = 0
        tree: set[int] = set()
        for pin in reached:
            assert state.path_start[pin] == end
            end += int(state.path_count[pin])
            path = _path(state, net, pin)
            nodes = _nodes(path, grid.nx) or {int(state.attach[pin])}
            assert int(state.attach[pin]) in nodes
            assert int(grid.pins.node[state.access[pin]]) in nodes
            assert not tree or int(state.attach[pin]) in tree
            tree |= nodes
        assert end == state.edge_count[net]
        several += len(reached) > 2
    assert several > 20


def _leaf(state: State, nets: NetTable, nx: int) -> tuple[int, int]:
    """A net of many pins, and its pin whose connection none stands on and has wires of its own."""
    sizes = np.diff(nets.start)
    for net in np.argsort(-sizes).tolist():
        pins = range(nets.start[net] + 1, nets.start[net + 1])
        for pin in pins:
            own = _nodes(_path(state, net, pin), nx) - {int(state.attach[pin])}
            others = [other for other in pins if other != pin]
            stands = any(int(state.attach[other]) in own for other in others)
            if len(own) > 5 and not stands and state.path_start[pin] > 0:
                return net, pin
    raise AssertionError("no net has a leaf")


def test_only_the_connection_in_conflict_is_ripped_up(
    routed: tuple[Grid, NetTable, State],
) -> None:
    grid, nets, state = routed
    net, pin = _leaf(state, nets, grid.nx)
    pins = [p for p in range(nets.start[net] + 1, nets.start[net + 1]) if p != pin]
    before = {p: _path(state, net, p) for p in pins}
    old = _path(state, net, pin)
    worker = new_worker(0, grid.nx, grid.ny)
    _compact(state, [worker])
    low, high = edge_ends(old[len(old) // 2], grid.nx)
    shared = [int(r) for r in (low, high) if r in _taken(state, net)]
    state.users[shared] += 1
    state.price[shared] = 10_000
    whole = np.array([0, grid.nx - 2, 0, grid.ny - 2], np.int64)
    order = np.array([net], np.int64)
    assert route_nets(
        state, worker, grid.pins, nets, order, 0, grid.nx, whole, 200, 12, False
    ) == 1  # fmt: skip
    assert {p: _path(state, net, p) for p in pins} == before
    assert _path(state, net, pin) != old
    assert not set(shared) & set(_taken(state, net))
    assert len(_taken(state, net)) == len(set(_taken(state, net)))


def _taken(state: State, net: int) -> list[int]:
    first = int(state.taken_start[net])
    return state.taken[first : first + int(state.taken_count[net])].tolist()


def test_a_net_that_strays_is_left_to_the_last_batch(
    routed: tuple[Grid, NetTable, State],
) -> None:
    grid, nets, state = routed
    net = int(np.argmax(state.edge_count))
    columns = [(edge >> 4) % grid.nx for edge in _edges(state, net)]
    worker = new_worker(0, grid.nx, grid.ny)
    _compact(state, [worker])
    before = _edges(state, net)
    state.failed[net] = FAILED
    half = np.array([0, max(columns) - 1, 0, grid.ny - 2], np.int64)
    order = np.array([net], np.int64)
    route_nets(state, worker, grid.pins, nets, order, 0, grid.nx, half, 200, 12, False)
    assert _edges(state, net) == before
    assert state.failed[net] == FAILED
    state.failed[net] = 0
    route_nets(state, worker, grid.pins, nets, order, 0, grid.nx, half, 200, 12, False)
    assert state.failed[net] == STRAY


def test_a_finished_design_has_no_failed_net(routed: tuple[Grid, NetTable, State]) -> None:
    _, _, state = routed
    assert not state.failed.any()
    assert state.users.max() == 1


def test_moved_placement_forgets(finished: Finished) -> None:
    design: Design = replace(finished.design, routes=EMPTY_ROUTES)
    memory = Memory()
    route(design, memory=memory)
    memory.recall(replace(design, x=design.x + 460))
    assert memory.state is None
