"""IR drop of a finished design: against a grid solved by hand, and with vias cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flow.pnr.design import GROUND, POWER
from flow.pnr.ir_drop import solve_ir_drop
from flow.pnr.power import via_cuts
from flow.pnr.rules import MET1, MET4, MET5
from macros.technology.parasitics import CONTACT_OHM, SHEET_OHM


def _current(design, ampere=1e-5):
    return dict.fromkeys(design.instance_names, ampere)


def test_drop_is_positive_and_linear(finished):
    design = finished.design
    one, two = (solve_ir_drop(design, _current(design, k * 1e-5)) for k in (1, 2))
    np.testing.assert_allclose(two.total, 2 * one.total, rtol=1e-9)
    assert one.total.min() > 0


def test_one_cell_alone_sees_its_own_path(finished):
    """A cell that alone draws current, with all of the grid but its rail and one strap removed: the
    drop is the sum of a series of resistors."""
    design = finished.design
    (power, *_) = [s for s in design.supplies if s.net == POWER and s.layer == MET4]
    x = (power.rect[0] + power.rect[2]) // 2
    rails = [s for s in design.supplies if s.net == POWER and s.kind == "rail"]
    (strap, *_) = [s for s in design.supplies if s.net == POWER and s.layer == MET5]
    y5 = (strap.rect[1] + strap.rect[3]) // 2
    kept = [s for s in design.supplies if s.net == GROUND or s in [*rails, power, strap]]
    for s in design.supplies:
        on_strap = power.rect[0] <= (s.rect[0] + s.rect[2]) // 2 <= power.rect[2]
        on_top = strap.rect[1] <= (s.rect[1] + s.rect[3]) // 2 <= strap.rect[3]
        if s.kind == "via" and s.net == POWER and on_strap and (s.layer < MET5 or on_top):
            kept.append(s)
    grid = replace(design, supplies=tuple(kept))
    k = int(np.argmax(np.abs(design.x - x)))
    drop = solve_ir_drop(grid, {design.instance_names[k]: 1e-3}).power[k]
    widths, _ = design.sizes()
    at = int(design.x[k]) + int(widths[k]) // 2
    rail_y = int(design.y[k]) + (0 if design.orient[k] & 1 else 2720)
    vias = [s for s in kept if s.kind == "via" and s.net == POWER]
    here = [s for s in vias if s.layer <= MET4 and (s.rect[1] + s.rect[3]) // 2 == rail_y]
    (top,) = [s for s in vias if s.layer == MET5]
    names = {1: "via", 2: "via2", 3: "via3", 4: "via4"}
    ohm = SHEET_OHM["met1"] * abs(at - x) / 480
    ohm += sum(CONTACT_OHM[names[s.layer]] / len(via_cuts(s)[0]) for s in [*here, top])
    ohm += SHEET_OHM["met4"] * abs(rail_y - y5) / 1600
    halves = [SHEET_OHM["met5"] * abs(end - x) / 1600 for end in strap.rect[::2]]
    ohm += 1 / sum(1 / half for half in halves)
    assert drop == pytest.approx(1e-3 * ohm, rel=1e-6)


def test_a_rail_without_its_vias_is_found(finished):
    design = finished.design
    rail = next(s for s in design.supplies if s.net == POWER and s.kind == "rail")
    y = (rail.rect[1] + rail.rect[3]) // 2
    cut = [
        s
        for s in design.supplies
        if not (s.kind == "via" and s.layer == MET1 + 1 and (s.rect[1] + s.rect[3]) // 2 == y)
    ]
    with pytest.raises(RuntimeError, match="is not connected to VPWR"):
        solve_ir_drop(replace(design, supplies=tuple(cut)), _current(design))
