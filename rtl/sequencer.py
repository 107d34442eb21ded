"""The sequencer: walks through the layers of a time step and feeds weight rows to the lanes."""

from __future__ import annotations

from amaranth.hdl import C, Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from .config import COLUMN_BITS, Chip
from .layouts import SCAN_WORDS
from .memory import MemoryPort
from .scanner import Scanner

__all__ = ["Sequencer"]


class Sequencer(wiring.Component):
    """Runs a time step: for every layer, tile and spiking input, one row of weights to the lanes.

    The descriptor of the next layer is fetched while the updater still works on the last tile of
    this one; its scan begins when that tile's spikes are written.

    Members
    -------
    start : In(1), run a time step; only while idle
    buffer : In(1), which of the two input and output buffers it uses; taken with `start`, as is
    first : In(1), it begins an inference
    idle : Out(1)
    done : Out(1), in the last cycle of a step
    layer, step_buffer, step_first, layer_start : Out, for the updater
    updater_idle : In(1)
    updater_busy : In(1), the lanes are taken (without double buffer), or their second set is
    tile_end : Out(1), a cycle after the last row of a tile was granted
    weight_log : Out(2), take : Out(1), for the lanes; rows reach them as the `weights` port's read
    synapses : Out(n), neurons reached by the spike granted in this cycle, once per layer; else 0
    weights, spikes, descriptors : Out(MemoryPort)
    """

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        spikes, weights = chip.memory("spikes"), chip.memory("weights")
        spikes_port = MemoryPort(spikes.address_bits, 1)
        super().__init__(
            {
                "start": In(1),
                "buffer": In(1),
                "first": In(1),
                "idle": Out(1),
                "done": Out(1),
                "layer": Out(spikes.address_bits - 3),
                "step_buffer": Out(1),
                "step_first": Out(1),
                "layer_start": Out(1),
                "updater_idle": In(1),
                "updater_busy": In(1),
                "tile_end": Out(1),
                "weight_log": Out(2),
                "take": Out(1),
                "synapses": Out(chip.largest_layer.bit_length()),
                "weights": Out(MemoryPort(weights.address_bits, chip.columns("weights"))),
                "spikes": Out(spikes_port),
                "descriptors": Out(spikes_port),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        chip = self._chip
        m.submodules.scanner = scanner = Scanner(chip)
        wiring.connect(m, wiring.flipped(self.spikes), scanner.port)
        items = scanner.items
        neuron_bits = ceil_log2(chip.largest_layer)

        # The layer's parameters, from its descriptor.
        last_input = Signal(neuron_bits)
        last_neuron = Signal(neuron_bits)
        last_layer = Signal()
        input_base = Signal(chip.memory("spikes").address_bits)
        base_row = Signal(chip.memory("weights").address_bits)
        m.d.comb += [
            scanner.start.eq(self.layer_start),
            scanner.base.eq(input_base),
            scanner.last_word.eq(last_input >> ceil_log2(COLUMN_BITS)),
            scanner.last_tile.eq((last_neuron << self.weight_log) >> ceil_log2(chip.lanes)),
        ]

        # Rows: input i of the tile that starts at base_row has row base_row + i. A tile begins
        # once the lanes are free; with double buffers it may not end before their second set is.
        in_tile = Signal()
        free = Signal()
        taken = Signal()
        tile_end = Signal(2)
        hold = items.last if chip.double_buffer else ~in_tile
        m.d.comb += [
            free.eq(~(hold & self.updater_busy)),
            self.weights.request.eq(items.valid & ~items.empty & free),
            self.weights.select.eq(~C(0, chip.columns("weights"))),
            self.weights.address.eq(base_row + items.index),
            items.ready.eq(self.weights.grant | (items.empty & free)),
            taken.eq(items.valid & items.ready),
            self.tile_end.eq(tile_end[0]),
            self.take.eq(tile_end[1]),
        ]
        m.d.sync += tile_end.eq(Cat(taken & items.last, tile_end))
        with m.If(taken):
            m.d.sync += in_tile.eq(~items.last)
            with m.If(items.last):
                m.d.sync += base_row.eq(base_row + last_input + 1)

        # Every spike reaches all neurons of the layer: counted in the first tile only.
        first_tile = Signal()
        with m.If(first_tile & self.weights.grant):
            m.d.comb += self.synapses.eq(last_neuron + 1)
        with m.If(self.layer_start):
            m.d.sync += first_tile.eq(1)
        with m.Elif(taken & items.last):
            m.d.sync += first_tile.eq(0)

        port = self.descriptors
        sent = Signal(2)
        received = Signal()
        shape, bases = (layout(port.read) for layout in SCAN_WORDS)
        swap = (self.layer == 0) & self.step_buffer
        m.d.comb += [
            port.select.eq(1),
            port.address.eq(Cat(sent, C(0, 1), self.layer)),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(1)
                m.d.sync += [sent.eq(0), self.layer.eq(0)]
                with m.If(self.start):
                    m.d.sync += [self.step_buffer.eq(self.buffer), self.step_first.eq(self.first)]
                    m.next = "FETCH"
            with m.State("FETCH"):
                m.d.comb += port.request.eq(sent != len(SCAN_WORDS))
                with m.If(port.grant):
                    m.d.sync += sent.eq(sent + 1)
                with m.If(port.valid):
                    m.d.sync += received.eq(~received)
                    with m.If(~received):
                        m.d.sync += [
                            last_input.eq(shape.last_input),
                            last_neuron.eq(shape.last_neuron),
                            self.weight_log.eq(shape.weight_log),
                            last_layer.eq(shape.last_layer),
                        ]
                    with m.Else():
                        m.d.sync += [
                            input_base.eq(bases.input_base ^ (swap << ceil_log2(chip.layer_words))),
                            base_row.eq(bases.weight_base),
                        ]
                        m.next = "WAIT"
            with m.State("WAIT"):
                m.d.comb += self.layer_start.eq(self.updater_idle)
                with m.If(self.updater_idle):
                    m.next = "SCAN"
            with m.State("SCAN"), m.If(taken & items.last & items.final):
                with m.If(last_layer):
                    m.next = "DRAIN"
                with m.Else():
                    m.d.sync += [sent.eq(0), self.layer.eq(self.layer + 1)]
                    m.next = "FETCH"
            with m.State("DRAIN"), m.If(self.updater_idle):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
        return m
