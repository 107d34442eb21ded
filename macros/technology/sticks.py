"""Stick diagrams: rows of transistors written as text become cells that meet every design rule.

A level is a row of n-transistors below a row of p-transistors, each text alternating source/drain
nets and gate nets from left to right:

    Level(n="gnd a . b z", p="vdd a z b vdd")       a two-input NAND

`.` is diffusion without a contact, `_` no diffusion at all, `|` a column without a gate. Columns
are PITCH apart. Where both rows name one net in a column, one poly line serves both; otherwise the
line is cut and each part has a contact of its own.

Wiring follows one scheme, so that spacings hold by construction: every net has one horizontal met1
wire in each zone (n, gate, p) of each level where it has terminals, on a track of that zone, and
one vertical met2 wire when it has several. A small search assigns tracks and columns. At SUPPLY_X
met2 stays free over every rail for a via stack.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from macros.technology import layers as layer
from macros.technology.drawing import Drawing
from macros.technology.layers import Layer

__all__ = ["SUPPLY_X", "Level", "draw_sticks"]

PITCH = 480  # two poly pads side by side: 270 + poly_2
MARGIN = 340  # first contact to the cell's edge: a li1 pad on the edge keeps li_3
REACH = 160  # met1 and met2 beyond the centre of a cut
WIRE = 260  # met1 and met2 width: via and its enclosure
GAP = 140
TRACK = WIRE + GAP
COLUMN = TRACK + 10  # pitch of met2 wires: the pad of a via2 on one of them is wider
PAD_PITCH = 540  # rows of poly pads: 330 + poly_2
DIFF_Y = 355  # level's edge, which is the centre of its tap and rail, to diffusion: difftap_3
LEVEL_GAP = 720  # between two levels: m3_2 between wires over their rails
SIDE = 180  # wells and implants beyond the cell's sides: difftap_10
COLUMN_STEP = 50  # between the places tried for a met2 wire
ROUNDS = 500  # of the wiring search
SUPPLIES = ("gnd", "vdd")
SUPPLY_X = 660  # where a via stack may stand on a rail: met2 is free there


@dataclass(frozen=True)
class Level:
    """One pair of rows; widths of the transistors in nm, `pads` rows of poly contacts."""

    n: str
    p: str = ""
    n_width: int = 740
    p_width: int = 1120
    pads: int = 2

    @property
    def pad_y(self) -> int:
        """Centre of the lowest row of pads."""
        return DIFF_Y + self.n_width + 330

    @property
    def p_y(self) -> int:
        """Lower edge of the p-diffusion."""
        return self.pad_y + PAD_PITCH * (self.pads - 1) + 345

    @property
    def height(self) -> int:
        """Lower edge to upper edge; without p-transistors a level ends above its pads."""
        return self.p_y + (self.p_width + DIFF_Y if self.p else 0)

    @property
    def columns(self) -> int:
        """Number of contact columns."""
        return max(len(self.n.split()), len(self.p.split())) // 2 + 1

    def tracks(self, zone: str) -> list[int]:
        """Centres of the zone's met1 tracks, bottom up."""
        if zone.startswith("gate"):
            return [self.pad_y + PAD_PITCH * k for k in range(self.pads)]
        width = self.n_width if zone == "n" else self.p_width
        steps = range((width - 200) // TRACK + 1)
        if zone == "n":
            return [DIFF_Y + 100 + TRACK * k for k in steps]
        return [self.p_y + width - 100 - TRACK * k for k in reversed(steps)]


@dataclass(frozen=True)
class _Segment:
    """The terminals of a net in one zone of one level: centres in x, candidate tracks in y."""

    net: str
    level: int
    zone: str
    xs: tuple[int, ...]
    ys: tuple[int, ...]


@dataclass
class _Wiring:
    """Chosen track of each segment, and the wires placed so far."""

    track: dict[_Segment, int] = field(default_factory=dict)
    horizontal: list[tuple[str, int, int, int]] = field(default_factory=list)  # net, y, x0, x1
    vertical: list[tuple[str, int, int, int]] = field(default_factory=list)  # net, x, y0, y1


def draw_sticks(
    name: str,
    levels: Sequence[Level],
    *,
    width: int | None = None,
    columns: Mapping[str, int] | None = None,
    places: Mapping[str, int] | None = None,
    rails: Sequence[str] = (),
    pins: Sequence[str] = (),
    supply_layer: Layer = layer.MET1,
) -> Drawing:
    """Draw the levels on top of each other, the lowest first.

    Parameters
    ----------
    width: width of the cell; by default as wide as its columns.
    columns: nets with a met2 wire over the cell's whole height, and its centre in x.
    places: nets with a met2 wire no longer than it must be, and its centre in x.
    rails: pins with a met1 wire over the cell's whole width.
    pins: the other pins, on their met2 wire, or in met1 when one wire is all they have.
    supply_layer: where the supplies' pins are, li1 or met1; both run along the rails.

    A diagram that the search cannot wire is a `ValueError`.
    """
    natural = 2 * MARGIN + PITCH * (max(level.columns for level in levels) - 1)
    width = natural if width is None else width
    if width < natural:
        raise ValueError(f"{name} needs {natural} nm of width, not {width}")
    bases = [sum(lower.height + LEVEL_GAP for lower in levels[:k]) for k in range(len(levels))]
    cell = Drawing(name, width, bases[-1] + levels[-1].height)
    segments = [s for k, level in enumerate(levels) for s in _segments(k, level, bases[k])]
    pairs = [pair for k, level in enumerate(levels) for pair in _split_columns(k, level)]
    through, fixed = set(columns or ()), {**(columns or {}), **(places or {})}
    taps = [
        ("supply", SUPPLY_X + side, y - 240, y + 240)
        for base, level in zip(bases, levels, strict=True)
        for y in (base, base + level.height)
        for side in (-10, 10)
    ]
    wiring = _assign(segments, pairs, cell, fixed, through, rails, taps)
    if wiring is None:
        raise ValueError(f"{name}: no wiring fits; give it more tracks, pads or columns")
    for k, level in enumerate(levels):
        _draw_level(cell, level, k, bases[k], wiring)
        _draw_rail(cell, "gnd", bases[k], supply_layer)
        if level.p:
            _draw_rail(cell, "vdd", bases[k] + level.height, supply_layer)
    _draw_wiring(cell, wiring, pins, rails)
    return cell


def _row(text: str) -> tuple[list[str], list[str]]:
    """Contacts and gates of a row's text."""
    words = text.split()
    if words and len(words) % 2 == 0:
        raise ValueError(f"a row starts and ends with a source or drain: {text!r}")
    return words[0::2], words[1::2]


def _contact_x(column: int) -> int:
    return MARGIN + PITCH * column


def _gate_x(column: int) -> int:
    return MARGIN + PITCH * column + PITCH // 2


def _gates(level: Level) -> list[tuple[str | None, str | None]]:
    """Gate nets of each column, of the n row and of the p row."""
    rows = [_row(level.n)[1], _row(level.p)[1]]
    count = max(len(row) for row in rows)
    padded = [[*row, *["|"] * (count - len(row))] for row in rows]
    return [
        (None if n == "|" else n, None if p == "|" else p) for n, p in zip(*padded, strict=True)
    ]


def _segments(index: int, level: Level, base: int) -> Iterator[_Segment]:
    """Every segment of a level; supplies are wired by their rails."""
    for zone, text in (("n", level.n), ("p", level.p)):
        places: dict[str, list[int]] = defaultdict(list)
        for column, net in enumerate(_row(text)[0]):
            if net not in (".", "_", *SUPPLIES):
                places[net].append(_contact_x(column))
        for net, xs in places.items():
            ys = tuple(base + y for y in level.tracks(zone))
            yield _Segment(net, index, zone, tuple(xs), ys)
    gates: dict[tuple[str, str], list[int]] = defaultdict(list)
    for column, (n, p) in enumerate(_gates(level)):
        for zone, net in _pads(n, p):
            gates[zone, net].append(_gate_x(column))
    for (zone, net), xs in gates.items():
        ys = tuple(base + y for y in level.tracks("gate"))
        yield _Segment(net, index, zone, tuple(xs), ys[::-1] if zone == "gate p" else ys)


def _pads(n: str | None, p: str | None) -> list[tuple[str, str]]:
    """(zone, net) of the poly pads in a column: one, or two where the poly is cut."""
    if n and p and n != p:
        return [("gate n", n), ("gate p", p)]
    return [("gate", net) for net in (n or p,) if net]


def _split_columns(index: int, level: Level) -> Iterator[tuple[int, str, str]]:
    """(level, n gate, p gate) of columns whose poly is cut: the n pad lies below the p pad."""
    for n, p in _gates(level):
        if n and p and n != p:
            yield index, n, p


def _assign(
    segments: list[_Segment],
    pairs: list[tuple[int, str, str]],
    cell: Drawing,
    fixed: dict[str, int],
    through: set[str],
    rails: Sequence[str],
    taps: Sequence[tuple[str, int, int, int]],
) -> _Wiring | None:
    """Place net after net where it fits first; a net that fits nowhere goes to the front of the
    order and the search starts again."""
    by_net: dict[str, list[_Segment]] = defaultdict(list)
    for segment in segments:
        by_net[segment.net].append(segment)
    order = sorted(by_net, key=lambda n: (n not in fixed, -sum(len(s.xs) for s in by_net[n]), n))
    for _ in range(ROUNDS):
        wiring = _Wiring(vertical=list(taps))
        for position, net in enumerate(order):
            if not _place(wiring, net, by_net[net], pairs, cell, fixed, through, rails):
                order.insert(position // 2, order.pop(position))
                break
        else:
            return wiring
    return None


def _place(
    wiring: _Wiring,
    net: str,
    own: list[_Segment],
    pairs: list[tuple[int, str, str]],
    cell: Drawing,
    fixed: dict[str, int],
    through: set[str],
    rails: Sequence[str],
) -> bool:
    """Give a net its column, near its terminals, and its tracks; False if none is free."""
    centre = sum(x for s in own for x in s.xs) / sum(len(s.xs) for s in own)
    columns: list[int | None] = [fixed[net]] if net in fixed else [None]
    if net not in fixed and len(own) > 1:
        edge = REACH + GAP // 2
        grid = range(edge, cell.width - edge + 1, COLUMN_STEP)
        columns = [*sorted(grid, key=lambda x: abs(x - centre))]
    for column in columns:
        chosen: dict[_Segment, int] = {}
        wires: list[tuple[str, int, int, int]] = []
        for segment in own:
            # a pin on its own goes high, out of the way of a met3 wire along the lower edge
            for y in segment.ys[::-1] if net in fixed and len(own) == 1 else segment.ys:
                wire = _wire(segment, y, column, cell, full_width=net in rails)
                if _is_free(wiring.horizontal, wire, TRACK) and _in_order(
                    wiring, pairs, segment, y
                ):
                    chosen[segment] = y
                    wires.append(wire)
                    break
        if len(chosen) < len(own):
            continue
        if column is not None:
            ys = chosen.values()
            ends = (0, cell.height) if net in through else (min(ys) - REACH, max(ys) + REACH)
            upright = (net, column, *ends)
            if not _is_free(wiring.vertical, upright, COLUMN):
                continue
            wiring.vertical.append(upright)
        wiring.horizontal += wires
        wiring.track |= chosen
        return True
    return False


def _wire(
    segment: _Segment, y: int, column: int | None, cell: Drawing, *, full_width: bool
) -> tuple[str, int, int, int]:
    """(net, y, x0, x1) of the met1 wire of a segment on a track."""
    if full_width and segment.zone.startswith("gate"):
        return segment.net, y, 0, cell.width
    xs = [*segment.xs, *([] if column is None else [column])]
    return segment.net, y, min(xs) - REACH, max(xs) + REACH


def _is_free(
    wires: list[tuple[str, int, int, int]], wire: tuple[str, int, int, int], pitch: int
) -> bool:
    """True when a wire (net, position, start, end) is a pitch or a GAP from those of other nets."""
    net, place, start, end = wire
    return not any(
        other != net and abs(at - place) < pitch and start - GAP < b and a < end + GAP
        for other, at, a, b in wires
    )


def _in_order(
    wiring: _Wiring, pairs: list[tuple[int, str, str]], segment: _Segment, y: int
) -> bool:
    """True when in no cut column the n pad's track is level with or above the p pad's."""
    track = {(s.level, s.zone, s.net): t for s, t in wiring.track.items()}
    track[segment.level, segment.zone, segment.net] = y
    rows = ((track.get((k, "gate n", n)), track.get((k, "gate p", p))) for k, n, p in pairs)
    return all(low is None or high is None or low < high for low, high in rows)


def _draw_level(cell: Drawing, level: Level, index: int, base: int, wiring: _Wiring) -> None:
    def tracks(zone: str) -> dict[str, int]:
        return {s.net: y for s, y in wiring.track.items() if (s.level, s.zone) == (index, zone)}

    top = base + level.height
    n_low, p_low = base + DIFF_Y, base + level.p_y
    n_high, p_high = n_low + level.n_width, p_low + level.p_width
    _draw_row(cell, level.n, n_low, level.n_width, base, tracks("n"))
    cell.rect(layer.PSDM, -SIDE, base - 210, cell.width + SIDE, base + 210)
    cell.rect(layer.NSDM, -SIDE, n_low - 125, cell.width + SIDE, n_high + 125)
    if level.p:
        _draw_row(cell, level.p, p_low, level.p_width, top, tracks("p"))
        cell.rect(layer.PSDM, -SIDE, p_low - 125, cell.width + SIDE, p_high + 125)
        cell.rect(layer.NSDM, -SIDE, top - 210, cell.width + SIDE, top + 210)
        for name in (layer.NWELL, layer.HVTP):
            cell.rect(name, -SIDE, p_low - 180, cell.width + SIDE, top + 265)

    rows: dict[int, list[int]] = defaultdict(list)
    for column, (n, p) in enumerate(_gates(level)):
        x = _gate_x(column)
        for zone, net in _pads(n, p):
            y = tracks(zone)[net]
            low = n_low - 130 if net == n else y - 165
            high = p_high + 130 if net == p else y + 165
            cell.rect(layer.POLY, x - 75, low, x + 75, high)
            cell.poly_contact(x, y)
            cell.rect(layer.LI1, x - 85, y - 165, x + 85, y + 165)
            cell.mcon(x, y)
            rows[y].append(x)
    _merge_npc(cell, rows)


def _merge_npc(cell: Drawing, rows: Mapping[int, Sequence[int]]) -> None:
    """One npc area over all pads: single ones would lie closer than npc_2."""
    xs = [x for row in rows.values() for x in row]
    if xs:
        cell.rect(layer.NPC, min(xs) - 185, min(rows) - 185, max(xs) + 185, max(rows) + 185)


def _draw_row(
    cell: Drawing, text: str, y: int, width: int, rail: int, tracks: Mapping[str, int]
) -> None:
    """Diffusion, contacts and the li1 strips over them, down or up to the rail for supplies."""
    contacts, _ = _row(text)
    for first, last in _runs(contacts):
        x0, x1 = _contact_x(first) - 125, _contact_x(last) + 125
        cell.rect(layer.DIFF, x0, y, x1, y + width)
    cuts = [y + 145 + 340 * k for k in range((width - 290) // 340 + 1)]
    for column, net in enumerate(contacts):
        if net in (".", "_"):
            continue
        x = _contact_x(column)
        for cut in cuts:
            cell.licon(x, cut)
        low, high = cuts[0] - 165, cuts[-1] + 165
        if net in SUPPLIES:
            low, high = min(low, rail), max(high, rail)
        else:
            cell.mcon(x, tracks[net])
            low, high = min(low, tracks[net] - 85), max(high, tracks[net] + 85)
        cell.rect(layer.LI1, x - 85, low, x + 85, high)


def _runs(contacts: list[str]) -> Iterator[tuple[int, int]]:
    """First and last column of each piece of diffusion."""
    start = None
    for column, net in enumerate([*contacts, "_"]):
        if net != "_" and start is None:
            start = column
        if net == "_" and start is not None:
            yield start, column - 1
            start = None


def _draw_rail(cell: Drawing, net: str, y: int, pin_layer: Layer) -> None:
    """A tap over the whole width with its li1 and the met1 supply rail."""
    cell.rect(layer.TAP, 0, y - 85, cell.width, y + 85)
    wires = {
        layer.LI1: cell.rect(layer.LI1, 0, y - 85, cell.width, y + 85),
        layer.MET1: cell.rect(layer.MET1, 0, y - WIRE // 2, cell.width, y + WIRE // 2),
    }
    cell.pin(net, pin_layer, wires[pin_layer])
    for x in range(PITCH, cell.width - PITCH // 2, PITCH):
        cell.licon(x, y)
        cell.mcon(x, y)


def _draw_wiring(cell: Drawing, wiring: _Wiring, pins: Sequence[str], rails: Sequence[str]) -> None:
    upright = {net for net, *_ in wiring.vertical}
    for net, y, x0, x1 in wiring.horizontal:
        wire = cell.rect(layer.MET1, x0, y - WIRE // 2, x1, y + WIRE // 2)
        if (net in rails and (x0, x1) == (0, cell.width)) or (net in pins and net not in upright):
            cell.pin(net, layer.MET1, wire)
        for other, x, y0, y1 in wiring.vertical:
            if other == net and y0 <= y <= y1 and x0 <= x <= x1:
                cell.via(x, y)
    for net, x, y0, y1 in wiring.vertical:
        if net == "supply":
            continue
        wire = cell.rect(layer.MET2, x - WIRE // 2, y0, x + WIRE // 2, y1)
        if net in pins:
            cell.pin(net, layer.MET2, wire)
