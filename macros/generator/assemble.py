"""From OpenRAM's placed and wired macro to one that a chip can use: supplies joined, pins outside.

OpenRAM leaves every supply rail on met3 or met4 somewhere, and every signal pin on met3. Here met4
straps cross the whole macro, with via stacks down to the rails below them; what no strap meets, and
every signal pin, is brought out through the maze of `macros.generator.maze`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import klayout.db as kdb

from macros.generator.finish import finish
from macros.generator.maze import CELL, PAD, SHARED, WIRE, Maze, Path
from macros.technology import layers
from macros.technology.layers import Layer
from macros.technology.rules import GRID, rule
from macros.verify.supplies import GROUND, POWER, SUPPLIES, Rail, find_rails, region_of

__all__ = ["assemble"]

MARGIN_X, MARGIN_Y = 460 * 12, 2720 * 2
"""Room around OpenRAM's layout; with the placement site and row as units."""
SITE, ROW = 460, 2720
STRAP, STRAP_PITCH, STRAP_SHIFT = 1600, 15640, 4600
"""Width and pitch of straps of alternating nets, and how far one may move, in nm: a via4 of the
chip's met5 grid has room on each."""
COLUMN, COLUMN_0 = 920, 230
TRACK, TRACK_0 = 680, 510
"""The chip's met4 columns and met3 tracks, where pins lie."""
PIN_LENGTH = 1200
EXIT = 6
"""Cells from the edge to where the wire of a pin ends; none comes nearer, but the pin itself."""
BAR, BARS = 1200, (600, 2400)
"""Width and distance from the edge of the met3 bars that join the straps of each net, in nm."""
VIA = rule("via3_1")
ORDERS = 60
"""Orders of the pins that are tried."""
WINDOW = 1500
"""How far around a via stack other shapes are looked at, in nm."""
LANDING = 50
"""How far inside a rail the centre of a wire must begin, along one side; along the other the whole
wire lies in the rail, so that no neck is left at a corner."""

DIRECT = (layers.MET2, layers.MET3, layers.MET4)


def assemble(
    layout: kdb.Layout, core: kdb.Cell, name: str, spare: Mapping[str, str | None] | None = None
) -> kdb.Cell:
    """The finished macro `name` around OpenRAM's top cell, in the same layout.

    `spare` pins of OpenRAM's are none of the macro: each is joined to the supply that it names, or
    left open. The lower left corner is (0, 0), its sides are whole sites and rows. Raises
    RuntimeError when a rail or a pin cannot be wired.
    """
    finish(layout, core)
    core.name = f"{name}_core"
    pins = list(_take_pins(layout, core, spare or {}))
    top = layout.create_cell(name)
    box = core.bbox()
    width = _up(box.width() + 2 * MARGIN_X, SITE)
    height = _up(box.height() + 2 * MARGIN_Y, ROW)
    shift = kdb.Vector(MARGIN_X - box.left, MARGIN_Y - box.bottom)
    top.insert(kdb.CellInstArray(core.cell_index(), kdb.Trans(shift)))
    top.shapes(layout.layer(*layers.BOUNDARY)).insert(kdb.Box(0, 0, width, height))
    work = _Work(layout, top, width, height)
    for net, place in pins:
        work.pins.append((net, place + shift))
    work.run()
    return top


def _take_pins(
    layout: kdb.Layout, core: kdb.Cell, spare: Mapping[str, str | None]
) -> Iterator[tuple[str, kdb.Point]]:
    """Names and places of the signal pins on met3; their labels are removed."""
    shapes = core.shapes(layout.layer(*layers.MET3_LABEL))
    for shape in [s for s in shapes.each() if s.is_text()]:
        name = shape.text_string
        if supply := spare.get(name):
            shape.text_string = supply
            continue
        if name not in SUPPLIES and name not in spare:
            yield name, kdb.Point() + shape.text.trans.disp
        shape.delete()


class _Index:
    """Shapes of a region, found by place."""

    def __init__(self, region: kdb.Region) -> None:
        self.shapes = kdb.Shapes()
        self.shapes.insert(region)

    def insert(self, box: kdb.Box) -> None:
        self.shapes.insert(box)

    def within(self, window: kdb.Box) -> kdb.Region:
        """The shapes that touch a window."""
        found = kdb.Region()
        for shape in self.shapes.each_touching(window):
            found.insert(shape.polygon)
        return found


