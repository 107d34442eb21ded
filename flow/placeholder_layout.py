"""A stand-in for the layout of an SRAM macro that has not been built: STATED outline and pins.

With it a chip can be placed and routed before its macros exist. The block has no transistors: only
pins, a power grid and metal that keeps wires out. Its text layer says PLACEHOLDER, its LEF as well,
and no chip that holds one is signed off.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import klayout.db as kdb

from flow.placeholder import AREA_UM2_PER_BIT, MARK
from macros.shape import MacroShape
from macros.technology import layers

__all__ = ["gds", "lef", "outline_nm"]

Rect: TypeAlias = tuple[int, int, int, int]

PIN_LENGTH, PIN_WIDTH = 900, 380
STRAP_WIDTH, STRAP_PITCH = 1_740, 30_000
EDGE = 1_000
"""Distance of the inner metal from the outline, nm."""
INNER = ("met1", "met2", "met3")
GRID = 10


def outline_nm(shape: MacroShape) -> tuple[int, int]:
    """Width and height: as many um2 per bit as `flow.placeholder` states, nearly square."""
    side = math.sqrt(shape.words * shape.bits * AREA_UM2_PER_BIT) * 1e3
    return round(side / 460) * 460, round(side / 2720) * 2720


def _pins(shape: MacroShape) -> dict[str, tuple[str, str, Rect]]:
    """Signal pin -> (direction, layer, rectangle): data at the south side, the rest at the west."""
    width, height = outline_nm(shape)
    west = ["clk0", "csb0", "web0", *(f"addr0[{k}]" for k in range(shape.address_bits))]
    south = [f"{bus}[{k}]" for k in range(shape.bits) for bus in ("din0", "dout0")]
    pins = {}
    for k, name in enumerate(west):
        y = round(height * (k + 1) / (len(west) + 1) / GRID) * GRID
        pins[name] = ("input", "met3", (0, y, PIN_LENGTH, y + PIN_WIDTH))
    for k, name in enumerate(south):
        x = round(width * (k + 1) / (len(south) + 1) / GRID) * GRID
        direction = "output" if name.startswith("dout0") else "input"
        pins[name] = (direction, "met2", (x, 0, x + PIN_WIDTH, PIN_LENGTH))
    return pins


def _supplies(shape: MacroShape) -> dict[str, list[Rect]]:
    """Supply -> its straps of met4 from bottom to top."""
    width, height = outline_nm(shape)
    straps: dict[str, list[Rect]] = {"vccd1": [], "vssd1": []}
    for k, x in enumerate(range(STRAP_PITCH // 2, width - STRAP_PITCH // 2, STRAP_PITCH)):
        straps["vccd1" if k % 2 else "vssd1"].append(
            (x, 2 * EDGE, x + STRAP_WIDTH, height - 2 * EDGE)
        )
    return straps


def _inner(shape: MacroShape) -> list[tuple[str, Rect]]:
    width, height = outline_nm(shape)
    keep = 2 * EDGE
    return [(layer, (keep, keep, width - keep, height - keep)) for layer in INNER]


def lef(shape: MacroShape) -> str:
    """LEF of the stand-in."""
    width, height = outline_nm(shape)
    lines = ["VERSION 5.7 ;", 'BUSBITCHARS "[]" ;', f"# {MARK}: stated outline and pins"]
    lines += [f"MACRO {shape.name}", "  CLASS BLOCK ;", "  ORIGIN 0 0 ;"]
    lines += [f"  SIZE {width / 1e3:.3f} BY {height / 1e3:.3f} ;"]
    for name, (direction, layer, rect) in _pins(shape).items():
        lines += _lef_pin(name, direction, "SIGNAL", [(layer, rect)])
    for name, straps in _supplies(shape).items():
        use = "POWER" if name == "vccd1" else "GROUND"
        lines += _lef_pin(name, "inout", use, [("met4", rect) for rect in straps])
    lines += ["  OBS"]
    lines += [line for layer, rect in _inner(shape) for line in _lef_rect(layer, rect)]
    return "\n".join([*lines, "  END", f"END {shape.name}", "END LIBRARY", ""])


def _lef_pin(name: str, direction: str, use: str, shapes: list[tuple[str, Rect]]) -> list[str]:
    lines = [
        f"  PIN {name}",
        f"    DIRECTION {direction.upper()} ;",
        f"    USE {use} ;",
        "    PORT",
    ]
    lines += [line for layer, rect in shapes for line in _lef_rect(layer, rect)]
    return [*lines, "    END", f"  END {name}"]


def _lef_rect(layer: str, rect: Rect) -> list[str]:
    return [
        f"      LAYER {layer} ;",
        "        RECT " + " ".join(f"{v / 1e3:.3f}" for v in rect) + " ;",
    ]


def gds(shape: MacroShape) -> bytes:
    """GDS of the stand-in."""
    layout = kdb.Layout()
    cell = layout.create_cell(shape.name)
    shapes = [(layer, rect) for _, layer, rect in _pins(shape).values()]
    shapes += [("met4", rect) for straps in _supplies(shape).values() for rect in straps]
    for layer, rect in shapes + _inner(shape):
        cell.shapes(layout.layer(*layers.BY_NAME[layer])).insert(kdb.Box(*rect))
    width, height = outline_nm(shape)
    cell.shapes(layout.layer(*layers.BOUNDARY)).insert(kdb.Box(0, 0, width, height))
    text = kdb.Text(MARK, kdb.Trans(width // 2, height // 2))
    cell.shapes(layout.layer(*layers.MET3_LABEL)).insert(text)
    options = kdb.SaveLayoutOptions()
    options.format = "GDS2"
    options.gds2_write_timestamps = False
    return layout.write_bytes(options)
