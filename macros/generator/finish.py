"""What the masks need and OpenRAM does not draw: implants, threshold implant, joined wells, and
filled notches of local interconnect.

OpenRAM's gates each draw an implant of their own, too close to the next one; here the implants of
the whole macro follow from diffusion, taps and wells instead. What the foundry has drawn under
`areaid.core` stays as it is.
"""

from __future__ import annotations

import klayout.db as kdb

from macros.technology import layers
from macros.technology.layers import Layer
from macros.technology.rules import GRID, rule

__all__ = ["finish"]


JOINING_PASSES = 3
HOLE_GROWTH = 150  # to each side: makes the hole around a poly contact, 390 x 390, meet sd_11


def finish(layout: kdb.Layout, top: kdb.Cell) -> None:
    """Redraw wells, hvtp, nsdm and psdm of `top` in place, flat, in the top cell; fill li1."""
    core = _take(layout, top, layers.AREAID_CORE)
    diff, tap = _take(layout, top, layers.DIFF) - core, _take(layout, top, layers.TAP) - core
    poly, licon = _take(layout, top, layers.POLY), _take(layout, top, layers.LICON)
    nwell = _close(_take(layout, top, layers.NWELL) - core, rule("nwell_2a"))
    n_active = (diff - nwell) + (tap & nwell)
    p_active = (diff & nwell) + (tap - nwell)
    nsdm = _implant(n_active, kdb.Region(), p_active.sized(rule("sd_7")))
    # psdm fills the wells: what it leaves between two p-diffusions would be too narrow
    off_psdm = n_active.sized(rule("sd_7")) + (licon & poly).sized(rule("licon_9")) + nsdm
    psdm = _implant(p_active, nwell, off_psdm)
    hvtp = nwell if core.is_empty() else kdb.Region()  # the foundry's periphery has none
    for layer, region in (
        (layers.NWELL, nwell),
        (layers.HVTP, hvtp),
        (layers.NSDM, nsdm),
        (layers.PSDM, psdm),
    ):
        _replace(layout, top, layer, region - core + (_take(layout, top, layer) & core))
    # a via's landing beside the tap of its own rail: no room between them, no need for any
    li = _take(layout, top, layers.LI1) - core
    for notch in li.notch_check(rule("li_3"), metrics=kdb.Metrics.Projection).each():
        top.shapes(layout.layer(*layers.LI1)).insert(notch.bbox())


def _implant(active: kdb.Region, room: kdb.Region, keep_off: kdb.Region) -> kdb.Region:
    """The implant of `active`: its enclosure, what lies in narrow gaps and notches of it, and all
    of `room`, clear of `keep_off`."""
    needed, keep_off = active.sized(rule("sd_5")).merged(), keep_off.merged()
    filled = _close(needed, rule("sd_2")) + room - keep_off
    implant = (_open(filled, rule("sd_1")) + needed).merged()
    # shapes that meet at their corners: a closing leaves them apart, a block over both joins them,
    # and may leave a notch beside itself
    for _ in range(JOINING_PASSES):
        implant = implant.merged()
        blocks = kdb.Region()
        for pair in implant.edges().space_check(rule("sd_2")).each():  # of polygons: minutes
            blocks.insert(pair.bbox().enlarged(rule("sd_1"), rule("sd_1")))
        if blocks.is_empty():
            break
        implant += _open((blocks - keep_off).snapped(GRID, GRID), rule("sd_1"))
    implant = implant.merged()
    small = implant.holes().with_area(0, rule("sd_11"), False)
    implant -= small.sized(HOLE_GROWTH, 0, 2)
    # gaps and necks beside what must stay clear: the filling around them goes
    for _ in range(JOINING_PASSES):
        implant = (_open(implant, rule("sd_1")) + needed).merged()
        gaps = kdb.Region()
        for pair in implant.edges().space_check(rule("sd_2")).each():
            gaps.insert(pair.bbox().enlarged(rule("sd_2"), rule("sd_2")))
        if gaps.is_empty():
            break
        implant -= gaps.snapped(GRID, GRID)
    return implant


def _close(region: kdb.Region, gap: int) -> kdb.Region:
    """Fill gaps and notches narrower than `gap`."""
    half = -(-gap // 10) * 5
    return region.merged().sized(half).sized(-half).merged()


def _open(region: kdb.Region, width: int) -> kdb.Region:
    """Drop parts narrower than `width`."""
    half = width // 2 - 5
    return region.merged().sized(-half).sized(half).merged()


def _take(layout: kdb.Layout, top: kdb.Cell, layer: Layer) -> kdb.Region:
    return kdb.Region(top.begin_shapes_rec(layout.layer(layer.layer, layer.datatype))).merged()


def _replace(layout: kdb.Layout, top: kdb.Cell, layer: Layer, region: kdb.Region) -> None:
    """Remove a layer from the whole hierarchy and put `region` into the top cell."""
    index = layout.layer(layer.layer, layer.datatype)
    layout.clear_layer(index)
    top.shapes(index).insert(region)
