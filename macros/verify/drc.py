"""Design rule check of the layers a macro draws, nwell to met4, with KLayout's geometry engine.

The rules are SkyWater's periphery rules without any exemption (values in macros.technology.rules);
every check here is one sentence of that document. Latch-up: n+ diffusion within 15 um of a
substrate tap and p+ diffusion within 15 um of a well tap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import klayout.db as kdb

from macros.technology import layers
from macros.technology.layers import Layer
from macros.technology.rules import GRID, rule

__all__ = ["Marker", "check_gds", "check_layout", "summary"]

LATCHUP_REACH = 15_000  # nm, lu.2 and lu.3
_PROJECTION = kdb.Metrics.Projection
_METALS = (
    ("m1", layers.MET1, "m1_6", "m1_7", "m1_3"),
    ("m2", layers.MET2, "m2_6", "m2_7", "m2_3"),
    ("m3", layers.MET3, "m3_6", "m3_7", "m3_3"),
    ("m4", layers.MET4, "m4_4a", "m4_7", "m4_5"),
)
_CUTS = (
    # cut, size, spacing, metal below (enclosure, on one of two adjacent sides), metal above
    (layers.MCON, "ct_1", "ct_2", layers.LI1, None, None, layers.MET1, "m1_4", "m1_5"),
    (layers.VIA, "via_1a", "via_2", layers.MET1, "via_4a", "via_5a", layers.MET2, "m2_4", "m2_5"),
    (
        layers.VIA2,
        "via2_1a",
        "via2_2",
        layers.MET2,
        "via2_4",
        "via2_5",
        layers.MET3,
        "m3_4",
        None,
    ),
    (
        layers.VIA3,
        "via3_1",
        "via3_2",
        layers.MET3,
        "via3_4",
        "via3_5",
        layers.MET4,
        "m4_3",
        None,
    ),
)


@dataclass(frozen=True)
class Marker:
    """A violation: the rule's name and its place, a box (x0, y0, x1, y1) in nm."""

    rule: str
    box: tuple[int, int, int, int]


@dataclass
class _Deck:
    layout: kdb.Layout
    top: kdb.Cell
    store: kdb.DeepShapeStore | None
    markers: list[Marker] = field(default_factory=list)

    def read(self, layer: Layer) -> kdb.Region:
        index = self.layout.layer(layer.layer, layer.datatype)
        shapes = self.top.begin_shapes_rec(index)
        region = kdb.Region(shapes, self.store) if self.store else kdb.Region(shapes)
        return region.merged()

    def report(self, name: str, found: kdb.Region | kdb.EdgePairs | kdb.Edges) -> None:
        for item in found.each():
            box = item.bbox()
            self.markers.append(Marker(name, (box.left, box.bottom, box.right, box.top)))

    def width(self, name: str, region: kdb.Region) -> None:
        self.report(name, region.width_check(rule(name)))

    def space(self, name: str, region: kdb.Region) -> None:
        self.report(name, region.space_check(rule(name)))

    def apart(self, name: str, one: kdb.Region, other: kdb.Region) -> None:
        """`one` and `other` keep their distance and do not overlap; touching edges are allowed."""
        self.report(name, one.separation_check(other, rule(name)))

    def encloses(self, name: str, outer: kdb.Region, inner: kdb.Region) -> None:
        self.report(name, inner.sized(rule(name)) - outer)

    def encloses_two_sides(self, name: str, outer: kdb.Region, cuts: kdb.Region) -> None:
        """Of any two adjacent sides of a cut, one is enclosed by the rule's value: so both of
        its sides in x or both of its sides in y are."""
        reach = rule(name)
        single = cuts.dup()
        single.merged_semantics = False
        good = single.sized(reach, 0, 2).inside(outer) + single.sized(0, reach, 2).inside(outer)
        self.report(name, cuts.not_inside(good.merged()))

    def area(self, name: str, region: kdb.Region) -> None:
        self.report(name, region.with_area(0, rule(name), False))

    def exact_square(self, name: str, cuts: kdb.Region) -> None:
        side = rule(name)
        good = cuts.rectangles().with_bbox_width(side, False).with_bbox_height(side, False)
        self.report(name, cuts - good)


