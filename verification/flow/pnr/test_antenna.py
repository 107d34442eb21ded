"""Antenna ratios computed by hand, and the repair of a wire that is too long."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flow.pnr import antenna
from flow.pnr.antenna import (
    DIODE,
    THICKNESS_UM,
    Violation,
    antenna_violations,
    ratio_limit,
    suspects,
    top_after_hop,
)
from flow.pnr.cell_library import Library
from flow.pnr.design import Design, Routes
from flow.pnr.floorplan import Floorplan
from flow.pnr.netlist import read_netlist
from flow.pnr.pieces import Pieces
from flow.pnr.pipeline import Plan, run_pnr
from flow.pnr.rules import MET1, MET2, MET3, WIDTH
from flow.pnr.wiring import Node, pin_shapes, wiring_of
from verification.flow.pnr.conftest import Finished
from verification.flow.pnr.designs import shift_register, write_netlist


def test_limit_follows_the_technology_lef() -> None:
    assert ratio_limit(0.0) == 400
    assert ratio_limit(0.0125) == 400
    assert ratio_limit(0.0225) == 2609
    assert ratio_limit(22.5) == 11600


def _one_net(design: Design, net: int, reach: int) -> Design:
    """The design with one net: a wire of met2 of `reach` nm at the gate of a flop, whose driver
    only joins through met4."""
    pins = list(design.net_pins(net))
    gate = next(k for k, (i, p) in enumerate(pins) if design.master(i).signal_pins[p].name == "D")
    (x0, y0), (x1, y1) = (_on_li1(design, *pins[k]) for k in (gate, 1 - gate))
    wires = [(net, 1, x0, y0, x0, y0 + reach), (net, 3, x1, y0 + reach, x1, y1)]
    vias = [(net, 0, x0, y0), (net, 1, x0, y0), (net, 2, x0, y0 + reach), (net, 3, x0, y0 + reach)]
    vias += [(net, kind, x1, y1) for kind in range(4)]
    patches = [(net, 3, x0, y0 + reach - 150, x1, y0 + reach + 150)]  # closes the way in met4
    tables = (np.array(sorted(rows), np.int32) for rows in (wires, vias, patches))
    return replace(design, routes=Routes(*tables))


def _on_li1(design: Design, instance: int, index: int) -> tuple[int, int]:
    rect = next(rect for layer, rect in pin_shapes(design, instance, index) if layer == "li1")
    return (rect[0] + rect[2]) // 2, (rect[1] + rect[3]) // 2


def test_ratio_of_a_straight_wire(finished: Finished) -> None:
    design = finished.design
    net = next(
        n
        for n in range(design.nets)
        if any(
            i >= 0 and design.master(i).signal_pins[p].name == "D" for i, p in design.net_pins(n)
        )
        and design.pin_start[n + 1] - design.pin_start[n] == 2
        and all(i >= 0 for i, _ in design.net_pins(n))
    )
    (gate,) = (p for p in design.net_pins(net) if design.master(p[0]).signal_pins[p[1]].name == "D")
    area = design.master(gate[0]).signal_pins[gate[1]].gate_area
    (found,) = antenna_violations(_one_net(design, net, 100_000))
    assert (found.net, found.layer, found.pin) == (net, MET2, gate)
    assert found.ratio == pytest.approx(2 * (100 + 0.14) * 0.35 / area)
    assert antenna_violations(_one_net(design, net, 30_000)) == []
    assert antenna_violations(_one_net(design, net, 100_000), layers=(MET1, MET3)) == []


def test_a_hop_is_for_what_met3_collects_where_a_cell_drives_the_net(finished: Finished) -> None:
    design = finished.design
    inner = next(n for n in range(design.nets) if all(i >= 0 for i, _ in design.net_pins(n)))
    outer = next(n for n in range(design.nets) if any(i < 0 for i, _ in design.net_pins(n)))
    found = [Violation(net, MET3, 2.0, 1.0, (0, 0)) for net in (inner, outer)]
    assert top_after_hop(design, found) == {inner: MET3}
    assert top_after_hop(design, [found[0]._replace(layer=MET2)]) == {}


def _by_resistors(design: Design, gate_scale: float) -> dict[tuple[int, int], float]:
    """(net, layer) -> the largest ratio over its limit, from the trees of resistors that the delays
    are computed from, with gates so much smaller."""
    found: dict[tuple[int, int], float] = defaultdict(float)
    wires = design.routes.wires.tolist()
    for net, wiring in wiring_of(design).items():
        for layer in range(4):
            pieces = Pieces[Node]()
            for a, b, _ in (*wiring.resistors, *wiring.loops):
                if a[0] <= layer and b[0] <= layer:
                    pieces.join(a, b)
            ends = {(k, x, y) for a, b, _ in wiring.resistors for k, x, y in (a, b) if a[0] != b[0]}
            area: dict[Node, float] = defaultdict(float)
            for _, on, x0, y0, x1, y1 in (row for row in wires if row[:2] == [net, layer]):
                cuts = {p for p in ends if p[0] == on and x0 <= p[1] <= x1 and y0 <= p[2] <= y1}
                count = 1 + len(cuts - {(on, x0, y0), (on, x1, y1)})
                long = (x1 - x0 + y1 - y0 + count * WIDTH[on]) / 1e3
                area[pieces.of((on, x0, y0))] += 2 * THICKNESS_UM[on] * long
            gate: dict[Node, float] = defaultdict(float)
            diffusion: dict[Node, float] = defaultdict(float)
            for k, (instance, index) in enumerate(design.net_pins(net)):
                if instance >= 0:
                    pin = design.master(instance).signal_pins[index]
                    diode = design.master(instance).name == DIODE
                    gate[pieces.of((-1, k, 0))] += 0 if diode else pin.gate_area / gate_scale
                    diffusion[pieces.of((-1, k, 0))] += pin.diffusion_area
            for piece, pad in gate.items():
                if pad:
                    share = area[piece] / pad / ratio_limit(diffusion[piece])
                    found[net, layer] = max(found[net, layer], share)
    return found


@pytest.mark.parametrize("gate_scale", [1, 10, 60])
def test_pieces_are_those_of_the_resistors(
    finished: Finished, gate_scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found another way: with gates as they are, and so small that many nets are in violation."""
    design = finished.design
    gates = antenna._gates(design)
    monkeypatch.setattr(antenna, "_gates", lambda _: gates / gate_scale)
    found = {(violation.net, violation.layer) for violation in antenna_violations(design)}
    shares = _by_resistors(design, gate_scale)
    assert {key for key, share in shares.items() if share > 1.001} <= found
    assert found <= {key for key, share in shares.items() if share > 0.999}
    assert (len(found) > 20) == (gate_scale > 1)


def test_suspects_are_nets_with_much_metal(finished: Finished) -> None:
    design = finished.design
    wires = design.routes.wires.copy()
    wires[:, 2:] *= 40
    long = replace(design, routes=replace(design.routes, wires=wires))
    assert len(suspects(long)) > design.nets / 2
    among = np.arange(design.nets) < 10
    assert set(suspects(long, among)) == {net for net in suspects(long) if net < 10}


def test_long_input_gets_a_diode(library: Library, tmp_path: Path) -> None:
    netlist = read_netlist(write_netlist(shift_register(1), tmp_path), library)
    floorplan = Floorplan(die=(230_000, 62_560), sides={"west": ("d", "clk"), "east": ("q",)})
    design, metrics = run_pnr(
        netlist, Plan(floorplan=floorplan, clock="clk"), tmp_path, library=library
    )
    assert metrics["antenna__violating__nets"] == 0
    assert metrics["antenna__diodes"] >= 1
    assert sum(design.master(k).name == DIODE for k in range(design.instances)) >= 1
