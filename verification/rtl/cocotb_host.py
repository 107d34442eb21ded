"""A Wishbone host in cocotb: plays a driver's accesses on the chip's pins, as a host would."""

from __future__ import annotations

from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from rtl.driver import Access, Read, ReadMany, Steps, Wait, Write

__all__ = ["Host"]


class Host:
    """The bus of `dut`.

        host = Host(dut)
        await host.reset()
        outputs = await host.play(driver.infer(spikes))

    Outputs are seen, and inputs change, at the falling edge after `ack_o` rose.
    """

    def __init__(self, dut: Any, period_ns: int = 20) -> None:
        self.dut = dut
        self.accesses = 0
        for name in ("cyc", "stb", "we"):
            getattr(dut, f"wbs_{name}_i").value = 0
        dut.wbs_sel_i.value = 15
        dut.wb_rst_i.value = 0
        Clock(dut.wb_clk_i, period_ns, unit="ns").start()

    async def reset(self, cycles: int = 2) -> None:
        """Hold the reset for whole cycles."""
        await FallingEdge(self.dut.wb_clk_i)
        self.dut.wb_rst_i.value = 1
        await ClockCycles(self.dut.wb_clk_i, cycles)
        await FallingEdge(self.dut.wb_clk_i)
        self.dut.wb_rst_i.value = 0

    async def play(self, steps: Steps[Any]) -> Any:
        """Run a method of `rtl.driver.Driver`."""
        answer = None
        while True:
            try:
                access = steps.send(answer)
            except StopIteration as end:
                return end.value
            answer = await self._access(access)

    async def _access(self, access: Access) -> Any:
        self.accesses += 1
        dut = self.dut
        match access:
            case Write(address, data):
                dut.wbs_dat_i.value = data
                await self._cycles(address, 1, 1)
                return None
            case Read(address):
                return (await self._cycles(address, 0, 1))[0]
            case ReadMany(address, count):
                return await self._cycles(address, 0, count)
            case Wait():
                if not dut.irq_o.value:
                    await RisingEdge(dut.irq_o)
                return None

    async def _cycles(self, address: int, write: int, count: int) -> list[int]:
        """`count` classic cycles on end, with stb held in between."""
        dut = self.dut
        dut.wbs_adr_i.value = address
        dut.wbs_we_i.value = write
        dut.wbs_cyc_i.value = 1
        dut.wbs_stb_i.value = 1
        rises = RisingEdge(dut.wbs_ack_o)
        words = []
        for _ in range(count):
            await rises
            words.append(0 if write else int(dut.wbs_dat_o.value))
        await FallingEdge(dut.wb_clk_i)
        dut.wbs_cyc_i.value = 0
        dut.wbs_stb_i.value = 0
        await RisingEdge(dut.wb_clk_i)
        return words
