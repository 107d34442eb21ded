"""macros.characterize.wires: its word and bit lines against an extraction of drawn bit cells."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import klayout.db as kdb
import numpy as np
import pytest

from flow.pdk.characterize import coupling
from flow.pdk.characterize.raster import Layout
from macros.characterize.wires import EDGE_CELLS, Placement, wire_of
from macros.shape import MacroShape
from macros.technology import layers
from macros.technology.bitcell import BIT_X, HEIGHT, WIDTH, WORD_LINE_Y, draw_bitcell
from macros.technology.drawing import write_gds

STACK = ("diff", "poly", "li1", "met1", "met2")
ROWS, COLUMNS = 3, 3
ROW, COLUMN = 1, 1
"""The lines looked at: neighbours on both sides."""


class Array:
    """Bit cells side by side, mirrored by turns as in a macro; nets by following the contacts."""

    def __init__(self, folder: Path) -> None:
        cell = draw_bitcell()
        write_gds([cell], folder / "cell.gds")
        drawn = kdb.Layout()
        drawn.read(str(folder / "cell.gds"))
        top, inner = drawn.create_cell("array"), drawn.cell(cell.name)
        for row in range(ROWS):
            for column in range(COLUMNS):
                across, up = bool(column % 2), bool(row % 2)
                turn = {
                    (False, False): kdb.Trans.R0,
                    (True, False): kdb.Trans.M90,
                    (False, True): kdb.Trans.M0,
                    (True, True): kdb.Trans.R180,
                }[across, up]
                place = kdb.Vector((column + across) * WIDTH, (row + up) * HEIGHT)
                top.insert(kdb.CellInstArray(inner.cell_index(), kdb.Trans(turn, place)))
        self.layout = Layout(drawn, "array")
        self._drawn = drawn  # owns what `layout` reads
        poly, diffusion = self.layout.region(layers.POLY), self.layout.region(layers.DIFF)
        self.channel = self.layout.mask(layers.POLY) & self.layout.mask(layers.DIFF)
        tap = self.layout.region(layers.TAP)
        self.image = {
            "diff": self.layout.paint((diffusion + tap) - poly),
            "poly": self.layout.paint(poly),
            "li1": self.layout.paint(self.layout.region(layers.LI1)),
            "met1": self.layout.paint(self.layout.region(layers.MET1)),
            "met2": self.layout.paint(self.layout.region(layers.MET2)),
        }
        self.nets = self._nets()

    def _nets(self) -> dict[str, np.ndarray]:
        """Layer -> number of the net at each pixel, 0 for none."""
        base, count = {}, 0
        for layer, image in self.image.items():
            base[layer], count = count, count + int(image.max())
        parent = list(range(count + 1))

        def root(item: int) -> int:
            while parent[item] != item:
                item = parent[item]
            return item

        cuts = (
            (layers.LICON, ("poly", "diff"), "li1"),
            (layers.MCON, ("li1",), "met1"),
            (layers.VIA, ("met1",), "met2"),
        )
        for cut, lowers, upper in cuts:
            for window in self.layout.boxes(cut):
                lower = next(name for name in lowers if self.image[name][window].all())
                one, other = (
                    root(base[name] + int(self.image[name][window][0, 0]))
                    for name in (lower, upper)
                )
                parent[max(one, other)] = min(one, other)
        names = np.array([root(item) for item in range(count + 1)], np.int32)
        return {
            name: np.where(image > 0, names[image + base[name]], 0)
            for name, image in self.image.items()
        }

    @cached_property
    def capacitances_ff(self) -> np.ndarray:
        """[net, net], symmetrical; gates and junctions do not count."""
        ground = int(max(image.max() for image in self.nets.values())) + 1
        total = np.zeros((ground + 1, ground + 1))
        field = np.full(self.channel.shape, ground)
        for level, name in enumerate(STACK[1:], 1):
            below = coupling._below(self.nets, STACK[:level], field)
            coupling._plates(total, name, self.nets[name], below, self.channel)
            for turned in (False, True):
                coupling._edges(
                    total, name, self.image[name], self.nets, below, self.channel, turned
                )
        return total + total.T

    def capacitance_ff(self, layer: str, x_nm: int, y_nm: int) -> float:
        """Of the net at a place, to everything else."""
        window = self.layout._window(kdb.Box(x_nm, y_nm, x_nm + 5, y_nm + 5))
        net = int(self.nets[layer][window][0, 0])
        assert net, f"there is no {layer} at {x_nm}, {y_nm}"
        row = self.capacitances_ff[net]
        return float(row.sum() - row[net])


@pytest.fixture(scope="module")
def array(tmp_path_factory: pytest.TempPathFactory) -> Array:
    return Array(tmp_path_factory.mktemp("array"))


PLACEMENT = Placement.of(MacroShape(512, 32), 4)


def test_a_word_line_has_the_capacitance_of_the_drawn_cells(array: Array) -> None:
    y = ROW * HEIGHT + WORD_LINE_Y
    drawn = array.capacitance_ff("met2", WIDTH // 2, y) / COLUMNS
    assumed = wire_of("bank0.wl_0_5", PLACEMENT).ff / (PLACEMENT.columns + EDGE_CELLS)
    print(f"word line: drawn {drawn:.3f} fF a cell, assumed {assumed:.3f}")
    assert assumed == pytest.approx(drawn, rel=0.1)


def test_a_bit_line_has_the_capacitance_of_the_drawn_cells(array: Array) -> None:
    x = (COLUMN + COLUMN % 2) * WIDTH + (-BIT_X if COLUMN % 2 else BIT_X)
    drawn = array.capacitance_ff("met1", x, HEIGHT // 2) / ROWS
    assumed = wire_of("bank0.bl_0_5", PLACEMENT).ff / (PLACEMENT.rows + EDGE_CELLS)
    print(f"bit line: drawn {drawn:.3f} fF a cell, assumed {assumed:.3f}")
    assert assumed == pytest.approx(drawn, rel=0.1)
