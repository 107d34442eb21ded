"""The chip: memories, sequencer, lanes, updater and host, wired together."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from . import config
from .host import Host, Wishbone
from .lanes import LaneArray
from .memory import Memory
from .sequencer import Sequencer
from .updater import Updater

__all__ = ["Chip"]


class Chip(wiring.Component):
    """The accelerator of a `rtl.config.Chip`.

    Members
    -------
    wb_clk_i : In(1), the only clock, rising edge
    wb_rst_i : In(1), synchronous reset: every register; one cycle is enough
    wbs : Out(Wishbone)
    irq_o : Out(1), level, high while a finished step waits for its host
    """

    def __init__(self, chip: config.Chip) -> None:
        self._chip = chip
        super().__init__(
            {
                "wb_clk_i": In(1),
                "wb_rst_i": In(1),
                "wbs": Out(Wishbone()),
                "irq_o": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = domain = ClockDomain("sync")
        domain.clk, domain.rst = self.wb_clk_i, self.wb_rst_i
        m.submodules.host = host = Host(self._chip)
        m.submodules.sequencer = sequencer = Sequencer(self._chip)
        m.submodules.lanes = lanes = LaneArray(self._chip)
        m.submodules.updater = updater = Updater(self._chip)
        wiring.connect(m, wiring.flipped(self.wbs), host.wbs)
        wiring.connect(m, host.trace, updater.trace)
        m.d.comb += [
            self.irq_o.eq(host.irq),
            host.ready.eq(self._memories(m, host, sequencer, updater)),
            sequencer.start.eq(host.step_start),
            sequencer.buffer.eq(host.step_buffer),
            sequencer.first.eq(host.step_first),
            host.step_idle.eq(sequencer.idle),
            host.step_done.eq(sequencer.done),
            host.weight_read.eq(sequencer.weights.grant),
            host.synapses.eq(sequencer.synapses),
            lanes.weight_log.eq(sequencer.weight_log),
            lanes.add.eq(sequencer.weights.valid),
            lanes.row.eq(sequencer.weights.read),
            lanes.take.eq(sequencer.take),
            updater.start.eq(sequencer.layer_start),
            updater.layer.eq(sequencer.layer),
            updater.first.eq(sequencer.step_first),
            updater.buffer.eq(sequencer.step_buffer),
            updater.tile_end.eq(sequencer.tile_end),
            sequencer.updater_idle.eq(updater.idle),
            sequencer.updater_busy.eq(updater.busy),
            lanes.shift.eq(updater.shift),
            lanes.release.eq(updater.release),
            updater.count.eq(lanes.count),
        ]
        for ours, theirs in zip(lanes.heads, updater.heads, strict=True):
            m.d.comb += theirs.eq(ours)
        return m

    def _memories(self, m: Module, host: Host, sequencer: Sequencer, updater: Updater) -> Signal:
        """Give every memory its requesters, most urgent first: the updater must never wait, the
        scanner stops by itself when its queue is full, rows of weights can always wait. Returns
        whether all are cleared."""
        if self._chip.shared:
            requesters = {
                "shared": [
                    updater.spikes,
                    updater.state,
                    sequencer.spikes,
                    host.port_shared,
                    sequencer.descriptors,
                    sequencer.weights,
                ]
            }
        else:
            requesters = {
                "spikes": [
                    updater.spikes,
                    sequencer.spikes,
                    host.port_spikes,
                    sequencer.descriptors,
                ],
                "state": [updater.state, host.port_state],
                "weights": [host.port_weights, sequencer.weights],
            }
        ready = Signal(len(requesters))
        for index, (role, ports) in enumerate(requesters.items()):
            memory = Memory(self._chip.memories[role], self._chip.columns(role), len(ports))
            m.submodules[role] = memory
            m.d.comb += ready[index].eq(memory.ready)
            for port, slot in zip(ports, memory.ports, strict=True):
                wiring.connect(m, port, slot)
        return ready.all()
