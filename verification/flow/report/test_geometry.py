"""The stream of the viewer, unpacked by other code than the viewer's, holds the layout."""

from __future__ import annotations

from collections.abc import Iterator

import klayout.db as kdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow.report.geometry import VIEWED, pack_layout, read_layout, varints
from macros.technology import layers


def numbers(stream: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in stream:
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            yield value
            value = shift = 0


def signed(value: int) -> int:
    return -(value + 1) // 2 if value % 2 else value // 2


def unpack(stream: bytes) -> dict[str, kdb.Region]:
    """Regions of the top cell by name of the layer, drawn through a KLayout layout."""
    source = numbers(stream)
    count, cells = next(source), next(source)
    layout = kdb.Layout()
    indices = [layout.insert_layer(kdb.LayerInfo(k, 0)) for k in range(count)]
    made: list[kdb.Cell] = []
    for number in range(cells):
        cell = layout.create_cell(f"c{number}")
        for index in indices:
            x = y = 0
            for _ in range(next(source)):
                x, y = x + signed(next(source)), y + signed(next(source))
                cell.shapes(index).insert(kdb.Box(x, y, x + next(source), y + next(source)))
        for _ in range(next(source)):
            child, x, y = next(source), signed(next(source)), signed(next(source))
            turn, na, nb = next(source), next(source), next(source)
            ax, ay, bx, by = (signed(next(source)) for _ in range(4))
            move = kdb.Trans(turn % 4, turn >= 4, x, y)
            cell.insert(
                kdb.CellInstArray(
                    made[child].cell_index(), move, kdb.Vector(ax, ay), kdb.Vector(bx, by), na, nb
                )
            )
        made.append(cell)
    assert next(source, None) is None
    return {
        name: kdb.Region(made[-1].begin_shapes_rec(index)).merged()
        for name, index in zip(VIEWED, indices, strict=True)
    }


@given(st.lists(st.integers(0, 2**35 - 1), min_size=1))
def test_varints_come_back(values):
    assert list(numbers(varints(np.array(values, np.int64)))) == values


def layout_with_every_orientation() -> kdb.Layout:
    layout = kdb.Layout()
    top, gate = layout.create_cell("top"), layout.create_cell("gate")
    met1, poly = layout.layer(*layers.MET1), layout.layer(*layers.POLY)
    gate.shapes(met1).insert(kdb.Box(-100, 0, 300, 140))
    bend = [kdb.Point(0, 0), kdb.Point(0, 500), kdb.Point(90, 500), kdb.Point(90, 60)]
    gate.shapes(poly).insert(kdb.Polygon([*bend, kdb.Point(400, 60), kdb.Point(400, 0)]))
    for turn in range(8):
        move = kdb.Trans(turn % 4, turn >= 4, 3000 * turn, -700 * turn)
        top.insert(kdb.CellInstArray(gate.cell_index(), move))
    rows = kdb.CellInstArray(
        gate.cell_index(), kdb.Trans(0, 9000), kdb.Vector(0, 800), kdb.Vector(900, 0), 3, 4
    )
    top.insert(rows)
    top.shapes(met1).insert(kdb.Box(-50000, -50000, -40000, -49860))
    return layout


def test_stream_holds_every_shape_of_the_layout():
    layout = layout_with_every_orientation()
    found = unpack(pack_layout(layout))
    for name, (layer, _, _) in VIEWED.items():
        index = layout.find_layer(*layer)
        wanted = kdb.Region()
        if index is not None:
            wanted = kdb.Region(layout.top_cell().begin_shapes_rec(index)).merged()
        assert (wanted ^ found[name]).is_empty(), name
    assert found["met1"].area() > 0
    assert found["poly"].area() > 0


@pytest.mark.parametrize("content", [b"", b"not a layout", b"\x00\x06\x00\x02\x00"])
def test_what_is_no_layout_is_refused_in_a_sentence(tmp_path, content):
    path = tmp_path / "x.gds"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.gds"):
        read_layout(path)


def test_two_top_cells_are_refused(tmp_path):
    layout = kdb.Layout()
    layout.create_cell("a")
    layout.create_cell("b")
    layout.write(str(tmp_path / "two.gds"))
    with pytest.raises(ValueError, match="one top cell, not 2"):
        read_layout(tmp_path / "two.gds")
