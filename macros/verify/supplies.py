"""The supplies of a macro as metal alone joins them: no well and no substrate helps.

An extraction that knows the substrate counts two ground rails as one net even where no wire runs
between them. Here a rail is what li1 to met4 and their cuts connect, named by the labels on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import klayout.db as kdb

from macros.technology import layers
from macros.technology.layers import Layer

__all__ = ["GROUND", "POWER", "SUPPLIES", "Rail", "find_rails", "pieces", "region_of"]

POWER, GROUND = "vccd1", "vssd1"
SUPPLIES = {"vdd": POWER, "gnd": GROUND, POWER: POWER, GROUND: GROUND}
"""Label -> supply of the macro."""

WIRES = (
    (layers.LI1, layers.LI1_LABEL, layers.MCON),
    (layers.MET1, layers.MET1_LABEL, layers.VIA),
    (layers.MET2, layers.MET2_LABEL, layers.VIA2),
    (layers.MET3, layers.MET3_LABEL, layers.VIA3),
    (layers.MET4, layers.MET4_LABEL, None),
)


@dataclass
class Rail:
    """A piece of a supply that metal joins, and its shapes on the layers that were asked for."""

    net: str
    shapes: dict[Layer, kdb.Region] = field(default_factory=dict)


def find_rails(layout: kdb.Layout, top: kdb.Cell, wanted: Sequence[Layer] = ()) -> list[Rail]:
    """Pieces of both supplies below `top`. Raises RuntimeError where they are shorted."""

    def region(layer: Layer) -> kdb.Region:
        return kdb.Region(top.begin_shapes_rec(layout.layer(*layer))).merged()

    found = kdb.LayoutToNetlist(top.name, layout.dbu)
    metal: dict[Layer, kdb.Region] = {}
    below = None
    for wire, _, cut in WIRES:
        metal[wire] = region(wire)
        found.register(metal[wire], f"w{wire.layer}")
        found.connect(metal[wire])
        if below is not None:
            found.connect(metal[wire], below)
        if cut is not None:
            below = region(cut)
            found.register(below, f"c{cut.layer}")
            found.connect(below)
            found.connect(metal[wire], below)
    found.extract_netlist()
    rails: dict[int, Rail] = {}
    for wire, label, _ in WIRES:
        for text, place in _texts(layout, top, label):
            net = found.probe_net(metal[wire], place) if text in SUPPLIES else None
            if net is None:
                continue
            name = SUPPLIES[text]
            if net.cluster_id not in rails:
                shapes = {w: found.shapes_of_net(net, metal[w], True).merged() for w in wanted}
                rails[net.cluster_id] = Rail(name, shapes)
            elif rails[net.cluster_id].net != name:
                raise RuntimeError(f"supplies of {top.name} are shorted at {place}")
    return list(rails.values())


def region_of(boxes: Iterable[kdb.Box]) -> kdb.Region:
    """The region of some boxes."""
    region = kdb.Region()
    for box in boxes:
        region.insert(box)
    return region


def pieces(layout: kdb.Layout, top: kdb.Cell) -> dict[str, int]:
    """Supply -> in how many pieces metal leaves it: 1 in a good macro."""
    return dict(Counter(rail.net for rail in find_rails(layout, top)))


def _texts(layout: kdb.Layout, top: kdb.Cell, label: Layer) -> Iterator[tuple[str, kdb.Point]]:
    shapes = kdb.RecursiveShapeIterator(layout, top, layout.layer(*label))
    shapes.shape_flags = kdb.Shapes.STexts
    while not shapes.at_end():
        text = shapes.shape().text.transformed(shapes.trans())
        yield text.string, kdb.Point() + text.trans.disp
        shapes.next()
