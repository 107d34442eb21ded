"""LEF abstract of a macro: outline, pins with their antenna areas, and what is in the way."""

from __future__ import annotations

import klayout.db as kdb

from macros.shape import MacroShape
from macros.technology import layers
from macros.verify.flat import extract_flat
from macros.verify.supplies import GROUND, POWER, region_of

__all__ = ["write_lef"]

PIN_LAYERS = (
    ("met3", layers.MET3_PIN, layers.MET3_LABEL),
    ("met4", layers.MET4_PIN, layers.MET4_LABEL),
)
BLOCKED = ("met1", "met2", "met3")
"""Lower layers are in the way as a whole: a macro leaves no room there for a wire to pass."""
OPEN = ("met4", layers.MET4)
"""Here only the macro's own shapes are in the way."""


def write_lef(layout: kdb.Layout, top: kdb.Cell, shape: MacroShape) -> str:
    """The LEF of a finished macro. Raises RuntimeError when a pin is missing or has no shape."""
    box = top.bbox()
    pins = _pins(layout, top)
    wanted = {*_directions(shape), POWER, GROUND}
    if set(pins) != wanted:
        missing = sorted(wanted ^ set(pins))
        raise RuntimeError(f"pins of {top.name} are not those of its shape: {', '.join(missing)}")
    drawn = extract_flat(layout, top)
    net_of = {name: min(nets) for name, nets in drawn.pins.items()}
    lines = [
        "VERSION 5.8 ;",
        'BUSBITCHARS "[]" ;',
        'DIVIDERCHAR "/" ;',
        f"MACRO {top.name}",
        "  CLASS BLOCK ;",
        f"  FOREIGN {top.name} 0 0 ;",
        "  ORIGIN 0 0 ;",
        f"  SIZE {box.right / 1e3:.3f} BY {box.top / 1e3:.3f} ;",
        "  SYMMETRY X Y R90 ;",
    ]
    for name, direction in {**_directions(shape), POWER: "INOUT", GROUND: "INOUT"}.items():
        areas = (drawn.gate_areas, drawn.diffusion_areas)
        gate, diffusion = (area.get(net_of[name], 0) / 1e6 for area in areas)
        lines += _pin(name, direction, pins[name], gate, diffusion)
    lines += ["  OBS", *_obstructions(layout, top, pins), "  END"]
    return "\n".join([*lines, f"END {top.name}", "END LIBRARY", ""])


def _directions(shape: MacroShape) -> dict[str, str]:
    buses = {"addr0": (shape.address_bits, "INPUT"), "din0": (shape.bits, "INPUT")}
    buses["dout0"] = (shape.bits, "OUTPUT")
    found = dict.fromkeys(("clk0", "csb0", "web0"), "INPUT")
    for bus, (width, direction) in buses.items():
        found |= {f"{bus}[{k}]": direction for k in range(width)}
    return found


def _pins(layout: kdb.Layout, top: kdb.Cell) -> dict[str, list[tuple[str, kdb.Box]]]:
    """Name -> (layer, rectangle) of every pin shape in the top cell."""
    found: dict[str, list[tuple[str, kdb.Box]]] = {}
    for name, pin, label in PIN_LAYERS:
        boxes = [s.bbox() for s in top.shapes(layout.layer(*pin)).each()]
        for text in (s for s in top.shapes(layout.layer(*label)).each() if s.is_text()):
            place = kdb.Point() + text.text.trans.disp
            found.setdefault(text.text_string, []).extend(
                (name, box) for box in boxes if box.contains(place)
            )
    return {name: sorted(shapes, key=lambda s: (s[0], s[1].left)) for name, shapes in found.items()}


def _pin(
    name: str,
    direction: str,
    shapes: list[tuple[str, kdb.Box]],
    gate_um2: float,
    diffusion_um2: float,
) -> list[str]:
    use = {POWER: "POWER", GROUND: "GROUND", "clk0": "CLOCK"}.get(name, "SIGNAL")
    lines = [f"  PIN {name}", f"    DIRECTION {direction} ;", f"    USE {use} ;"]
    if use in ("POWER", "GROUND"):
        lines.append("    SHAPE FEEDTHRU ;")
    else:
        if gate_um2:
            lines.append(f"    ANTENNAGATEAREA {gate_um2:.4f} ;")
        if diffusion_um2:
            lines.append(f"    ANTENNADIFFAREA {diffusion_um2:.4f} ;")
    for layer, box in shapes:
        lines += ["    PORT", f"      LAYER {layer} ;", f"        {_rect(box)}", "    END"]
    return [*lines, f"  END {name}"]


def _obstructions(
    layout: kdb.Layout, top: kdb.Cell, pins: dict[str, list[tuple[str, kdb.Box]]]
) -> list[str]:
    lines = []
    for name in BLOCKED:
        own = [box for shapes in pins.values() for where, box in shapes if where == name]
        region = kdb.Region(top.bbox()) - region_of(b.enlarged(400, 400) for b in own)
        lines += _shapes(name, region)
    name, layer = OPEN
    own = [box for shapes in pins.values() for where, box in shapes if where == name]
    shapes_of = kdb.Region(top.begin_shapes_rec(layout.layer(*layer))).merged()
    lines += _shapes(name, shapes_of - region_of(own))
    return lines


def _shapes(name: str, region: kdb.Region) -> list[str]:
    boxes = [p.bbox() for p in region.decompose_trapezoids_to_region().each()]
    boxes.sort(key=lambda box: (box.bottom, box.left))
    return [f"    LAYER {name} ;", *(f"      {_rect(box)}" for box in boxes)]


def _rect(box: kdb.Box) -> str:
    corners = (box.left, box.bottom, box.right, box.top)
    return "RECT " + " ".join(f"{value / 1e3:.3f}" for value in corners) + " ;"
