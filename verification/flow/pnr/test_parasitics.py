"""Parasitics: totals by hand on one wire, and every pin reached in a real design."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from flow.pnr.parasitics import driver_of, extract, write_spef
from flow.pnr.wiring import Node, Resistor, wiring_of
from macros.technology.parasitics import CONTACT_OHM, SHEET_OHM, WIRE
from verification.flow.pnr.conftest import Finished


def test_every_net_is_a_tree_to_all_its_pins(finished: Finished, tmp_path: Path) -> None:
    """`write_spef` refuses anything else; the file lists each net and each pin once."""
    write_spef(finished.design, tmp_path / "x.spef")
    text = (tmp_path / "x.spef").read_text()
    assert text.count("*D_NET ") == finished.design.nets
    pins = text.count("\n*I ") + text.count("\n*P ")
    assert pins == len(finished.design.pin_instance)


def test_resistance_follows_the_wire(finished: Finished) -> None:
    """Ohm of the met2 pieces of the longest met2 wire add up to sheet resistance times squares."""
    wires = finished.design.routes.wires
    length = np.where(wires[:, 1] == 1, wires[:, 5] - wires[:, 3], 0)
    net, _, x, y0, _, y1 = (int(value) for value in wires[int(np.argmax(length))])
    tree = extract(finished.design)[net]
    ohm = sum(
        r
        for a, b, r in tree.resistors
        if a[0] == b[0] == 1
        and a[1] == b[1] == x
        and y0 <= min(a[2], b[2])
        and max(a[2], b[2]) <= y1
    )
    assert ohm == pytest.approx(SHEET_OHM["met2"] * (y1 - y0) / 140, rel=1e-6)


def test_capacitance_is_within_physical_bounds(finished: Finished) -> None:
    """Between a lone wire over the substrate and one with close neighbours all around it."""
    wires = finished.design.routes.wires
    microns = float((wires[:, 4] - wires[:, 2] + wires[:, 5] - wires[:, 3]).sum()) / 1e3
    total = sum(tree.total for tree in extract(finished.design))
    low = WIRE["met2", "field"].area * 0.14
    dense = WIRE["met2", "met1"]
    high = dense.area * 0.14 + 2 * sum(dense.edge(0.14)) + WIRE["met3", "met2"].area * 0.33
    assert low < total / microns < high


def test_couplings_are_named_in_both_nets(finished: Finished, tmp_path: Path) -> None:
    trees = extract(finished.design)
    pairs = [
        (net, c.node, c.other, c.other_node, c.farad)
        for net, tree in enumerate(trees)
        for c in tree.couplings
    ]
    assert len(pairs) > 100
    assert {(b, y, a, x, f) for a, x, b, y, f in pairs} == set(pairs)
    assert all(a != b for a, _, b, _, _ in pairs)
    write_spef(finished.design, tmp_path / "x.spef", trees)
    lines = (tmp_path / "x.spef").read_text().splitlines()
    coupled = [line.split() for line in lines if line[:1].isdigit() and line.count(":") >= 2]
    assert sum(len(words) == 4 and words[0].isdigit() for words in coupled) >= len(pairs)


def _ohm_from(root: Node, resistors: list[Resistor]) -> dict[Node, float]:
    """Resistance of the way in a tree from its root to each node."""
    neighbours = defaultdict(list)
    for a, b, ohm in resistors:
        neighbours[a].append((b, ohm))
        neighbours[b].append((a, ohm))
    found = {root: 0.0}
    for node in (queue := [root]):
        for other, ohm in neighbours[node]:
            if other not in found:
                found[other] = found[node] + ohm
                queue.append(other)
    return found


def test_corners_scale_resistance_and_capacitance(finished: Finished) -> None:
    low, nominal, high = (extract(finished.design, corner) for corner in ("min", "nom", "max"))
    for net in range(finished.design.nets):
        assert low[net].total <= nominal[net].total <= high[net].total
        for a, b, c in zip(
            low[net].resistors, nominal[net].resistors, high[net].resistors, strict=True
        ):
            assert a[:2] == b[:2] == c[:2]
        driver = driver_of(finished.design, net)
        ways = [_ohm_from(driver, trees[net].resistors) for trees in (low, nominal, high)]
        for node, ohm in ways[1].items():
            assert ways[0][node] <= ohm <= ways[2][node]
    with pytest.raises(ValueError, match="corner must be one of min, nom, max"):
        extract(finished.design, "typical")


def test_a_pin_on_li1_joins_at_a_contact(finished: Finished) -> None:
    """A wire of met1 that passes over the pin, or a via on it, does not touch it."""
    design = finished.design
    vias = design.routes.vias
    contacts = {(net, 0, x, y) for net, kind, x, y in vias.tolist() if kind == 0}
    joined = [
        (net, *node)
        for net, wiring in wiring_of(design).items()
        for node, pin, ohm in wiring.resistors
        if pin[0] == -1 and ohm == CONTACT_OHM["mcon"]
    ]
    assert len(joined) > design.nets
    assert set(joined) <= contacts