class _Work:
    """One run of the assembly; metal that it adds goes into `new` first."""

    def __init__(self, layout: kdb.Layout, top: kdb.Cell, width: int, height: int) -> None:
        self.layout, self.top = layout, top
        self.width, self.height = width, height
        self.pins: list[tuple[str, kdb.Point]] = []
        self.metal = {layer: self._region(layer) for layer in DIRECT}
        self.cuts = {layer: _Index(self._region(layer)) for layer in (layers.VIA2, layers.VIA3)}
        self.rails = find_rails(layout, top, DIRECT)
        self.own = {
            net: {
                layer: _union(rail.shapes[layer] for rail in self.rails if rail.net == net)
                for layer in DIRECT
            }
            for net in (POWER, GROUND)
        }
        self.near = {
            (net, layer): _Index(self.own[net][layer] if net else self.metal[layer])
            for net in (POWER, GROUND, None)
            for layer in DIRECT
        }
        self.maze = Maze.of_size(width, height)
        self.ids = {POWER: 1, GROUND: 2}
        self.straps: list[tuple[str, kdb.Box]] = []
        self.drawn: list[tuple[Layer, kdb.Box, int]] = []
        self.bars: list[tuple[str, kdb.Box]] = []
        self.labels: list[tuple[Layer, kdb.Text]] = []

    def run(self) -> None:
        self._lay_straps()
        self._join_straps()
        reached = [self._tap(rail) for rail in self.rails]
        self._fill_maze()
        self.pins.sort(key=lambda pin: _natural(pin[0]))
        self._bring_all_out()
        rest = [rail for rail, done in zip(self.rails, reached, strict=True) if not done]
        for rail in sorted(rest, key=lambda rail: rail.shapes[layers.MET3].bbox().left):
            self._join(rail)
        self._label_straps()
        self._close_notches()
        for layer, box, _ in self.drawn:
            self.top.shapes(self.layout.layer(*layer)).insert(box)
        for layer, text in self.labels:
            self.top.shapes(self.layout.layer(*layer)).insert(text)

    def _region(self, layer: Layer) -> kdb.Region:
        index = self.layout.layer(*layer)
        return kdb.Region(self.top.begin_shapes_rec(index)).merged()

    def _add(self, layer: Layer, box: kdb.Box, ident: int) -> None:
        self.drawn.append((layer, box, ident))

    def _lay_straps(self) -> None:
        """Straps of alternating nets over the whole height, moved aside where met4 is taken."""
        net = GROUND
        place = STRAP_PITCH // 2
        while place < self.width - STRAP:
            for step in range(0, STRAP_SHIFT, 5 * CELL):
                for x in (place + step, place - step):
                    box = kdb.Box(x - STRAP // 2, 0, x + STRAP // 2, self.height)
                    if self._strap_fits(net, box):
                        self.straps.append((net, box))
                        break
                else:
                    continue
                break
            else:
                place += STRAP_PITCH
                continue
            net = POWER if net == GROUND else GROUND
            place += STRAP_PITCH
        for net, box in self.straps:
            self._add(layers.MET4, box, self.ids[net])

    def _strap_fits(self, net: str, box: kdb.Box) -> bool:
        room = kdb.Region(box.enlarged(rule("m4_2"), 0))
        if any(room.bbox().overlaps(other.enlarged(rule("m4_2"), 0)) for _, other in self.straps):
            return False
        return (self.metal[layers.MET4] & room).is_empty()

    def _join_straps(self) -> None:
        """One met3 bar per net below and above the rest, with vias to every strap of the net."""
        for net, low in zip((GROUND, POWER), BARS, strict=True):
            for y in (low, self.height - low - BAR):
                bar = kdb.Box(STRAP, y, self.width - STRAP, y + BAR)
                self._add(layers.MET3, bar, self.ids[net])
                self.bars.append((net, bar))
                for crossing in (bar & strap for other, strap in self.straps if other == net):
                    for cut in _cuts(crossing):
                        self._add(layers.VIA3, cut, self.ids[net])

    def _tap(self, rail: Rail) -> bool:
        """Via stacks from every strap of the rail's net to the rail; whether there was any."""
        done = False
        for net, strap in self.straps:
            if net != rail.net:
                continue
            for layer in (layers.MET3, layers.MET2):
                under = rail.shapes[layer] & kdb.Region(strap)
                hit = [self._stack(rail, layer, strap, piece.bbox()) for piece in under.each()]
                done = done or any(hit)
        return done

    def _stack(self, rail: Rail, layer: Layer, strap: kdb.Box, piece: kdb.Box) -> bool:
        """A via stack in the middle of a piece of the rail, when its pads have room."""
        ident = self.ids[rail.net]
        centre = _snap(piece.center())
        inside = VIA // 2 + rule("m4_3")
        centre.x = min(max(centre.x, strap.left + inside), strap.right - inside)
        cut = _square(centre, VIA)
        window = cut.enlarged(WINDOW, WINDOW)
        met3 = self.near[rail.net, layers.MET3].within(window)
        if layer == layers.MET2:
            met2 = self.near[rail.net, layer].within(window)
            half = WIRE // 2 + 5
            pad = kdb.Box(centre.x - PAD, centre.y - half, centre.x + PAD, centre.y + half)
            if not any(_covers(met2, cut.enlarged(*edge)) for edge in ((85, 40), (40, 85))):
                return False
            if not _clear(self.cuts[layers.VIA2].within(window), cut, rule("via2_2")):
                return False
        else:
            fitting = [
                box for edge in ((90, 65), (65, 90)) if _covers(met3, box := cut.enlarged(*edge))
            ]
            if not fitting:
                return False
            pad = fitting[0]
        everything = self.near[None, layers.MET3].within(window).merged()
        apart = everything - everything.interacting(kdb.Region(pad)).interacting(met3)
        if not strap.contains(pad.center()) or not _clear(apart, pad, rule("m3_2")):
            return False
        if not _clear(self.cuts[layers.VIA3].within(window), cut, rule("via3_2")):
            return False
        if layer == layers.MET2:
            self._add(layers.VIA2, cut, ident)
            self.cuts[layers.VIA2].insert(cut)
            self._add(layers.MET3, pad, ident)
            rail.shapes[layers.MET3].insert(pad)
            self.near[rail.net, layers.MET3].insert(pad)
            self.near[None, layers.MET3].insert(pad)
        self._add(layers.VIA3, cut, ident)
        self.cuts[layers.VIA3].insert(cut)
        return True

    def _fill_maze(self) -> None:
        """Enter all met3 and met4: supplies under their own number, every other shape alone."""
        edge = EXIT - 1
        for border in (
            self.maze.owner[:, :edge, :],
            self.maze.owner[:, self.height // CELL - edge + 1 :, :],
            self.maze.owner[:, :, :edge],
            self.maze.owner[:, :, self.width // CELL - edge + 1 :],
        ):
            border[:] = SHARED
        supplies = {
            layer: {net: self.own[net][layer].merged() for net in self.ids} for layer in DIRECT
        }
        number = 100
        for plane, layer in enumerate((layers.MET3, layers.MET4)):
            rest = self.metal[layer].merged()
            for net, ident in self.ids.items():
                region = supplies[layer][net]
                rest -= region
                for box in _boxes(region):
                    self.maze.block(plane, box, ident)
            for polygon in rest.each():
                number += 1
                for box in _boxes(kdb.Region(polygon)):
                    self.maze.block(plane, box, number)
        for net, strap in self.straps:
            self.maze.block(1, _tuple(strap), self.ids[net])
        for net, bar in self.bars:
            self.maze.block(0, _tuple(bar), self.ids[net])
        for rail in self.rails:
            for polygon in rail.shapes[layers.MET3].each():
                for box in _boxes(kdb.Region(polygon)):
                    self.maze.block(0, box, self.ids[rail.net])

    def _bring_all_out(self) -> None:
        """Wire every pin; one that finds no way goes to the front, and all start again."""
        for net, place in self.pins:
            self._claim(net, place)
        order = list(self.pins)
        owner, drawn = self.maze.owner.copy(), len(self.drawn)
        stuck: tuple[str, kdb.Point] | None = order[0]
        for _ in range(ORDERS):
            stuck = next((pin for pin in order if not self._bring_out(*pin)), None)
            if stuck is None:
                return
            order.remove(stuck)
            order.insert(0, stuck)
            self.maze.owner[:] = owner
            del self.drawn[drawn:]
            self.labels.clear()
        assert stuck is not None
        raise RuntimeError(f"pin {stuck[0]} of {self.top.name} cannot be brought to its edge")

    def _claim(self, net: str, place: kdb.Point) -> None:
        """Give a pin its met3 shape, and room for a via above, before any other wire takes it."""
        shape = next((p for p in self.metal[layers.MET3].each() if p.inside(place)), None)
        if shape is None:
            raise RuntimeError(f"pin {net} of {self.top.name} has no met3 at {place}")
        ident = self.ids[net] = 10_000 + len(self.ids)
        for box in _boxes(kdb.Region(shape)):
            self._reclaim(0, box, ident)
        self.maze.block(1, _tuple(_square(place, PAD)), ident)

    def _bring_out(self, net: str, place: kdb.Point) -> bool:
        """Wire a pin from its met3 shape to a free track at the edge, and label it there."""
        ident = self.ids[net]
        sources = self.maze.inside(0, _tuple(_square(place, PAD)), 0, 0)
        exits = self._exits()
        path = self.maze.path(ident, sources, exits)
        if path is None:
            return False
        self._draw(path, ident)
        self._draw_pin(net, path[-1], exits[self._index(path[-1])], ident)
        return True

    def _reclaim(self, layer: int, box: tuple[int, int, int, int], ident: int) -> None:
        """Give the cells that one shape alone holds to a net."""
        for index in self.maze.inside(layer, box, 0, 0):
            owner = self.maze.owner.reshape(-1)
            if owner[index] > 100:
                owner[self.maze.owner.reshape(-1) == owner[index]] = ident
                return

    def _exits(self) -> dict[int, int]:
        """Cell at the edge -> exact position of the track that it stands for."""
        found = {}
        _, rows, columns = self.maze.owner.shape
        last_row, last_column = self.height // CELL, self.width // CELL
        for x in range(COLUMN_0 + 3 * COLUMN, self.width - 3 * COLUMN, COLUMN):
            for row in (EXIT, last_row - EXIT):
                found[(rows + row) * columns + round(x / CELL)] = x
        for y in range(TRACK_0 + 4 * TRACK, self.height - 4 * TRACK, TRACK):
            for column in (EXIT, last_column - EXIT):
                found[round(y / CELL) * columns + column] = y
        return found

    def _index(self, cell: tuple[int, int, int]) -> int:
        layer, row, column = cell
        _, rows, columns = self.maze.owner.shape
        return (layer * rows + row) * columns + column

    def _draw_pin(self, net: str, cell: tuple[int, int, int], track: int, ident: int) -> None:
        plane, row, column = cell
        half = WIRE // 2
        if plane == 1:
            low = 0 if row == EXIT else self.height - PIN_LENGTH
            box = kdb.Box(track - half, low, track + half, low + PIN_LENGTH)
        else:
            low = 0 if column == EXIT else self.width - PIN_LENGTH
            box = kdb.Box(low, track - half, low + PIN_LENGTH, track + half)
        wire, pin, label = (
            (layers.MET3, layers.MET3_PIN, layers.MET3_LABEL),
            (layers.MET4, layers.MET4_PIN, layers.MET4_LABEL),
        )[plane]
        self._add(wire, box, ident)
        self._pin(net, pin, label, box)
        self.maze.block(plane, _tuple(box), ident)

    def _pin(self, net: str, pin: Layer, label: Layer, box: kdb.Box) -> None:
        self._add(pin, box, self.ids[net])
        text = kdb.Text(net, kdb.Trans(kdb.Vector(box.center().x, box.center().y)))
        self.labels.append((label, text))

    def _join(self, rail: Rail) -> None:
        """Wire a rail that no strap has met to the nearest strap of its net."""
        ident = self.ids[rail.net]
        sources = [
            index
            for plane, layer in enumerate((layers.MET3, layers.MET4))
            for box in _boxes(rail.shapes[layer])
            for margins in ((LANDING, WIRE // 2), (WIRE // 2, LANDING))
            for index in self.maze.inside(plane, box, *margins)
        ]
        targets = [
            index
            for net, strap in self.straps
            if net == rail.net
            for index in self.maze.inside(1, _tuple(strap), PAD // 2, PAD // 2)
        ]
        path = self.maze.path(ident, sources, targets)
        if path is None:
            place = rail.shapes[layers.MET3].bbox()
            raise RuntimeError(f"a rail of {rail.net} at {place} of {self.top.name} meets no strap")
        self._draw(path, ident)

    def _draw(self, path: Path, ident: int) -> None:
        """The metal of a path."""
        start = path[0]
        for here, after in zip(path, [*path[1:], None], strict=True):
            if after is not None and _straight(start, after):
                continue
            if start[0] == here[0]:
                self._wire(start, here, ident)
            if after is None:
                break
            if after[0] != here[0]:
                self._via(here, ident)
                start = after
            else:
                start = here
        self._wire(start, path[-1], ident)

    def _wire(self, start: tuple[int, int, int], end: tuple[int, int, int], ident: int) -> None:
        plane = start[0]
        box = kdb.Box(
            kdb.Point(start[2] * CELL, start[1] * CELL), kdb.Point(end[2] * CELL, end[1] * CELL)
        ).enlarged(WIRE // 2, WIRE // 2)
        self._add((layers.MET3, layers.MET4)[plane], box, ident)
        self.maze.block(plane, _tuple(box), ident)

    def _via(self, cell: tuple[int, int, int], ident: int) -> None:
        """A via3 with its pads; where the net has one too close to it, only metal up to that."""
        centre = kdb.Point(cell[2] * CELL, cell[1] * CELL)
        cut, pad = _square(centre, VIA), _square(centre, PAD)
        window = cut.enlarged(rule("via3_2") - 1, rule("via3_2") - 1)
        near = self.cuts[layers.VIA3].within(window)
        near += region_of(b for w, b, _ in self.drawn if w == layers.VIA3 and b.touches(window))
        if near.is_empty():
            self._add(layers.VIA3, cut, ident)
        pad += near.bbox()
        for plane, layer in enumerate((layers.MET3, layers.MET4)):
            self._add(layer, pad, ident)
            self.maze.block(plane, _tuple(pad), ident)

    def _close_notches(self) -> None:
        """Fill what is too narrow between or in shapes of one net, where other nets leave room:
        width and spacing of these layers have one value. What was filled may be a neck itself."""
        for gaps in (True, False):
            for layer, gap in ((layers.MET3, rule("m3_2")), (layers.MET4, rule("m4_2"))):
                everything = self.metal[layer] + region_of(
                    b for w, b, _ in self.drawn if w == layer
                )
                everything.merge()
                for net, ident in self.ids.items():
                    self._close(layer, gap, everything, net, ident, gaps)

    def _close(
        self, layer: Layer, gap: int, everything: kdb.Region, net: str, ident: int, gaps: bool
    ) -> None:
        """Widen the necks of one net, and fill its gaps and notches too where `gaps`."""
        own = region_of(b for w, b, i in self.drawn if w == layer and i == ident)
        own += self.own[net][layer] if net in self.own else self.metal[layer].interacting(own)
        own.merge()
        half = -(-gap // 10) * 5
        filling = region_of(
            _on_grid(pair.bbox().enlarged(half, half)) for pair in own.width_check(gap).each()
        )
        own = (own + filling).merged()
        if gaps:
            filling += own.sized(half).sized(-half) - own
        if filling.is_empty():
            return
        near = (everything - own).sized(gap - 1)
        for box in _boxes(filling.merged()):
            if (kdb.Region(kdb.Box(*box)) & near).is_empty():
                self._add(layer, kdb.Box(*box), ident)

    def _label_straps(self) -> None:
        for net, strap in self.straps:
            self._pin(net, layers.MET4_PIN, layers.MET4_LABEL, strap)


def _straight(start: tuple[int, int, int], end: tuple[int, int, int]) -> bool:
    return start[0] == end[0] and (start[1] == end[1] or start[2] == end[2])


def _boxes(region: kdb.Region) -> Iterator[tuple[int, int, int, int]]:
    for polygon in region.decompose_trapezoids_to_region().each():
        yield _tuple(polygon.bbox())


def _tuple(box: kdb.Box) -> tuple[int, int, int, int]:
    return box.left, box.bottom, box.right, box.top


def _square(centre: kdb.Point, side: int) -> kdb.Box:
    half = side // 2
    return kdb.Box(centre.x - half, centre.y - half, centre.x + half, centre.y + half)


def _covers(region: kdb.Region, box: kdb.Box) -> bool:
    return (kdb.Region(box) - region).is_empty()


def _clear(region: kdb.Region, box: kdb.Box, gap: int) -> bool:
    """Whether a region keeps a gap from a box."""
    return (region & kdb.Region(box.enlarged(gap - 1, gap - 1))).is_empty()


def _union(regions: Iterable[kdb.Region]) -> kdb.Region:
    total = kdb.Region()
    for region in regions:
        total += region
    return total.merged()


def _cuts(room: kdb.Box) -> Iterator[kdb.Box]:
    """Via3 cuts that fill a crossing."""
    pitch, edge = VIA + rule("via3_2"), rule("via3_5")
    for x in range(room.left + edge, room.right - edge - VIA + 1, pitch):
        for y in range(room.bottom + edge, room.top - edge - VIA + 1, pitch):
            yield kdb.Box(x, y, x + VIA, y + VIA)


def _snap(point: kdb.Point) -> kdb.Point:
    return kdb.Point(round(point.x / 5) * 5, round(point.y / 5) * 5)


def _on_grid(box: kdb.Box) -> kdb.Box:
    """The box, its sides moved outward to the manufacturing grid."""
    return kdb.Box(
        box.left // GRID * GRID, box.bottom // GRID * GRID, _up(box.right, GRID), _up(box.top, GRID)
    )


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def _natural(name: str) -> tuple[str, int]:
    match = re.fullmatch(r"(\w+?)(?:\[(\d+)\])?", name)
    assert match is not None
    return match.group(1), int(match.group(2) or 0)
