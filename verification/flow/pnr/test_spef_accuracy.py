"""Extracted parasitics of routed nets against solutions of the field and of the sheets of metal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flow.pnr.design import Routes
from flow.pnr.parasitics import extract
from verification.bench.spef import BARS, capacitance_errors, resistance_errors, small_designs
from verification.field.resistance import between_pins
from verification.field.sample import extracted, places, tree_ohms
from verification.flow.pnr.conftest import Finished


def test_a_window_of_met2(finished: Finished) -> None:
    (place,) = (p for p in places(finished.design, 1) if p.layer == 1)
    (error,) = capacitance_errors(finished.design, "random", [place])
    assert abs(error) <= BARS["most"]


def test_resistances(finished: Finished) -> None:
    errors = resistance_errors(finished.design, "random", nets=20)
    assert len(errors) >= 20
    assert max(map(abs, errors)) <= BARS["ohm"]


def test_cut_metal_is_noticed(finished: Finished) -> None:
    """Without one of its vias a net has no way to a pin."""
    design = finished.design
    vias = design.routes.vias
    net = int(vias[vias[:, 1] == 1][0, 0])
    first = int(np.flatnonzero((vias[:, 0] == net) & (vias[:, 1] == 1))[0])
    routes = Routes(design.routes.wires, np.delete(vias, first, axis=0), design.routes.patches)
    with pytest.raises(RuntimeError, match=r"not connected|touches none"):
        between_pins(replace(design, routes=routes), net)


def test_windows_hold_what_the_whole_net_has(finished: Finished) -> None:
    """The extraction of a net in a window as large as the die is that of the SPEF."""
    design = finished.design
    chosen = [p._replace(inner=design.die) for p in places(design, 2)]
    trees = extract(design)
    for place, found in zip(chosen, extracted(design, chosen), strict=True):
        assert found.total == pytest.approx(trees[place.net].total, rel=0.02)
        assert 0 in {round(ohm) for ohm in tree_ohms(design, place.net).values()}


@pytest.mark.full
def test_bars() -> None:
    """The bars of issue 7 on designs that are routed here."""
    farad, ohm = [], []
    for name, design in small_designs():
        farad += capacitance_errors(design, name, places(design, 5, seed=31))
        ohm += resistance_errors(design, name)
    assert len(farad) >= 30
    assert max(map(abs, farad)) <= BARS["most"]
    assert np.median(np.abs(farad)) <= BARS["median"]
    assert max(map(abs, ohm)) <= BARS["ohm"]
