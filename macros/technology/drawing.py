"""A cell under construction: rectangles on named layers, contacts, vias, pins; written with gdstk.

All coordinates are integers in nm. Contacts and vias bring their landing pads only where a
method's text says so: the caller draws wires, the drawing never guesses.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import gdstk

from macros.technology import layers
from macros.technology.layers import Layer
from macros.technology.rules import GRID, rule

__all__ = ["Box", "Drawing", "write_gds"]

EPOCH = datetime.datetime(2000, 1, 1)
LABELS = {
    layers.LI1: layers.LI1_LABEL,
    layers.MET1: layers.MET1_LABEL,
    layers.MET2: layers.MET2_LABEL,
    layers.MET3: layers.MET3_LABEL,
    layers.MET4: layers.MET4_LABEL,
}
"""Layer a pin's name is written on."""


@dataclass(frozen=True)
class Box:
    """A rectangle from (x0, y0) to (x1, y1) in nm, x0 < x1 and y0 < y1."""

    x0: int
    y0: int
    x1: int
    y1: int

    def __post_init__(self) -> None:
        if self.x0 >= self.x1 or self.y0 >= self.y1:
            raise ValueError(f"a box needs x0 < x1 and y0 < y1, not {self}")
        if any(value % GRID for value in (self.x0, self.y0, self.x1, self.y1)):
            raise ValueError(f"a box lies on the {GRID} nm grid, not {self}")

    def rotated(self, width: int, height: int) -> Box:
        """The box after a half turn of its cell of `width` x `height`."""
        return Box(width - self.x1, height - self.y1, width - self.x0, height - self.y0)


@dataclass
class Drawing:
    """A named cell of `width` x `height` nm with its shapes, and pins by name."""

    name: str
    width: int
    height: int
    shapes: dict[Layer, list[Box]] = field(default_factory=lambda: defaultdict(list))
    pins: list[tuple[str, Layer, Box]] = field(default_factory=list)

    def rect(self, layer: Layer, x0: int, y0: int, x1: int, y1: int) -> Box:
        """Add a rectangle; returns it."""
        box = Box(x0, y0, x1, y1)
        self.shapes[layer].append(box)
        return box

    def centred(self, layer: Layer, x: int, y: int, width: int, height: int) -> Box:
        """Add a rectangle of `width` x `height` around (x, y)."""
        return self.rect(layer, x - width // 2, y - height // 2, x + width // 2, y + height // 2)

    def licon(self, x: int, y: int) -> None:
        """A contact from diffusion, tap or poly to li1."""
        self._cut(layers.LICON, x, y, rule("licon_1"))

    def poly_contact(self, x: int, y: int, *, tall: bool = True) -> None:
        """A poly contact with its poly pad (270 x 330, `tall` or lying) and its npc."""
        self.licon(x, y)
        long = rule("licon_1") + 2 * rule("licon_8a")
        short = rule("licon_1") + 2 * rule("licon_8")
        self.centred(layers.POLY, x, y, *((short, long) if tall else (long, short)))
        side = rule("licon_1") + 2 * rule("licon_15")
        self.centred(layers.NPC, x, y, side, side)

    def mcon(self, x: int, y: int) -> None:
        """A contact from li1 to met1."""
        self._cut(layers.MCON, x, y, rule("ct_1"))

    def via(self, x: int, y: int) -> None:
        """A via from met1 to met2."""
        self._cut(layers.VIA, x, y, rule("via_1a"))

    def pin(self, name: str, layer: Layer, box: Box) -> None:
        """Name a shape that is drawn already: its label goes to its centre."""
        self.pins.append((name, layer, box))

    def half_turn(self, *, of: Self) -> None:
        """Add the shapes of another drawing turned by 180 degrees within this cell."""
        for layer, boxes in of.shapes.items():
            self.shapes[layer] += [box.rotated(self.width, self.height) for box in boxes]

    def to_gdstk(self) -> gdstk.Cell:
        """The cell in gdstk's units (um), with its outline on the boundary layer."""
        cell = gdstk.Cell(self.name)
        outline = Box(0, 0, self.width, self.height)
        for layer, boxes in sorted({**self.shapes, layers.BOUNDARY: [outline]}.items()):
            for box in dict.fromkeys(boxes):
                cell.add(
                    gdstk.rectangle(
                        (box.x0 / 1000, box.y0 / 1000),
                        (box.x1 / 1000, box.y1 / 1000),
                        layer=layer.layer,
                        datatype=layer.datatype,
                    )
                )
        for name, layer, box in self.pins:
            label = LABELS[layer]
            centre = ((box.x0 + box.x1) / 2000, (box.y0 + box.y1) / 2000)
            cell.add(gdstk.Label(name, centre, layer=label.layer, texttype=label.datatype))
        return cell

    def _cut(self, layer: Layer, x: int, y: int, side: int) -> None:
        self.rect(layer, x - side // 2, y - side // 2, x + side - side // 2, y + side - side // 2)


def write_gds(drawings: list[Drawing], path: Path) -> None:
    """Write cells into one GDS file (nm database units, a fixed date, so bytes repeat)."""
    library = gdstk.Library(unit=1e-6, precision=1e-9)
    library.add(*(drawing.to_gdstk() for drawing in drawings))
    library.write_gds(path, timestamp=EPOCH)
