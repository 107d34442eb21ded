"""The lane array: one weight word per spike, added to all accumulators of a tile at once."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .config import Chip

__all__ = ["LaneArray", "raw_bits"]


def raw_bits(chip: Chip, lane: int) -> int:
    """Bits of the sum of unsigned weight codes in `lane`, for the widest format that uses it."""
    formats = [bits for bits in chip.weight_bits if lane < chip.lanes // bits]
    largest_code = {1: 1, 2: 2, 4: 15}[max(formats)]
    return (largest_code * chip.largest_layer).bit_length()


class LaneArray(wiring.Component):
    """Accumulators of a tile of neurons, and the way out of them.

    Weights are stored as unsigned codes (see `rtl.image`), so lanes only ever count up; the
    updater takes the codes' offset off again, `count` times. The sums leave through a shift
    register, `update_lanes` at a time. Without a second buffer the accumulators are that shift
    register, which empties itself for the next tile; with one, the finished tile moves over.

    Members
    -------
    weight_log : In(2), a weight has 2**weight_log bits
    add : In(1), add the codes in `row`
    row : In(lanes)
    take : In(1), the tile is complete after this cycle's `add`
    shift : In(1), drop the sums at the heads
    release : In(1), the taken tile has been used up
    heads : Out(raw) x update_lanes, the sums of the next neurons; from the cycle after `take`
    count : Out(n), spikes that were added to the taken tile
    """

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        super().__init__(
            {
                "weight_log": In(2),
                "add": In(1),
                "row": In(chip.lanes),
                "take": In(1),
                "shift": In(1),
                "release": In(1),
                "heads": Out(raw_bits(chip, 0)).array(chip.update_lanes),
                "count": Out(chip.largest_layer.bit_length()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        chip = self._chip
        sums, chain = [], []
        for lane in range(chip.lanes):
            width = raw_bits(chip, lane)
            total = Signal(width, name=f"sum_{lane}")
            code = self._code(m, lane)
            m.d.comb += total.eq((register := Signal(width, name=f"lane_{lane}")) + code)
            sums.append(total)
            if chip.double_buffer:
                m.d.sync += register.eq(Mux(self.take, 0, total))
                register = Signal(width, name=f"taken_{lane}")
            chain.append(register)
        beyond: Value | int
        for lane, register in enumerate(chain):
            source = lane + chip.update_lanes
            beyond = chain[source] if source < chip.lanes else 0
            if chip.double_buffer:
                with m.If(self.take):
                    m.d.sync += register.eq(sums[lane])
                with m.Elif(self.shift):
                    m.d.sync += register.eq(beyond)
            else:
                m.d.sync += register.eq(Mux(self.shift, beyond, sums[lane]))
        for head, register in zip(self.heads, chain, strict=False):
            m.d.comb += head.eq(register)
        self._count(m)
        return m

    def _code(self, m: Module, lane: int) -> Signal:
        """The lane's weight code in this cycle, 0 without `add`."""
        widths = [bits for bits in self._chip.weight_bits if lane < self._chip.lanes // bits]
        code = Signal(max(widths), name=f"code_{lane}")
        with m.If(self.add), m.Switch(self.weight_log):
            for bits in widths:
                with m.Case(bits.bit_length() - 1):
                    m.d.comb += code.eq(self.row[lane * bits : (lane + 1) * bits])
        return code

    def _count(self, m: Module) -> None:
        if self._chip.double_buffer:
            counting = Signal.like(self.count)
            total = Signal.like(self.count)
            m.d.comb += total.eq(counting + self.add)
            m.d.sync += counting.eq(Mux(self.take, 0, total))
            with m.If(self.take):
                m.d.sync += self.count.eq(total)
        else:
            m.d.sync += self.count.eq(Mux(self.release, 0, self.count + self.add))
