"""All cells of the technology that OpenRAM is given, by the names it asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from macros.technology.bitcell import BitCell, draw_bitcell
from macros.technology.decoder import draw_nand
from macros.technology.drawing import Drawing
from macros.technology.periphery import draw_dff, draw_sense_amp, draw_write_driver

__all__ = ["CELLS"]

CELLS: dict[str, Callable[[], Drawing]] = {
    **{kind.value: partial(draw_bitcell, kind) for kind in BitCell},
    "dff": draw_dff,
    "sense_amp": draw_sense_amp,
    "write_driver": draw_write_driver,
    "nand2_dec": partial(draw_nand, 2),
    "nand3_dec": partial(draw_nand, 3),
}
"""Name of a cell -> function that draws it."""
