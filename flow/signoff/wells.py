"""Wells and substrate of a chip against its netlist: what each is tied to, by its taps.

A well conducts too badly to be a wire: one tied to two nets is a short, one tied to none floats.
"""

from __future__ import annotations

from collections import defaultdict

import klayout.db as kdb

from flow.signoff.connectivity import Connectivity
from flow.signoff.powered_netlist import Gates
from macros.technology import layers
from macros.technology.layers import Layer

__all__ = ["WELL_PINS", "compare_wells"]

WELL_PINS = ("VPB", "VNB")
"""Pins of standard cells on their n-well and on the substrate."""


def compare_wells(
    layout: kdb.Layout,
    top: kdb.Cell,
    found: Connectivity,
    number: dict[str, int],
    gates: Gates,
) -> tuple[int, list[str]]:
    """Number of n-wells of standard cells (the substrate counts as one more), and differences.

    Wells and taps inside a macro are its own, compared when the macro is.
    """
    layer_of = {"VPB": layers.NWELL_LABEL, "VNB": layers.PWELL_LABEL}
    spots = {
        (master, pin): _label(layout, master, layer_of[pin], pin)
        for master in found.masters
        for pin in WELL_PINS
    }
    wells = _Wells(layout, top)
    ties = _ties(layout, found, wells)
    netted = _layout_nets(found, gates)
    names = {net: name for name, nets in netted.items() for net in nets}
    wanted: dict[int, dict[str, str]] = defaultdict(dict)
    for (name, pin), net in gates.pins.items():
        spot = spots.get((gates.cells[name], pin)) if pin in WELL_PINS else None
        if spot is None or name not in number:
            continue
        point = found.cells[number[name]].place * spot
        wanted[wells.SUBSTRATE if pin == "VNB" else wells.at(point)].setdefault(net, name)
    result = []
    for well, nets in sorted(wanted.items()):
        where = wells.describe(well)
        tied = ties.get(well, set())
        if not tied:
            result.append(f"{where} is tied to no net; {next(iter(nets.values()))} stands in it")
        elif len(tied) > 1 or len(nets) > 1:
            both = sorted({names.get(metal, "an unnamed net") for metal in tied} | nets.keys())
            result.append(f"{where} is tied to {' and '.join(both)}")
        elif not tied <= netted.get(next(iter(nets)), set()):
            drawn = " and ".join(names.get(metal, "an unnamed net") for metal in tied)
            result.append(f"{where} is tied to {drawn}, not to {next(iter(nets))}")
    return len(wanted), result


class _Wells:
    """The merged n-wells of a layout, numbered; a point outside all of them is on SUBSTRATE."""

    SUBSTRATE = -1

    def __init__(self, layout: kdb.Layout, top: kdb.Cell) -> None:
        region = kdb.Region(top.begin_shapes_rec(layout.layer(*layers.NWELL)))
        self.polygons = list(region.merged().each())
        self._index = kdb.Shapes()
        for number, polygon in enumerate(self.polygons):
            self._index.insert(polygon, number)

    def at(self, point: kdb.Point) -> int:
        for shape in self._index.each_touching(kdb.Box(point, point)):
            if shape.polygon.inside(point):
                return int(shape.prop_id)
        return self.SUBSTRATE

    def describe(self, well: int) -> str:
        if well == self.SUBSTRATE:
            return "the substrate"
        box = self.polygons[well].bbox()
        return f"the n-well at ({box.left / 1000:.3f}, {box.bottom / 1000:.3f}) um"


def _label(layout: kdb.Layout, master: str, layer: Layer, text: str) -> kdb.Point | None:
    """Where a cell carries a label, in its own coordinates."""
    for shape in layout.cell(master).shapes(layout.layer(*layer)).each(kdb.Shapes.STexts):
        if shape.text_string == text:
            return kdb.Point(shape.text_pos.x, shape.text_pos.y)
    return None


def _ties(layout: kdb.Layout, found: Connectivity, wells: _Wells) -> dict[int, set[int]]:
    """Well -> nets that the contacted taps of standard cells tie it to."""
    contacts = {master: _tap_contacts(layout, layout.cell(master)) for master in found.masters}
    ties: dict[int, set[int]] = defaultdict(set)
    for cell in found.cells:
        for contact in contacts[cell.master]:
            point = cell.place * contact
            net = found.net_at(point)
            if net is not None:
                ties[wells.at(point)].add(net)
    return ties


def _tap_contacts(layout: kdb.Layout, cell: kdb.Cell) -> list[kdb.Point]:
    """Middles of the contacts on the taps of a standard cell; none in other cells."""
    if cell.shapes(layout.layer(*layers.AREAID_STANDARD_CELL)).is_empty():
        return []
    tap, licon = (
        kdb.Region(cell.begin_shapes_rec(layout.layer(*layer)))
        for layer in (layers.TAP, layers.LICON)
    )
    return [contact.bbox().center() for contact in (licon & tap).each()]


def _layout_nets(found: Connectivity, gates: Gates) -> dict[str, set[int]]:
    """Net of the netlist -> nets of the layout at its pins."""
    nets: dict[str, set[int]] = defaultdict(set)
    for (index, pin), drawn in found.pins.items():
        net = gates.pins.get((found.cells[index].name, pin))
        if net is not None:
            nets[net].add(drawn)
    return nets
