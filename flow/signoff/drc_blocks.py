"""Design rules of a chip with large blocks (SRAM macros): each block once, then only its rim.

    markers = check_with_blocks(layout, top)       # the layout is changed

A block is checked alone, and what was found kept by the content of its geometry and of the deck.
In the chip its layers are then emptied deeper than its rim, except those that the chip's own wires
over the block could touch, and the chip is checked around it. A marker in the inside counts where a
shape of the chip is at it and its layer was not emptied; else the inside has had its own check.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

import macros.verify.drc
from macros.store import atomic_write, cache_root, content_hash
from macros.technology import layers, rules
from macros.technology.layers import Layer
from macros.verify.drc.check import run_deck
from macros.verify.drc.deck import Marker
from macros.verify.drc.emptied import RIM, below, is_of, rim_of
from macros.verify.drc.grid import DRAWN

__all__ = ["Checked", "check_with_blocks"]

BLOCK = 100_000
"""Cells of the top cell wider and higher than this are blocks, nm."""
INSIDE = RIM
"""How deep the inside of a block begins, nm."""


@dataclass(frozen=True)
class Checked:
    """Markers, the rules that were checked, and the names of the blocks that were checked alone."""

    markers: list[Marker]
    rules: set[str]
    blocks: list[str]


def check_with_blocks(layout: kdb.Layout, top: kdb.Cell) -> Checked:
    """The deck on `top`, which loses the inside of its blocks on the way."""
    places = [place for place in top.each_inst() if _is_block(layout, place.cell)]
    found: list[Marker] = []
    for name in sorted({place.cell.name for place in places}):
        alone = _check_alone(layout, layout.cell(name))
        for place in places:
            if place.cell.name == name:
                found += [_moved(marker, place.trans) for marker in alone]
    insides = [place.trans * _outline(layout, place.cell).enlarged(-INSIDE) for place in places]
    over = _chip_shapes(layout, top, [place.cell for place in places], insides)
    emptied = below(over)
    blocks = list({place.cell.cell_index(): place.cell for place in places}.values())
    for cell in blocks:
        _empty(layout, cell, emptied)
    deck = run_deck(layout, top, blocks)
    wires = kdb.Shapes()
    for region in over.values():
        wires.insert(region)
    found += [marker for marker in deck.markers if _counts(marker, insides, wires, emptied)]
    found = list({(marker.rule, marker.box): marker for marker in found}.values())
    return Checked(found, deck.checked, sorted({place.cell.name for place in places}))


def _is_block(layout: kdb.Layout, cell: kdb.Cell) -> bool:
    box = _outline(layout, cell)
    return min(box.width(), box.height()) > BLOCK


def _outline(layout: kdb.Layout, cell: kdb.Cell) -> kdb.Box:
    box = cell.bbox(layout.layer(*layers.BOUNDARY))
    return cell.bbox() if box.empty() else box


def _check_alone(layout: kdb.Layout, cell: kdb.Cell) -> list[Marker]:
    """Markers of a block, from an earlier check of the same geometry by the same deck if any."""
    options = kdb.SaveLayoutOptions()
    options.format = "OASIS"
    options.add_cell(cell.cell_index())
    sources = sorted(Path(macros.verify.drc.__file__).parent.glob("*.py"))
    key = content_hash(layout.write_bytes(options), *sources, Path(rules.__file__))
    kept = cache_root() / "drc" / f"{cell.name}-{key[:20]}.json"
    if kept.is_file():
        return [
            Marker(rule, tuple(box), tuple(map(tuple, outline)))
            for rule, box, outline in json.loads(kept.read_text())
        ]
    markers = run_deck(layout, cell).markers
    atomic_write(kept, json.dumps(markers) + "\n")
    return markers


def _moved(marker: Marker, place: kdb.Trans) -> Marker:
    box = place * kdb.Box(*marker.box)
    points = [place * kdb.Point(x, y) for x, y in marker.outline]
    outline = tuple((point.x, point.y) for point in points)
    return Marker(marker.rule, (box.left, box.bottom, box.right, box.top), outline)


def _chip_shapes(
    layout: kdb.Layout, top: kdb.Cell, blocks: Sequence[kdb.Cell], insides: Sequence[kdb.Box]
) -> dict[Layer, kdb.Region]:
    """What the chip itself draws over the insides of blocks, where it draws anything."""
    window = kdb.Region()
    for inside in insides:
        window.insert(inside)
    found = {}
    for layer in DRAWN:
        shapes = kdb.RecursiveShapeIterator(layout, top, layout.layer(*layer), window, True)
        shapes.unselect_cells([cell.cell_index() for cell in blocks])
        region = _drawn(shapes)
        if not region.is_empty():
            found[layer] = region
    return found


def _empty(layout: kdb.Layout, cell: kdb.Cell, emptied: Sequence[Layer]) -> None:
    """Take from `cell` what it draws on these layers deeper than the rim."""
    outline = _outline(layout, cell)
    kept = {}
    for index in layout.layer_indexes():
        info = layout.get_info(index)
        layer = Layer(info.layer, info.datatype)
        shapes = kdb.RecursiveShapeIterator(layout, cell, index)
        if layer in emptied:
            inner = outline.enlarged(-(INSIDE + rim_of(layer)))
            rim = kdb.Region(cell.bbox()) - kdb.Region(inner)
            shapes = kdb.RecursiveShapeIterator(layout, cell, index, rim, False)
        kept[index] = _drawn(shapes)
    cell.clear_insts()
    for index, region in kept.items():
        cell.shapes(index).clear()
        cell.shapes(index).insert(region)


def _drawn(shapes: kdb.RecursiveShapeIterator) -> kdb.Region:
    """The shapes as they are now; `kdb.Region(shapes)` would look again later."""
    region = kdb.Region()
    region.merged_semantics = False
    region.insert(shapes)
    return region


def _counts(
    marker: Marker, insides: Sequence[kdb.Box], wires: kdb.Shapes, emptied: Sequence[Layer]
) -> bool:
    box = kdb.Box(*marker.box)
    if not any(box.touches(inside) for inside in insides):
        return True
    return not is_of(marker.rule, emptied) and any(True for _ in wires.each_touching(box))