def check_gds(path: Path, cell: str | None = None, *, deep: bool = False) -> list[Marker]:
    """All markers of a GDS file (of `cell`, or of its only top cell)."""
    layout = kdb.Layout()
    layout.read(str(path))
    top = layout.cell(cell) if cell else layout.top_cell()
    if top is None:
        raise ValueError(f"{path.name} has no cell {cell!r}")
    return check_layout(layout, top, deep=deep)


def check_layout(layout: kdb.Layout, top: kdb.Cell, *, deep: bool = False) -> list[Marker]:
    """All markers of a cell, in the order of the checks.

    `deep` keeps the hierarchy, which is faster on large arrays and finds the same markers, once
    per cell that holds them.
    """
    if layout.dbu != 0.001:
        raise ValueError(f"database unit must be 0.001 um, not {layout.dbu}")
    deck = _Deck(layout, top, kdb.DeepShapeStore() if deep else None)
    checks: tuple[Callable[[_Deck], None], ...] = (
        _check_wells,
        _check_devices,
        _check_implants,
        _check_contacts,
        _check_wiring,
        _check_grid,
    )
    for check in checks:
        check(deck)
    return deck.markers


def summary(markers: list[Marker]) -> dict[str, int]:
    """Markers per rule, most frequent first."""
    names = [marker.rule for marker in markers]
    return dict(sorted(((n, names.count(n)) for n in set(names)), key=lambda x: (-x[1], x[0])))


def _check_wells(deck: _Deck) -> None:
    nwell, hvtp = deck.read(layers.NWELL), deck.read(layers.HVTP)
    diff, tap, poly = deck.read(layers.DIFF), deck.read(layers.TAP), deck.read(layers.POLY)
    ndiff, pdiff, ntap, ptap = diff - nwell, diff & nwell, tap & nwell, tap - nwell
    deck.width("nwell_1", nwell)
    deck.space("nwell_2a", nwell)
    contacted = ntap & deck.read(layers.LICON)
    deck.report("nwell_4", nwell.not_interacting(contacted))
    deck.encloses("difftap_8", nwell, pdiff)
    deck.report("difftap_9", ndiff.sized(rule("difftap_9")) & nwell)
    deck.encloses("difftap_10", nwell, ntap)
    deck.report("difftap_11", ptap.sized(rule("difftap_11")) & nwell)
    deck.width("hvtp_1", hvtp)
    deck.space("hvtp_2", hvtp)
    pfet = poly & pdiff
    deck.encloses("hvtp_3", hvtp, pfet & hvtp)
    deck.report("hvtp_4", (pfet - hvtp).sized(rule("hvtp_4")) & hvtp)
    deck.area("hvtp_5", hvtp)
    deck.area("hvtp_6", hvtp.holes())
    deck.report("lu_2", ndiff - ptap.sized(LATCHUP_REACH))
    deck.report("lu_3", pdiff - ntap.sized(LATCHUP_REACH))


def _check_devices(deck: _Deck) -> None:
    diff, tap, poly = deck.read(layers.DIFF), deck.read(layers.TAP), deck.read(layers.POLY)
    active = diff + tap
    deck.width("difftap_1", diff)
    deck.width("difftap_1", tap)
    deck.space("difftap_3", active.merged())
    deck.width("poly_1a", poly)
    deck.space("poly_2", poly)
    gate = (poly & diff).merged()
    along_poly, along_diff = gate.edges() & poly.edges(), gate.edges() & diff.edges()
    deck.report("difftap_2", along_poly.with_length(0, rule("difftap_2"), False))
    deck.report("poly_4", poly.separation_check(diff, rule("poly_4"), metrics=_PROJECTION))
    deck.apart("poly_5", poly, tap)
    deck.report("poly_5", poly & tap)
    deck.report("poly_7", along_poly.extended_out(rule("poly_7")) - diff)
    deck.report("poly_8", along_diff.extended_out(rule("poly_8")) - poly)


