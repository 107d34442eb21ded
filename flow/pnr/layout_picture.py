"""The finished layout as a picture, drawn by KLayout from the GDS itself."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
import klayout.lay as lay

from macros.store import atomic_write
from macros.technology import layers

__all__ = ["draw_layout"]

WIDTH_PX = 1600
BACKGROUND = "#101014"
COLOURS = {
    layers.NWELL: 0x303848,
    layers.DIFF: 0x2F6B45,
    layers.POLY: 0x8C3B3B,
    layers.LI1: 0x6A5A8C,
    layers.MET1: 0x3C6FB5,
    layers.MET2: 0xB565A7,
    layers.MET3: 0x4DB38A,
    layers.MET4: 0xD9A441,
    layers.MET5: 0xC9CDD6,
    layers.BOUNDARY: 0x707070,
}
"""Fill of each layer, from the lowest to the highest."""


def draw_layout(gds: Path, path: Path, window: tuple[int, int, int, int] | None = None) -> None:
    """Draw the GDS, or the part of it in `window` (nm), as PNG."""
    view = lay.LayoutView()
    view.set_config("background-color", BACKGROUND)
    view.set_config("grid-visible", "false")
    view.set_config("text-visible", "false")
    view.load_layout(str(gds), False)
    view.max_hier()
    view.clear_layers()
    for layer, colour in COLOURS.items():
        entry = lay.LayerPropertiesNode()
        entry.source = f"{layer.layer}/{layer.datatype}@1"
        entry.fill_color = entry.frame_color = colour
        entry.dither_pattern = 0 if layer != layers.BOUNDARY else 1
        entry.transparent = False
        view.insert_layer(view.end_layers(), entry)
    view.zoom_fit()
    box = view.box()
    if window is not None:
        box = kdb.DBox(*(value / 1e3 for value in window))
    height = round(WIDTH_PX * box.height() / box.width())
    pixels = view.get_pixels_with_options(WIDTH_PX, height, 0, 0, 0, box)
    atomic_write(path, pixels.to_png_data())
