"""Write a design as DEF 5.8: the state of any stage, for other tools and for restarts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from flow.pnr.design import FIXED, GROUND, POWER, UNPLACED, Design
from flow.pnr.geometry import ORIENTATIONS, Rect
from flow.pnr.power import via_cuts
from flow.pnr.rules import COLUMN, COLUMN_X, CUTS, LAYERS, SITE, TRACK, TRACK_Y, VIAS, WIDTH
from macros.store import atomic_write

__all__ = ["CORE_SIDES", "ROUTING_RULE", "SITE_NAME", "write_def"]

SITE_NAME = "unithd"
ROUTING_RULE = "wide_upper"
BELOW = ("li1", *LAYERS[:3])
CORE_SIDES = tuple(f"FE_CORE_BOX_{corner}" for corner in ("LL_X", "LL_Y", "UR_X", "UR_Y"))
"""Properties that hold the core in um, as other tools name them: rows need not reach its edges."""


def write_def(design: Design, path: Path) -> None:
    """Write `path` whole or not at all."""
    atomic_write(path, "\n".join([*_lines(design), ""]))


def escaped(name: str) -> str:
    """A name with the bus brackets that are part of it escaped."""
    return name.replace("[", "\\[").replace("]", "\\]")


def _lines(design: Design) -> Iterator[str]:
    yield "VERSION 5.8 ;"
    yield 'DIVIDERCHAR "/" ;'
    yield 'BUSBITCHARS "[]" ;'
    yield f"DESIGN {design.name} ;"
    yield "UNITS DISTANCE MICRONS 1000 ;"
    yield "PROPERTYDEFINITIONS"
    for side, value in zip(CORE_SIDES, design.core, strict=True):
        yield f"DESIGN {side} REAL {value / 1000:.3f} ;"
    yield "END PROPERTYDEFINITIONS"
    yield f"DIEAREA {_points(design.die)} ;"
    for k, row in enumerate(design.rows):
        yield (
            f"ROW ROW_{k} {SITE_NAME} {row.x} {row.y} {ORIENTATIONS[row.orient]}"
            f" DO {row.sites} BY 1 STEP {SITE} 0 ;"
        )
    yield from _tracks(design.die)
    yield from _vias(design)
    yield "NONDEFAULTRULES 1 ;"
    widths = " ".join(f"+ LAYER {LAYERS[k]} WIDTH {WIDTH[k]}" for k in range(4))
    yield f"- {ROUTING_RULE} {widths} ;"
    yield "END NONDEFAULTRULES"
    yield from _components(design)
    yield from _pins(design)
    yield from _special_nets(design)
    yield from _nets(design)
    yield "END DESIGN"


def _tracks(die: Rect) -> Iterator[str]:
    columns, tracks = die[2] // COLUMN, die[3] // TRACK
    for layer, step in (("met2", 1), ("met4", 2)):
        yield f"TRACKS X {COLUMN_X} DO {-(-columns // step)} STEP {COLUMN * step} LAYER {layer} ;"
    yield f"TRACKS Y {TRACK_Y} DO {tracks} STEP {TRACK} LAYER met1 ;"
    yield f"TRACKS Y {TRACK_Y + TRACK} DO {tracks // 2} STEP {2 * TRACK} LAYER met3 ;"


def _vias(design: Design) -> Iterator[str]:
    """Definitions of the routing vias, and of one via per size and layer of the power grid."""
    blocks = [_routing_via(k) for k in range(len(VIAS))]
    seen: set[str] = set()
    for supply in design.supplies:
        if supply.kind != "via" or (name := supply_via_name(supply.layer, supply.rect)) in seen:
            continue
        seen.add(name)
        x0, y0, x1, y1 = supply.rect
        cx, cy = (x0 + x1) // 2, (y0 + y1) // 2
        cuts, below, above = via_cuts(supply)
        shapes = [(LAYERS[supply.layer - 1], below), (LAYERS[supply.layer], above)]
        shapes += [(CUTS[supply.layer], cut) for cut in cuts]
        rects = [f"  + RECT {layer} {_points(_shifted(r, -cx, -cy))}" for layer, r in shapes]
        blocks.append("\n".join([f"- {name}", *rects]) + " ;")
    yield f"VIAS {len(blocks)} ;"
    yield from blocks
    yield "END VIAS"


def _routing_via(number: int) -> str:
    via = VIAS[number]
    half = via.cut // 2
    shapes = (
        (BELOW[number], *via.below),
        (CUTS[number], half, half),
        (LAYERS[number], *via.above),
    )
    rects = [f"  + RECT {layer} ( {-x} {-y} ) ( {x} {y} )" for layer, x, y in shapes]
    return "\n".join([f"- {via.name}", *rects]) + " ;"


def supply_via_name(layer: int, rect: Rect) -> str:
    """Name of the power via of this size below metal `layer`."""
    return f"power_{CUTS[layer]}_{rect[2] - rect[0]}x{rect[3] - rect[1]}"


def _components(design: Design) -> Iterator[str]:
    yield f"COMPONENTS {design.instances} ;"
    for k, name in enumerate(design.instance_names):
        line = f"- {escaped(name)} {design.masters[design.master_of[k]]}"
        if design.status[k] != UNPLACED:
            kind = "FIXED" if design.status[k] == FIXED else "PLACED"
            line += f" + {kind} ( {design.x[k]} {design.y[k]} ) {ORIENTATIONS[design.orient[k]]}"
        yield line + " ;"
    yield "END COMPONENTS"


def _pins(design: Design) -> Iterator[str]:
    straps = [s for s in design.supplies if s.kind == "strap"]
    supplies = [net for net in (POWER, GROUND) if any(s.net == net for s in straps)]
    yield f"PINS {len(design.ports) + len(supplies)} ;"
    for port in design.ports:
        line = (
            f"- {port.name} + NET {_net_name(design, port.net)}"
            f" + DIRECTION {port.direction.upper()} + USE SIGNAL"
        )
        if port.layer is not None and port.rect is not None:
            line += _pin_shape(port.layer, port.rect)
        yield line + " ;"
    for net in supplies:
        use = "POWER" if net == POWER else "GROUND"
        line = f"- {net} + NET {net} + SPECIAL + DIRECTION INOUT + USE {use}"
        for strap in straps:
            if strap.net == net:
                line += " + PORT" + _pin_shape(strap.layer, strap.rect)
        yield line + " ;"
    yield "END PINS"


def _pin_shape(layer: int, rect: Rect) -> str:
    cx, cy = (rect[0] + rect[2]) // 2, (rect[1] + rect[3]) // 2
    return f" + LAYER {LAYERS[layer]} {_points(_shifted(rect, -cx, -cy))} + FIXED ( {cx} {cy} ) N"


def _special_nets(design: Design) -> Iterator[str]:
    nets = sorted({supply.net for supply in design.supplies})
    yield f"SPECIALNETS {len(nets)} ;"
    for net in nets:
        yield f"- {net} ( * {net} ) + USE {'POWER' if net == POWER else 'GROUND'}"
        start = "+ ROUTED"
        for supply in design.supplies:
            if supply.net != net:
                continue
            yield f"  {start} {_special_shape(supply.layer, supply.kind, supply.rect)}"
            start = "NEW"
        yield "  ;"
    yield "END SPECIALNETS"


SHAPES = {"rail": "FOLLOWPIN", "strap": "STRIPE"}


def _special_shape(layer: int, kind: str, rect: Rect) -> str:
    x0, y0, x1, y1 = rect
    cx, cy = (x0 + x1) // 2, (y0 + y1) // 2
    if kind == "via":
        name = supply_via_name(layer, rect)
        return f"{LAYERS[layer - 1]} 0 + SHAPE STRIPE ( {cx} {cy} ) {name}"
    if x1 - x0 >= y1 - y0:
        width, points = y1 - y0, f"( {x0} {cy} ) ( {x1} {cy} )"
    else:
        width, points = x1 - x0, f"( {cx} {y0} ) ( {cx} {y1} )"
    return f"{LAYERS[layer]} {width} + SHAPE {SHAPES[kind]} {points}"


def _net_name(design: Design, net: int) -> str:
    name = design.net_names[net]
    return (
        name
        if any(name == port.name for port in design.ports if port.net == net)
        else escaped(name)
    )


def _nets(design: Design) -> Iterator[str]:
    routes = design.routes
    wires, vias, patches = (
        _by_net(array, design.nets) for array in (routes.wires, routes.vias, routes.patches)
    )
    names = [escaped(name) for name in design.net_names]
    for port in design.ports:
        names[port.net] = _net_name(design, port.net)
    yield f"NETS {design.nets} ;"
    for net, name in enumerate(names):
        pins = [
            f"( PIN {design.ports[-1 - instance].name} )"
            if instance < 0
            else f"( {escaped(design.instance_names[instance])}"
            f" {design.master(instance).signal_pins[index].name} )"
            for instance, index in design.net_pins(net)
        ]
        yield f"- {name} {' '.join(pins)} + USE SIGNAL"
        start = "+ ROUTED"
        for segment in _segments(wires[net], vias[net], patches[net]):
            yield f"  {start} {segment}"
            start = "NEW"
        yield "  ;"
    yield "END NETS"


def _by_net(array, nets: int) -> list[list[list[int]]]:
    result: list[list[list[int]]] = [[] for _ in range(nets)]
    for row in array.tolist():
        result[row[0]].append(row)
    return result


def _segments(
    wires: list[list[int]], vias: list[list[int]], patches: list[list[int]]
) -> Iterator[str]:
    for _, layer, x0, y0, x1, y1 in wires:
        rule = f" TAPERRULE {ROUTING_RULE}" if layer >= 2 else ""
        yield f"{LAYERS[layer]}{rule} ( {x0} {y0} ) ( {x1} {y1} )"
    for _, kind, x, y in vias:
        yield f"{BELOW[kind]} ( {x} {y} ) {VIAS[kind].name}"
    for _, layer, x0, y0, x1, y1 in patches:
        yield f"{LAYERS[layer]} ( {x0} {y0} ) RECT ( 0 0 {x1 - x0} {y1 - y0} )"


def _points(rect: Rect) -> str:
    return f"( {rect[0]} {rect[1]} ) ( {rect[2]} {rect[3]} )"


def _shifted(rect: Rect, dx: int, dy: int) -> Rect:
    return rect[0] + dx, rect[1] + dy, rect[2] + dx, rect[3] + dy