def _check_implants(deck: _Deck) -> None:
    nwell = deck.read(layers.NWELL)
    diff, tap = deck.read(layers.DIFF), deck.read(layers.TAP)
    nsdm, psdm = deck.read(layers.NSDM), deck.read(layers.PSDM)
    n_active = ((diff - nwell) + (tap & nwell)).merged()
    p_active = ((diff & nwell) + (tap - nwell)).merged()
    for own, other, mine, theirs in (
        (nsdm, psdm, n_active, p_active),
        (psdm, nsdm, p_active, n_active),
    ):
        deck.width("sd_1", own)
        deck.space("sd_2", own)
        # a butting edge needs no enclosure: what the other implant's active covers is exempt
        deck.report("sd_5", mine.sized(rule("sd_5")) - own - theirs.sized(rule("sd_5")))
        deck.report("sd_5", mine - own)
        deck.apart("sd_7", own, theirs)
        deck.report("sd_8", mine & other)
        deck.area("sd_11", own.holes())
    deck.area("nsd_10a", nsdm)
    deck.area("psd_10b", psdm)


def _check_contacts(deck: _Deck) -> None:
    diff, tap, poly = deck.read(layers.DIFF), deck.read(layers.TAP), deck.read(layers.POLY)
    psdm, npc, li = deck.read(layers.PSDM), deck.read(layers.NPC), deck.read(layers.LI1)
    licon = deck.read(layers.LICON)
    on_poly, on_diff, on_tap = licon & poly, licon & diff, licon & tap
    gate = poly & diff
    deck.exact_square("licon_1", licon)
    deck.space("licon_2", licon)
    deck.report("licon_4", licon - (poly + diff + tap))
    deck.report("licon_4", licon - li)
    deck.report("licon_17", on_poly & (diff + tap))
    deck.encloses("licon_5a", diff, on_diff)
    deck.encloses_two_sides("licon_5c", diff, on_diff)
    deck.encloses_two_sides("licon_7", tap, on_tap)
    deck.encloses("licon_8", poly, on_poly)
    deck.encloses_two_sides("licon_8a", poly, on_poly)
    deck.apart("licon_9", on_poly, psdm)
    deck.report("licon_9", on_poly & psdm)
    deck.apart("licon_11", on_diff, gate)
    deck.apart("licon_13", on_diff + on_tap, npc)
    deck.report("licon_13", (on_diff + on_tap) & npc)
    deck.apart("licon_14", on_poly, diff + tap)
    deck.encloses("licon_15", npc, on_poly)
    deck.width("npc_1", npc)
    deck.space("npc_2", npc)
    deck.apart("npc_4", npc, gate)
    deck.report("npc_4", npc & gate)
    deck.report(
        "licon_16", (diff - poly).interacting(gate).not_interacting(licon) - _series(diff, poly)
    )
    deck.report("licon_16", tap.not_interacting(licon))
    deck.width("li_1", li)
    deck.space("li_3", li)
    deck.encloses_two_sides("li_5", li, licon)
    deck.area("li_6", li)


def _series(diff: kdb.Region, poly: kdb.Region) -> kdb.Region:
    """Pieces of diffusion between gates of a stack, which need no contact."""
    return (diff - poly).merged().interacting(poly, 2)


def _check_wiring(deck: _Deck) -> None:
    for cut_layer, size, gap, below, low, low_two, above, high, high_two in _CUTS:
        cuts, under, over = deck.read(cut_layer), deck.read(below), deck.read(above)
        deck.exact_square(size, cuts)
        deck.space(gap, cuts)
        deck.report(size, cuts - under)
        for name, metal in ((low, under), (high, over)):
            if name:
                deck.encloses(name, metal, cuts)
        for name, metal in ((low_two, under), (high_two, over)):
            if name:
                deck.encloses_two_sides(name, metal, cuts)
    for prefix, layer, area, hole, wide in _METALS:
        metal = deck.read(layer)
        deck.width(f"{prefix}_1", metal)
        deck.space(f"{prefix}_2", metal)
        deck.area(area, metal)
        deck.area(hole, metal.holes())
        half = rule("wide_metal") // 2
        huge = metal.sized(-half).sized(half) & metal
        deck.apart(wide, huge, metal.not_interacting(huge))
        deck.space(wide, huge)


def _check_grid(deck: _Deck) -> None:
    drawn = [getattr(layers, name.upper()) for name in layers.BY_NAME]
    for layer in drawn:
        region = deck.read(layer)
        deck.report("x_1b", region.grid_check(GRID, GRID))
        deck.report("x_3a", region.non_rectilinear())
