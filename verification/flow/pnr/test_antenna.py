"""Antenna ratios computed by hand, and the repair of a wire that is too long."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flow.pnr.antenna import (
    DIODE,
    antenna_violations,
    ratio_limit,
    suspects,
    top_after_hop,
)
from flow.pnr.cell_library import Library
from flow.pnr.floorplan import Floorplan
from flow.pnr.netlist import read_netlist
from flow.pnr.pipeline import Plan, run_pnr
from flow.pnr.wiring import Wiring, wiring_of
from verification.flow.pnr.conftest import Finished
from verification.flow.pnr.designs import shift_register, write_netlist


def test_limit_follows_the_technology_lef() -> None:
    assert ratio_limit(0.0) == 400
    assert ratio_limit(0.0125) == 400
    assert ratio_limit(0.0225) == 2609
    assert ratio_limit(22.5) == 11600


def test_ratio_of_a_straight_wire(finished: Finished) -> None:
    """A wire of met2 of 100 um at the gate of a flop, its driver only reached through met4."""
    design = finished.design
    net = next(
        n
        for n in range(design.nets)
        if any(
            i >= 0 and design.master(i).signal_pins[p].name == "D" for i, p in design.net_pins(n)
        )
        and design.pin_start[n + 1] - design.pin_start[n] == 2
    )
    pins = list(design.net_pins(net))
    gate = next(k for k, (i, p) in enumerate(pins) if design.master(i).signal_pins[p].name == "D")
    pad = design.master(pins[gate][0]).signal_pins[pins[gate][1]].gate_area
    far, high = (1, 0, 100_000), (3, 0, 100_000)
    resistors = [
        ((-1, gate, 0), (1, 0, 0), 1.0),
        ((1, 0, 0), far, 1.0),
        (far, high, 1.0),
        (high, (-1, 1 - gate, 0), 1.0),
    ]
    (found,) = antenna_violations(design, {net: Wiring(resistors, [], set())})
    assert (found.net, found.layer, found.pin) == (net, 1, pins[gate])
    assert found.ratio == pytest.approx(2 * (100 + 0.14) * 0.35 / pad)
    short = [(a, (1, 0, 30_000) if b == far else b, r) for a, b, r in resistors[:2]]
    assert antenna_violations(design, {net: Wiring(short, [], set())}) == []
    # a hop is for what met3 collects, where a cell drives the net
    inner = next(n for n in range(design.nets) if all(i >= 0 for i, _ in design.net_pins(n)))
    outer = next(n for n in range(design.nets) if any(i < 0 for i, _ in design.net_pins(n)))
    on_met3 = [found._replace(net=n, layer=2) for n in (inner, outer)]
    assert top_after_hop(design, on_met3) == {inner: 2}
    assert top_after_hop(design, [found._replace(net=inner)]) == {}


def test_suspects_miss_no_violation(finished: Finished) -> None:
    """Looking at every net finds what looking at the suspects finds, and at least one suspect is
    there to look at when wires are scaled up."""
    design = finished.design
    assert antenna_violations(design, wiring_of(design)) == antenna_violations(design)
    wires = design.routes.wires.copy()
    wires[:, 2:] *= 40
    long = replace(design, routes=replace(design.routes, wires=wires))
    assert len(suspects(long)) > design.nets / 2


def test_long_input_gets_a_diode(library: Library, tmp_path: Path) -> None:
    netlist = read_netlist(write_netlist(shift_register(1), tmp_path), library)
    floorplan = Floorplan(die=(230_000, 62_560), sides={"west": ("d", "clk"), "east": ("q",)})
    design, metrics = run_pnr(
        netlist, Plan(floorplan=floorplan, clock="clk"), tmp_path, library=library
    )
    assert metrics["antenna__violating__nets"] == 0
    assert metrics["antenna__diodes"] >= 1
    assert sum(design.master(k).name == DIODE for k in range(design.instances)) >= 1
