"""LEF abstract of a finished chip: what a design that holds it as a macro must know.

Everything but the pins is one obstruction per layer: li1 to met4 are full of the chip's own wires;
on met5 only the straps, which are the supply pins, stand in the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import klayout.db as kdb

from flow.pnr.cell_library import region_of
from flow.pnr.design import GROUND, POWER, Design, Port
from flow.pnr.geometry import Rect
from flow.pnr.rules import LAYERS, MET4, MET5, SPACING
from macros.store import atomic_write

__all__ = ["write_abstract"]


def write_abstract(design: Design, path: Path) -> None:
    """Write the LEF of a finished design."""
    atomic_write(path, "\n".join([*_lines(design), ""]))


def _lines(design: Design) -> Iterator[str]:
    yield "VERSION 5.7 ;"
    yield 'BUSBITCHARS "[]" ;'
    yield 'DIVIDERCHAR "/" ;'
    yield f"MACRO {design.name}"
    yield "  CLASS BLOCK ;"
    yield "  FOREIGN " + design.name + " 0.000 0.000 ;"
    yield "  ORIGIN 0.000 0.000 ;"
    yield f"  SIZE {design.die[2] / 1e3:.3f} BY {design.die[3] / 1e3:.3f} ;"
    for port in design.ports:
        yield from _port(design, port)
    for net, use in ((POWER, "POWER"), (GROUND, "GROUND")):
        straps = [
            (MET5, s.rect)
            for s in design.supplies
            if s.net == net and s.kind == "strap" and s.layer == MET5
        ]
        yield from _pin(net, "INOUT", use, straps)
    yield from _obstructions(design)
    yield f"END {design.name}"
    yield "END LIBRARY"


def _port(design: Design, port: Port) -> Iterator[str]:
    """A signal pin with the gates an input drives, or the diffusion that drives an output."""
    gate = diffusion = 0.0
    for instance, index in design.net_pins(port.net):
        if instance >= 0:
            pin = design.master(instance).signal_pins[index]
            gate, diffusion = gate + pin.gate_area, diffusion + pin.diffusion_area
    antenna = f"    ANTENNAGATEAREA {gate:.4f} ;" if gate else ""
    if diffusion:
        antenna = f"    ANTENNADIFFAREA {diffusion:.4f} ;"
    shapes = [] if port.layer is None or port.rect is None else [(port.layer, port.rect)]
    yield from _pin(port.name, port.direction.upper(), "SIGNAL", shapes, antenna)


def _pin(
    name: str, direction: str, use: str, shapes: list[tuple[int, Rect]], antenna: str = ""
) -> Iterator[str]:
    yield f"  PIN {name}"
    yield f"    DIRECTION {direction} ;"
    yield f"    USE {use} ;"
    if antenna:
        yield antenna
    yield "    PORT"
    for layer, rect in shapes:
        yield from _rect(LAYERS[layer], rect)
    yield "    END"
    yield f"  END {name}"


def _obstructions(design: Design) -> Iterator[str]:
    yield "  OBS"
    yield from _rect("li1", design.die)
    for layer in range(MET4 + 1):
        pins = [p.rect for p in design.ports if p.layer == layer and p.rect is not None]
        keep = kdb.Region(kdb.Box(*design.die)) - region_of(pins).sized(SPACING[layer])
        for piece in keep.decompose_trapezoids_to_region(kdb.Polygon.TD_htrapezoids).each():
            box = piece.bbox()
            yield from _rect(LAYERS[layer], (box.left, box.bottom, box.right, box.top))
    yield "  END"


def _rect(layer: str, rect: Rect) -> Iterator[str]:
    yield f"      LAYER {layer} ;"
    yield "        RECT " + " ".join(f"{value / 1e3:.3f}" for value in rect) + " ;"
