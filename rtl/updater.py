"""The updater: takes finished sums from the lanes, updates the neurons, writes their spikes."""

from __future__ import annotations

from amaranth.hdl import Array, C, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from .config import COLUMN_BITS, Chip
from .lanes import raw_bits
from .layouts import (
    MAGNITUDE_LOW_BITS,
    SCAN_WORDS,
    SPIKE_COUNT_WORD,
    UPDATE_WORDS,
    record_layout,
    trace_layouts,
)
from .memory import MemoryPort
from .neuron import Neuron, NeuronMode, leak

__all__ = ["TracePort", "Updater"]


class TracePort(wiring.Signature):
    """Every update, held until the host has read it.

    Members
    -------
    enable : In(1), hold; constant during a time step
    valid : Out(1)
    word : Out(32), see `rtl.layouts.trace_layouts`
    pop : In(1), next word
    """

    def __init__(self) -> None:
        super().__init__({"enable": In(1), "valid": Out(1), "word": Out(COLUMN_BITS), "pop": In(1)})


class Updater(wiring.Component):
    """Reads `update_lanes` records, updates them in two pipeline stages, writes them back.

    A group of neurons takes two cycles, as the state memory has one port: read, write. A layer's
    spikes are gathered to 32-bit words and written to the spikes memory; `idle` rises with the
    last access. The read of the next group is only requested when the registers of the neurons
    are sure to be free as it arrives, so nothing behind the memories ever waits.

    Members
    -------
    start : In(1), of a layer; only while idle
    layer : In(n), its place in the descriptor table; taken with `start`
    first : In(1), first time step of an inference: potentials count as 0, neurons as armed; held
    buffer : In(1), output buffer that the last layer writes; held
    idle : Out(1)
    tile_end : In(1), the lanes hold a complete tile two cycles from now
    busy : Out(1), a tile is complete and not used up
    shift, release : Out(1), heads, count : In, see `LaneArray`
    spikes : Out(MemoryPort), descriptors and output spikes
    state : Out(MemoryPort)
    trace : Out(TracePort)
    """

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        spikes, state = chip.memory("spikes"), chip.memory("state")
        super().__init__(
            {
                "start": In(1),
                "layer": In(spikes.address_bits - 3),
                "first": In(1),
                "buffer": In(1),
                "idle": Out(1),
                "tile_end": In(1),
                "busy": Out(1),
                "shift": Out(1),
                "release": Out(1),
                "heads": In(raw_bits(chip, 0)).array(chip.update_lanes),
                "count": In(chip.largest_layer.bit_length()),
                "spikes": Out(MemoryPort(spikes.address_bits, 1)),
                "state": Out(MemoryPort(state.address_bits, chip.state_columns)),
                "trace": Out(TracePort()),
            }
        )
        lanes = chip.update_lanes
        self._neuron_bits = ceil_log2(chip.largest_layer)
        self._lane_bits = ceil_log2(lanes)
        group_bits = self._neuron_bits - self._lane_bits

        # The layer's parameters, from its descriptor.
        self._mode = NeuronMode(chip.potential_bits).create()
        self._magnitude_high = Signal(chip.potential_bits - MAGNITUDE_LOW_BITS)
        self._last_neuron = Signal(self._neuron_bits)
        self._weight_log = Signal(2)
        self._bipolar = Signal()
        self._output_address = Signal(spikes.address_bits)
        self._state_base = Signal(state.address_bits)
        self._spike_count = Signal(chip.counter_bits)

        # Progress: descriptor complete, tile complete; groups read and written; groups left in the
        # lanes; groups in the spike word.
        self._running = Signal()
        self._pending = Signal()
        self._read_group = Signal(group_bits)
        self._write_group = Signal(group_bits)
        self._all_read = Signal()
        self._slots = Signal(range(chip.lanes // lanes + 1))
        self._place = Signal(ceil_log2(COLUMN_BITS // lanes))
        self._word = Signal(COLUMN_BITS)
        self._word_full = Signal()

        # The pipeline: a read under way, then neurons full of what it brought.
        self._under_way = Signal()
        self._full = Signal()
        self._commit = Signal()
        self._flush_lanes = Signal()
        self._flush_word = Signal()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._control(m)
        self._read_and_write(m)
        spikes = self._neurons(m)
        self._gather(m, spikes)
        return m

    def _control(self, m: Module) -> None:
        """From a layer's descriptor through its tiles to its spike count."""
        sent = Signal(3)
        received = Signal(3)
        pause = Signal()
        layer = Signal.like(self.layer)
        port = self.spikes
        waiting = self._pending & ~self._under_way & ~self.state.valid & ~self._full
        if self._chip.double_buffer:
            used_up = waiting & ((self._slots == 0) | self._all_read)
        else:
            used_up = waiting & (self._slots == 0)
            m.d.comb += self._flush_lanes.eq(waiting & (self._slots != 0) & self._all_read)
        m.d.comb += [
            self.busy.eq(self._pending | self.tile_end),
            port.select.eq(1),
            port.address.eq(Cat((sent + len(SCAN_WORDS))[:3], layer)),
            port.data.eq(self._word),
        ]

        def begin(state_machine: Module) -> None:
            with state_machine.If(self.start):
                state_machine.d.sync += [
                    layer.eq(self.layer),
                    sent.eq(0),
                    received.eq(0),
                    pause.eq(1),
                    self._read_group.eq(0),
                    self._write_group.eq(0),
                    self._all_read.eq(0),
                ]
                state_machine.next = "FETCH"

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(1)
                begin(m)
            with m.State("FETCH"):
                # Every other cycle is left to the scanner, whose first word is more urgent.
                m.d.comb += port.request.eq((sent != len(UPDATE_WORDS)) & ~pause)
                m.d.sync += pause.eq(~pause)
                with m.If(port.grant):
                    m.d.sync += sent.eq(sent + 1)
                with m.If(port.valid):
                    m.d.sync += received.eq(received + 1)
                    self._load(m, received)
                    with m.If(received == len(UPDATE_WORDS) - 1):
                        m.next = "RUN"
            with m.State("RUN"):
                m.d.comb += self._running.eq(1)
                with m.If(used_up):
                    m.d.comb += self.release.eq(1)
                    m.d.sync += [self._pending.eq(0), self._slots.eq(self._tile_groups())]
                    with m.If(self._all_read):
                        m.next = "FINISH"
            with m.State("FINISH"):
                m.d.comb += self._flush_word.eq(self._place != 0)
                with m.If(~self._flush_word & ~self._word_full):
                    m.d.comb += [
                        port.request.eq(1),
                        port.write.eq(1),
                        port.address.eq(Cat(C(SPIKE_COUNT_WORD, 3), layer)),
                        port.data.eq(self._spike_count),
                        self.idle.eq(1),  # as nothing goes before this write
                    ]
                    m.next = "IDLE"
                    begin(m)
        with m.If(self.tile_end):
            m.d.sync += self._pending.eq(1)
        with m.If(self._word_full):
            m.d.comb += [
                port.request.eq(1),
                port.write.eq(1),
                port.address.eq(self._output_address),
            ]

    def _load(self, m: Module, index: Signal) -> None:
        """Keep what descriptor word `index` says."""
        modes, bases, high, low, count = (layout(self.spikes.read) for layout in UPDATE_WORDS)
        with m.Switch(index):
            with m.Case(0):
                m.d.sync += [
                    self._last_neuron.eq(modes.last_neuron),
                    self._weight_log.eq(modes.weight_log),
                    self._bipolar.eq(modes.bipolar),
                    self._magnitude_high.eq(modes.magnitude_high),
                    self._mode.signed.eq(modes.signed),
                    self._mode.hysteresis.eq(modes.hysteresis),
                    self._mode.reset.eq(modes.reset),
                    self._mode.once.eq(modes.once),
                    self._output_address.eq(
                        (modes.last_layer & self.buffer) << ceil_log2(self._chip.layer_words)
                    ),
                ]
            with m.Case(1):
                m.d.sync += [
                    self._output_address.eq(self._output_address ^ bases.output_base),
                    self._state_base.eq(bases.state_base),
                    self._slots.eq(self._tile_groups()),
                ]
            with m.Case(2):
                m.d.sync += self._mode.theta_high.eq(high.theta_high)
            with m.Case(3):
                m.d.sync += self._mode.theta_low.eq(low.theta_low)
            with m.Case(4):
                m.d.sync += self._spike_count.eq(count.spike_count)

    def _tile_groups(self) -> Value:
        """Groups of neurons in a tile of the layer's weight format."""
        groups = self._chip.lanes // self._chip.update_lanes
        return C(groups, groups.bit_length()) >> self._weight_log

    def _read_and_write(self, m: Module) -> None:
        """Requests to the state memory: writes first, then the read of the next group."""
        chip, port = self._chip, self.state
        last_group = self._last_neuron[self._lane_bits :]
        may_read = Signal()
        neurons_free = ~self.trace.enable | ~(self.state.valid | self._full)
        m.d.comb += [
            may_read.eq(
                self._running
                & (self._pending | self.tile_end)
                & (self._slots != 0)
                & ~self._all_read
                & ~self._under_way
                & neurons_free
            ),
            port.select.eq(~C(0, chip.state_columns)),
            port.request.eq(self._commit | may_read),
            port.write.eq(self._commit),
            port.address.eq(
                self._state_base + Mux(self._commit, self._write_group, self._read_group)
            ),
        ]
        m.d.sync += self._under_way.eq(port.grant & ~port.write)
        with m.If(port.grant & ~port.write):
            m.d.sync += [
                self._read_group.eq(self._read_group + 1),
                self._slots.eq(self._slots - 1),
                self._all_read.eq(self._read_group == last_group),
            ]
        with m.If(self._flush_lanes):
            m.d.sync += self._slots.eq(self._slots - 1)
        m.d.comb += self.shift.eq(port.valid | self._flush_lanes)
        with m.If(port.valid):
            m.d.sync += self._full.eq(1)
        with m.Elif(self._commit & port.grant):
            m.d.sync += [self._full.eq(0), self._write_group.eq(self._write_group + 1)]

    def _neurons(self, m: Module) -> Value:
        """Both pipeline stages of every lane; the spikes of this group, one bit per lane."""
        chip = self._chip
        layout = record_layout(chip)
        size = COLUMN_BITS // chip.records_per_column
        last_group = self._last_neuron[self._lane_bits :]
        partial = self._write_group == last_group
        spikes, trace = [], []
        low_bits = C((1 << MAGNITUDE_LOW_BITS) - 1, MAGNITUDE_LOW_BITS)
        m.d.comb += self._mode.magnitude.eq(Cat(low_bits, self._magnitude_high))

        offset = Signal(raw_bits(chip, 0) + 1)
        with m.If(self._bipolar | (self._weight_log == 1)):
            m.d.comb += offset.eq(self.count)
        with m.Elif(self._weight_log == 2):
            m.d.comb += offset.eq(self.count << 3)

        for lane in range(chip.update_lanes):
            part = slice(lane * size, (lane + 1) * size)
            old, new = layout(self.state.read[part]), layout(self.state.data[part])
            neuron = Neuron(chip.potential_bits, chip.accumulator_bits)
            m.submodules[f"neuron_{lane}"] = neuron
            beta = Signal(4, name=f"beta_{lane}")
            leaked = Signal(chip.potential_bits + 1, name=f"leaked_{lane}")
            accumulator = Signal(chip.accumulator_bits, name=f"accumulator_{lane}")
            armed = Signal(name=f"armed_{lane}")
            spent = Signal(name=f"spent_{lane}")

            sign = old.potential[-1] & self._mode.signed
            potential = Cat(old.potential, sign).as_signed()
            raw = Mux(self._bipolar, self.heads[lane] << 1, self.heads[lane])
            with m.If(self.state.valid):
                m.d.sync += [
                    beta.eq(old.beta),
                    leaked.eq(Mux(self.first, 0, leak(potential, old.beta))),
                    accumulator.eq(raw - offset),
                    armed.eq(old.armed | self.first),
                    spent.eq(old.spent & ~self.first),
                ]

            exists = ~partial | (self._last_neuron[: self._lane_bits] >= lane) if lane else C(1)
            spike = Signal(name=f"spike_{lane}")
            wiring.connect(m, self._mode, neuron.mode)
            m.d.comb += [
                neuron.leaked.eq(leaked),
                neuron.accumulator.eq(accumulator),
                neuron.armed.eq(armed),
                neuron.spent.eq(spent),
                new.potential.eq(neuron.potential),
                new.beta.eq(beta),
                new.armed.eq(neuron.next_armed),
                new.spent.eq(neuron.next_spent),
                spike.eq(neuron.spike & exists),
            ]
            spikes.append(spike)
            extended = Mux(self._mode.signed, neuron.potential.as_signed(), neuron.potential)
            trace.append(
                {
                    "accumulator": accumulator.as_signed(),
                    "potential": extended,
                    "armed": neuron.next_armed,
                    "spike": spike,
                    "valid": self.trace.valid,
                }
            )
        self._trace(m, trace)
        return Cat(spikes)

    def _trace(self, m: Module, neurons: list[dict[str, Value]]) -> None:
        """Show the neurons' words one after the other; commit when the host has seen them all."""
        layouts = trace_layouts(self._chip)
        words = []
        for neuron in neurons:
            for layout in layouts:
                members = layout.members.items()
                parts = ((neuron.get(name, C(0)), width) for name, width in members)
                words.append(Cat(_fit(value, width) for value, width in parts))
        cursor = Signal(range(len(words)))
        seen = Signal()
        m.d.comb += [
            self.trace.valid.eq(self._full & self.trace.enable & ~seen),
            self.trace.word.eq(Array(words)[cursor]),
            self._commit.eq(self._full & (seen | ~self.trace.enable)),
        ]
        with m.If(self._commit & self.state.grant):
            m.d.sync += seen.eq(0)
        with m.If(self.trace.valid & self.trace.pop):
            m.d.sync += cursor.eq(cursor + 1)
            with m.If(cursor == len(words) - 1):
                m.d.sync += [cursor.eq(0), seen.eq(1)]

    def _gather(self, m: Module, spikes: Value) -> None:
        """Collect the groups' spikes from the low end of the word up; count them."""
        done = self._commit & self.state.grant
        groups = COLUMN_BITS // self._chip.update_lanes
        with m.If(done | self._flush_word):
            fresh = Mux(done, spikes, 0)
            m.d.sync += [
                self._word.eq(Cat(self._word, fresh)[len(spikes) :]),
                self._place.eq(self._place + 1),
                self._word_full.eq(self._place == groups - 1),
            ]
        with m.If(done):
            m.d.sync += self._spike_count.eq(self._spike_count + sum(spikes))
        with m.If(self._word_full & self.spikes.grant):
            m.d.sync += [
                self._word_full.eq(0),
                self._output_address.eq(self._output_address + 1),
            ]


def _fit(value: Value, width: int) -> Value:
    """`value` cut or extended (by its sign, if it has one) to `width` bits."""
    if len(value) >= width:
        return value[:width]
    top = value[-1] if value.shape().signed else C(0, 1)
    return Cat(value, top.replicate(width - len(value)))
