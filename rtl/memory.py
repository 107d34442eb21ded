"""1RW memories behind one interface: SRAM macros or flip-flops, cleared after reset, shared by
requesters of fixed priority.

A request granted in cycle t captures its address at the end of t; the storage has cycle t+1 to
read; the word stands in the memory's own output register in cycle t+2, marked by `valid`. So no
logic follows the late data of a macro but the bank multiplexer and that register.
"""

from __future__ import annotations

from amaranth.hdl import C, Cat, ClockSignal, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from . import config
from .config import COLUMN_BITS

__all__ = ["Memory", "MemoryPort", "Storage"]


class MemoryPort(wiring.Signature):
    """A requester's side of a memory.

    Parameters
    ----------
    address_bits, columns : shape of the memory

    Members
    -------
    request : Out(1), held until `grant`
    write : Out(1)
    address : Out(address_bits)
    select : Out(columns), the columns that a write or read concerns
    data : Out(32 * columns), to write
    grant : In(1), the request is taken in this cycle
    valid : In(1), two cycles after the grant of a read: `read` holds the word
    read : In(32 * columns)
    """

    def __init__(self, address_bits: int, columns: int) -> None:
        super().__init__(
            {
                "request": Out(1),
                "write": Out(1),
                "address": Out(address_bits),
                "select": Out(columns),
                "data": Out(COLUMN_BITS * columns),
                "grant": In(1),
                "valid": In(1),
                "read": In(COLUMN_BITS * columns),
            }
        )


class Storage(wiring.Component):
    """The bits themselves. One access per cycle, read data one cycle later.

    Parameters
    ----------
    memory : rows, and what each column is made of
    columns : 32-bit columns

    Members
    -------
    select : In(columns), enables per column
    write : In(1)
    address : In(address_bits)
    data : In(32 * columns)
    read : Out(32 * columns), valid until the next read
    """

    def __init__(self, memory: config.Memory, columns: int) -> None:
        self._memory, self._columns = memory, columns
        super().__init__(
            {
                "select": In(columns),
                "write": In(1),
                "address": In(memory.address_bits),
                "data": In(COLUMN_BITS * columns),
                "read": Out(COLUMN_BITS * columns),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        build = self._flops if self._memory.macro == config.FLOPS else self._macros
        for column in range(self._columns):
            part = slice(column * COLUMN_BITS, (column + 1) * COLUMN_BITS)
            build(m, column, self.select[column], self.data[part], self.read[part])
        return m

    def _macros(self, m: Module, column: int, select, data, read) -> None:
        rows = self._memory.words // self._memory.macro_words
        row_bits = ceil_log2(self._memory.macro_words)
        row = self.address[row_bits:]
        outputs = []
        for index in range(rows):
            output = Signal(COLUMN_BITS, name=f"output_{column}_{index}")
            m.submodules[f"sram_{column}_{index}"] = Instance(
                self._memory.macro,
                i_clk0=ClockSignal(),
                i_csb0=~(select & (row == index)) if rows > 1 else ~select,
                i_web0=~self.write,
                i_addr0=self.address[:row_bits],
                i_din0=data,
                o_dout0=output,
            )
            outputs.append(output)
        if rows == 1:
            m.d.comb += read.eq(outputs[0])
            return
        read_row = Signal.like(row, name=f"read_row_{column}")
        with m.If(select & ~self.write):
            m.d.sync += read_row.eq(row)
        with m.Switch(read_row):
            for index, output in enumerate(outputs):
                with m.Case(index):
                    m.d.comb += read.eq(output)

    def _flops(self, m: Module, column: int, select, data, read) -> None:
        words = [
            Signal(COLUMN_BITS, name=f"word_{column}_{index}")
            for index in range(self._memory.words)
        ]
        address = Signal.like(self.address, name=f"read_address_{column}")
        with m.If(select & ~self.write):
            m.d.sync += address.eq(self.address)
        with m.If(select & self.write), m.Switch(self.address):
            for index, word in enumerate(words):
                with m.Case(index):
                    m.d.sync += word.eq(data)
        with m.Switch(address):
            for index, word in enumerate(words):
                with m.Case(index):
                    m.d.comb += read.eq(word)


class Memory(wiring.Component):
    """Storage, the clearing of it after reset, and the choice between its requesters.

    Parameters
    ----------
    memory, columns : as of `Storage`
    requesters : number of ports; the lowest index wins

    Members
    -------
    ports : In(MemoryPort) x requesters
    ready : Out(1), every word has been cleared since reset; nothing is granted before
    """

    def __init__(self, memory: config.Memory, columns: int, requesters: int) -> None:
        self._memory, self._columns = memory, columns
        port = MemoryPort(memory.address_bits, columns)
        super().__init__({"ports": In(port).array(requesters), "ready": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.storage = storage = Storage(self._memory, self._columns)
        cleared = Signal(self._memory.address_bits + 1)
        m.d.comb += self.ready.eq(cleared[-1])

        with m.If(~self.ready):
            m.d.comb += [
                storage.select.eq(~C(0, self._columns)),
                storage.write.eq(1),
                storage.address.eq(cleared),
            ]
            m.d.sync += cleared.eq(cleared + 1)
        for port in self.ports:
            with m.Elif(port.request):
                m.d.comb += [
                    port.grant.eq(1),
                    storage.select.eq(port.select),
                    storage.write.eq(port.write),
                    storage.address.eq(port.address),
                    storage.data.eq(port.data),
                ]

        reading = Signal(len(self.ports))
        output = Signal(len(storage.read))
        m.d.sync += reading.eq(Cat(port.grant & ~port.write for port in self.ports))
        with m.If(reading.any()):
            m.d.sync += output.eq(storage.read)
        for index, port in enumerate(self.ports):
            m.d.sync += port.valid.eq(reading[index])
            m.d.comb += port.read.eq(output)
        return m
