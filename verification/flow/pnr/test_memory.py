"""Routing on from the last routing: what may stay stays, and the layout is as good as new."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from flow.pnr.antenna import Violation, add_diodes
from flow.pnr.check import check_layout
from flow.pnr.design import FIXED, Design
from flow.pnr.gds import write_gds
from flow.pnr.geometry import FS
from flow.pnr.route.grid import build_grid
from flow.pnr.route.router import Memory, Pass, route
from flow.pnr.rules import MET2
from verification.flow.pnr.routing_rules import violations


def _routed(design: Design, memory: Memory) -> tuple[Design, int]:
    """The routed design, and how many times a net was routed."""
    passes: list[Pass] = []
    result, _ = route(design, None, passes.append, memory)
    return result, sum(done.rerouted for done in passes)


def test_nothing_is_routed_twice(placed: Design) -> None:
    memory = Memory()
    first, _ = _routed(placed, memory)
    second, work = _routed(placed, memory)
    assert work <= np.count_nonzero(np.diff(placed.pin_start) == 1)  # these need no wire
    for name in ("wires", "vias", "patches"):
        assert np.array_equal(getattr(first.routes, name), getattr(second.routes, name))


def test_only_nets_with_new_pins_and_their_neighbours_are_routed(
    placed: Design, tmp_path: Path
) -> None:
    memory = Memory()
    first, whole = _routed(placed, memory)
    nets = [net for net in range(placed.nets) if len(list(placed.net_pins(net))) == 3][:4]
    found = [
        Violation(net, MET2, 2.0, 1.0, next(pin for pin in placed.net_pins(net) if pin[0] >= 0))
        for net in nets
    ]
    more, fits = add_diodes(first, found)
    assert fits
    result, work = _routed(more, memory)
    assert len(nets) <= work < whole / 3
    write_gds(result, tmp_path / "x.gds")
    assert check_layout(tmp_path / "x.gds", result).clean
    assert violations(tmp_path / "x.gds", result.name) == {}


def test_a_moved_cell_starts_anew(placed: Design) -> None:
    memory = Memory()
    _, whole = _routed(placed, memory)
    orient = placed.orient.copy()
    orient[int(np.flatnonzero(placed.status != FIXED)[0])] ^= 2
    _, work = _routed(replace(placed, orient=orient), memory)
    assert work >= min(whole, placed.nets) / 2


def test_the_grid_grows_by_the_new_cells(placed: Design) -> None:
    x, y = placed.core[:2]
    flop = "sky130_fd_sc_hd__dfxtp_1"  # has met1 beside its rails
    more = placed.with_instances(["new"], [flop], [x], [y], [FS], FIXED)
    before = build_grid(placed)
    anew, grown = build_grid(more), build_grid(more, before, placed.instances)
    assert np.array_equal(anew.flags, grown.flags)
    assert not np.array_equal(anew.flags, before.flags)
