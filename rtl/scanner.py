"""The spike scanner: turns words of spikes into the numbers of the neurons that fired."""

from __future__ import annotations

from amaranth.hdl import Array, C, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from .config import COLUMN_BITS, Chip
from .memory import MemoryPort

__all__ = ["Scanner", "item_signature"]


def item_signature(chip: Chip) -> wiring.Signature:
    """One spiking input per transfer.

    Members
    -------
    valid : Out(1)
    ready : In(1)
    index : Out(n), number of the input
    empty : Out(1), there is no input: the end of a pass whose last word holds no spike
    last : Out(1), last item of this pass
    final : Out(1), of the last pass
    """
    return wiring.Signature(
        {
            "valid": Out(1),
            "ready": In(1),
            "index": Out(ceil_log2(chip.largest_layer)),
            "empty": Out(1),
            "last": Out(1),
            "final": Out(1),
        }
    )


class Scanner(wiring.Component):
    """Reads a layer's input spikes word by word, once per tile, and lists the set bits.

    A silent word costs one cycle of the port, a set bit one transfer. Words are fetched ahead into
    a short queue, across the border between passes too, so that with a port of its own the fetch
    hides behind the transfers. Every pass ends with exactly one item that has `last` set.

    Members
    -------
    start : In(1), begin; only while idle, that is after the item that is `last` and `final`
    base : In(address_bits), of the first word; held while scanning, as are:
    last_word : In(n), words less one
    last_tile : In(n), passes less one
    items : Out(item_signature)
    port : Out(MemoryPort), of the spikes memory
    """

    def __init__(self, chip: Chip) -> None:
        self._depth = chip.prefetch_words
        self._word_bits = max(1, ceil_log2(chip.largest_layer // COLUMN_BITS))
        smallest_tile = chip.lanes // max(chip.weight_bits)
        tile_bits = max(1, ceil_log2(-(-chip.largest_layer // smallest_tile)))
        address_bits = chip.memory("spikes").address_bits
        super().__init__(
            {
                "start": In(1),
                "base": In(address_bits),
                "last_word": In(self._word_bits),
                "last_tile": In(tile_bits),
                "items": Out(item_signature(chip)),
                "port": Out(MemoryPort(address_bits, 1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        tag_layout = data.StructLayout({"word": self._word_bits, "last": 1, "final": 1})
        queue = [Signal(COLUMN_BITS, name=f"spikes_{index}") for index in range(self._depth)]
        tags = [Signal(tag_layout, name=f"tag_{index}") for index in range(self._depth)]
        used = Signal(self._depth)

        # Fetch: every word of every pass, as long as the queue has room for what is under way.
        active = Signal()
        word = Signal(self._word_bits)
        tile = Signal.like(self.last_tile)
        requested = Signal(tag_layout)
        under_way = Signal(2)
        tag_1 = Signal(tag_layout)
        tag_2 = Signal(tag_layout)
        arrives = Signal()
        room = Signal()
        m.d.comb += [
            requested.word.eq(word),
            requested.last.eq(word == self.last_word),
            requested.final.eq(tile == self.last_tile),
            arrives.eq(self.port.valid & (self.port.read.any() | tag_2.last)),
            self.port.request.eq((active | self.start) & room),
            self.port.select.eq(1),
            self.port.address.eq(self.base + word),
        ]
        stored = sum(used, start=arrives + under_way[0])
        m.d.comb += room.eq(stored < self._depth)
        m.d.sync += [under_way.eq(Cat(self.port.grant, under_way)), tag_2.eq(tag_1)]
        with m.If(self.start):
            m.d.sync += active.eq(1)
        with m.If(self.port.grant):
            m.d.sync += [tag_1.eq(requested), word.eq(word + 1)]
            with m.If(requested.last):
                m.d.sync += [word.eq(0), tile.eq(tile + 1)]
                with m.If(requested.final):
                    m.d.sync += [active.eq(0), tile.eq(0)]

        # Transfer: the lowest set bit of the oldest word; silent words never entered the queue.
        head = queue[0]
        rest = Signal(COLUMN_BITS)
        bit = Signal(ceil_log2(COLUMN_BITS))
        pop = Signal()
        _take_lowest(m, head, rest, bit)
        m.d.comb += [
            self.items.valid.eq(used[0]),
            self.items.index.eq(Cat(bit, tags[0].word)),
            self.items.empty.eq(~head.any()),
            self.items.last.eq(tags[0].last & ~rest.any()),
            self.items.final.eq(tags[0].final),
            pop.eq(used[0] & self.items.ready & ~rest.any()),
        ]
        with m.If(self.items.ready):
            m.d.sync += head.eq(rest)

        # Queue: shift down on pop, then fill the first free place.
        free = Signal(self._depth)
        below = 1
        for place in range(self._depth):
            last = place == self._depth - 1
            occupied = Signal(name=f"occupied_{place}")
            with m.If(pop):
                if last:
                    m.d.comb += occupied.eq(0)
                else:
                    m.d.comb += occupied.eq(used[place + 1])
                    m.d.sync += [
                        queue[place].eq(queue[place + 1]),
                        tags[place].eq(tags[place + 1]),
                    ]
            with m.Else():
                m.d.comb += occupied.eq(used[place])
            m.d.comb += free[place].eq(~occupied & below)
            m.d.sync += used[place].eq(occupied | (free[place] & arrives))
            with m.If(free[place] & arrives):
                m.d.sync += [queue[place].eq(self.port.read), tags[place].eq(tag_2)]
            below = occupied
        return m


def _take_lowest(m: Module, word: Signal, rest: Signal, bit: Signal) -> None:
    """`bit` is the number of the lowest set bit of `word`, `rest` is `word` without it. In groups
    of four bits, to keep the carry chain short."""
    groups = [word[at : at + 4] for at in range(0, len(word), 4)]
    places = Array(Signal(2, name=f"place_{index}") for index in range(len(groups)))
    lower: Value = C(0, 1)
    for index, group in enumerate(groups):
        m.d.comb += places[index].eq(Mux(group[0], 0, Mux(group[1], 1, Cat(~group[2], 1))))
        for place in range(4):
            below = lower | group[:place].any() if place else lower
            m.d.comb += rest[4 * index + place].eq(group[place] & below)
        upper = Signal(name=f"up_to_{index}")
        m.d.comb += upper.eq(lower | group.any())
        lower = upper
    first = Signal(len(bit) - 2)
    for index in reversed(range(len(groups))):
        with m.If(groups[index].any()):
            m.d.comb += first.eq(index)
    m.d.comb += bit.eq(Cat(places[first], first))
