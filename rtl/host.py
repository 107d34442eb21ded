"""The host's side: a Wishbone B4 slave in front of registers, memories and the trace port."""

from __future__ import annotations

from amaranth.hdl import Array, C, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, PureInterface

from .config import COLUMN_BITS, Chip
from .memory import MemoryPort
from .registers import IDENTITY, REGISTERS, Window, map_size, parameters, windows
from .updater import TracePort

__all__ = ["Host", "Wishbone"]

WINDOW_BITS = 24
"""Address bits below the base address: the chip answers in 16 MB."""
REGISTER_BITS = 6
"""Address bits that choose a register; the bits above only tell registers from memories."""


class Wishbone(wiring.Signature):
    """Wishbone B4, classic cycles, 32-bit port of 32-bit granularity; the slave's side.

    A write with any `sel` bit low is acknowledged and ignored. No access waits longer than a tile's
    update, but for reads of `trace`.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "cyc_i": In(1),
                "stb_i": In(1),
                "we_i": In(1),
                "sel_i": In(4),
                "adr_i": In(32),
                "dat_i": In(32),
                "ack_o": Out(1),
                "dat_o": Out(32),
            }
        )


class Host(wiring.Component):
    """Registers of `rtl.registers`, with the counters, the step queue and the interrupt.

    Members
    -------
    wbs : Out(Wishbone)
    irq : Out(1)
    memories : Out(MemoryPort) for each of `rtl.registers.windows`, as member port_<role>
    trace : In(TracePort)
    ready : In(1), memories are cleared
    step_idle, step_done : In(1), of the sequencer
    step_start, step_buffer, step_first : Out(1), to the sequencer
    weight_read : In(1), synapses : In(n), to count
    """

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        ports = {
            f"port_{window.role}": Out(
                MemoryPort(chip.memories[window.role].address_bits, window.columns)
            )
            for window in windows(chip)
        }
        super().__init__(
            {
                "wbs": Out(Wishbone()),
                "irq": Out(1),
                "trace": In(TracePort()),
                "ready": In(1),
                "step_idle": In(1),
                "step_done": In(1),
                "step_start": Out(1),
                "step_buffer": Out(1),
                "step_first": Out(1),
                "weight_read": In(1),
                "synapses": In(chip.largest_layer.bit_length()),
                **ports,
            }
        )
        self._map_bits = (map_size(chip) - 1).bit_length()
        self._windows = {window: getattr(self, f"port_{window.role}") for window in windows(chip)}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._registers(m)
        self._bus(m)
        return m

    def _registers(self, m: Module) -> None:
        """State behind the registers; `self._values` is what each of them reads."""
        wbs = self.wbs
        self._write = {name: Signal(name=f"write_{name}") for name in REGISTERS}
        data = wbs.dat_i

        def written(register: str, field: str):
            entry = REGISTERS[register][field]
            return data[entry.offset : entry.offset + entry.width]

        interrupt, trace, traced, done, overrun = (
            Signal(name=name) for name in ("interrupt", "trace_next", "trace_on", "done", "overrun")
        )
        with m.If(self._write["control"]):
            m.d.sync += [
                interrupt.eq(written("control", "interrupt")),
                trace.eq(written("control", "trace")),
            ]

        # The running step and the one queued behind it.
        queued, buffer, first = (
            Signal(name=name) for name in ("queued", "queued_buffer", "queued_first")
        )
        go = self._write["start"] & written("start", "go")
        m.d.comb += [
            self.step_start.eq(queued & self.step_idle),
            self.step_buffer.eq(buffer),
            self.step_first.eq(first),
            self.irq.eq(done & interrupt),
            self.trace.enable.eq(traced),
        ]
        with m.If(self.step_start):
            m.d.sync += [queued.eq(0), traced.eq(trace)]
        with m.If(self._write["status"]):
            with m.If(written("status", "done")):
                m.d.sync += done.eq(0)
            with m.If(written("status", "overrun")):
                m.d.sync += overrun.eq(0)
        with m.If(self.step_done):
            m.d.sync += done.eq(1)
        with m.If(go):
            with m.If(queued | ~self.ready):
                m.d.sync += overrun.eq(1)
            with m.Else():
                m.d.sync += [
                    queued.eq(1),
                    buffer.eq(written("start", "buffer")),
                    first.eq(written("start", "first")),
                ]

        busy = queued | ~self.step_idle
        counters = {}
        for name, increment in (
            ("cycles", busy),
            ("weight_reads", self.weight_read),
            ("synaptic_operations", self.synapses),
        ):
            counters[name] = counter = Signal(self._chip.counter_bits, name=name)
            m.d.sync += counter.eq(Mux(self._write[name], data, counter + increment))

        self._tracing = traced & ~self.step_idle
        self._values = {
            "identity": C(IDENTITY, 32),
            "parameters": C(parameters(self._chip), 32),
            "control": Cat(interrupt, trace),
            "start": C(0, 1),
            "status": Cat(self.ready, busy, queued & ~self.step_idle, done, overrun),
            **counters,
            "trace": self.trace.word,
        }

    def _bus(self, m: Module) -> None:
        """One access at a time; `dat_o` and `ack_o` are registers."""
        wbs = self.wbs
        selected = Signal()
        acting = Signal()
        kept = Signal()
        m.d.comb += [
            selected.eq(wbs.cyc_i & wbs.stb_i),
            acting.eq(
                selected
                & ~wbs.ack_o
                & (wbs.adr_i[WINDOW_BITS:] == self._chip.base_address >> WINDOW_BITS)
            ),
        ]
        m.d.sync += [wbs.ack_o.eq(0), kept.eq(kept & selected)]
        with m.FSM():
            with m.State("IDLE"), m.If(acting):
                m.d.sync += kept.eq(1)
                self._register_access(m)
                for window, port in self._windows.items():
                    with m.If(self._inside(window)):
                        with m.If(wbs.we_i & ~wbs.sel_i.all()):
                            m.d.sync += wbs.ack_o.eq(1)
                        with m.Else():
                            m.d.comb += port.request.eq(1)
                        with m.If(port.grant & wbs.we_i):
                            m.d.sync += wbs.ack_o.eq(1)
                        with m.If(port.grant & ~wbs.we_i):
                            m.next = "READ"
            with m.State("READ"):
                m.next = "DATA"
            with m.State("DATA"):
                for window, port in self._windows.items():
                    with m.If(port.valid):
                        m.d.sync += wbs.dat_o.eq(self._column(window, port))
                m.d.sync += wbs.ack_o.eq(kept & selected)
                m.next = "IDLE"
        for window, port in self._windows.items():
            column_end = 2 + window.column_bits
            row_end = column_end + len(port.address)
            m.d.comb += [
                port.write.eq(wbs.we_i),
                port.address.eq(wbs.adr_i[column_end:row_end]),
                port.select.eq(1 << wbs.adr_i[2:column_end] if window.columns > 1 else 1),
                port.data.eq(Cat(wbs.dat_i for _ in range(window.columns))),
            ]

    def _inside(self, window: Window) -> Value:
        size_bits = (window.size - 1).bit_length()
        return self.wbs.adr_i[size_bits : self._map_bits] == window.offset >> size_bits

    def _column(self, window: Window, port: PureInterface) -> Value:
        """The word that the host asked for, of a row that the memory has read."""
        if window.columns == 1:
            return port.read
        columns = Array(
            port.read[COLUMN_BITS * column : COLUMN_BITS * (column + 1)]
            for column in range(window.columns)
        )
        return columns[self.wbs.adr_i[2 : 2 + window.column_bits]]

    def _register_access(self, m: Module) -> None:
        """Answer at once, but for `trace`; unused places read 0. The registers repeat every 64
        bytes up to the first memory, all of it every `map_size` bytes."""
        wbs = self.wbs
        m.d.sync += wbs.dat_o.eq(0)
        with m.If(~Cat(self._inside(window) for window in self._windows).any()):
            m.d.sync += wbs.ack_o.eq(1)
            with m.Switch(wbs.adr_i[2:REGISTER_BITS]):
                for name, register in REGISTERS.items():
                    with m.Case(register.offset >> 2):
                        m.d.comb += self._write[name].eq(wbs.we_i & wbs.sel_i.all())
                        m.d.sync += wbs.dat_o.eq(self._values[name])
                        if name == "trace":
                            m.d.comb += self.trace.pop.eq(self.trace.valid & ~wbs.we_i)
                            with m.If(self._tracing & ~self.trace.valid & ~wbs.we_i):
                                m.d.sync += wbs.ack_o.eq(0)
