"""Metal beyond wires: ends, pads and patches, each area once."""

from __future__ import annotations

import klayout.db as kdb
import numpy as np

from flow.pnr.beyond import metal_beyond
from flow.pnr.cell_library import region_of
from flow.pnr.design import EMPTY_ROUTES, Routes
from flow.pnr.route.shapes import metal_rectangles
from flow.pnr.rules import WIDTH


def test_a_wire_has_two_ends() -> None:
    wires = np.array([[3, 1, 230, 170, 230, 1190]], np.int32)
    found = metal_beyond(Routes(wires, EMPTY_ROUTES.vias, EMPTY_ROUTES.patches))
    assert found.tolist() == [[3, 1, 230, 170, 70 * 140], [3, 1, 230, 1190, 70 * 140]]


def test_pads_count_where_no_wire_is_and_patches_once() -> None:
    vias = np.array([[0, 1, 230, 170]], np.int32)
    patches = np.array([[0, 0, 70, 40, 470, 300], [0, 0, 70, 40, 470, 300]], np.int32)
    found = metal_beyond(Routes(EMPTY_ROUTES.wires, vias, patches))
    pads = {(row[1], row[2], row[3]): row[4] for row in found.tolist()}
    assert pads == {(0, 270, 170): 400 * 260, (1, 230, 170): 260 * 320}


def test_a_wire_that_ends_in_a_patch_has_no_end_there() -> None:
    wires = np.array([[3, 1, 230, 170, 230, 1190]], np.int32)
    patches = np.array([[3, 1, 100, 1100, 400, 1300]], np.int32)
    found = metal_beyond(Routes(wires, EMPTY_ROUTES.vias, patches)).tolist()
    assert [row[2:4] for row in found] == [[230, 170], [250, 1200]]
    assert found[1][4] == 300 * 200 - 140 * 90


def test_all_metal_is_wire_or_beyond(finished) -> None:
    """Wires from end to end and what is beyond them have the area of all metal of each net."""
    routes = finished.design.routes
    beyond = metal_beyond(routes)
    shapes = metal_rectangles(routes)
    for net in range(0, finished.design.nets, 7):
        for layer in range(4):
            rows = shapes[(shapes[:, 0] == net) & (shapes[:, 1] == layer), 2:]
            area = region_of(rows.tolist()).merged().area()
            mine = beyond[(beyond[:, 0] == net) & (beyond[:, 1] == layer), 4].sum()
            assert area == mine + _core(routes, net, layer).merged().area()


def _core(routes: Routes, net: int, layer: int) -> kdb.Region:
    wires = routes.wires[(routes.wires[:, 0] == net) & (routes.wires[:, 1] == layer), 2:]
    half = WIDTH[layer] // 2
    grow = (0, half) if layer in (0, 2) else (half, 0)
    return region_of((wires + np.array([-grow[0], -grow[1], *grow])).tolist())
