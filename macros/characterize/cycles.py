"""A macro under clock: cycles of write, read and idle, and what they gave.

A cycle begins with a rising clk0; all other inputs change half a period earlier, in the low phase
of the cycle before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from macros.characterize.bench import LONGEST_STEP_NS, Bench, Pwl, Waves, edges
from macros.characterize.corners import Corner
from macros.characterize.trim import Circuit, far
from macros.shape import MacroShape

__all__ = ["Clocked", "Cycle", "Outcome"]


@dataclass(frozen=True)
class Cycle:
    """`write`, `read` or `idle`; `data` is the word written, or the one a read must give."""

    kind: str
    address: int = 0
    data: int = 0


@dataclass(frozen=True)
class Outcome:
    """Waveforms of some cycles with their clock."""

    waves: Waves
    bench: Clocked

    def energy_pj(self, cycle: int) -> float:
        """Energy that the supply delivered from one rising edge to the next."""
        start, end = self.bench.rise(cycle), self.bench.rise(cycle + 1)
        return self.waves.charge_pc(start, end) * self.bench.corner.volt

    def output(self, bit: int, cycle: int) -> int | None:
        """Value of a bit of dout0 at the rising edge that ends a cycle; None within 30 % to 70 % of
        the supply."""
        share = self.waves.at(f"dout0[{bit}]", self.bench.rise(cycle + 1)) / self.bench.corner.volt
        return None if 0.3 < share < 0.7 else int(share > 0.5)


@dataclass(frozen=True)
class Clocked:
    """A macro's circuit with sources on its pins.

    Members
    -------
    high_ns, low_ns: phases of clk0; slew_ns: 20 % to 80 % of every input; load_pf: on every output.
    step_ns: longest time step. Slow inputs need short ones, or a chain of gates switches in one.
    """

    pdk: Path
    corner: Corner
    circuit: Circuit
    shape: MacroShape
    high_ns: float
    low_ns: float
    slew_ns: float = 0.1
    load_pf: float = 0.01
    leakage: bool = False
    extra: tuple[str, ...] = ()
    step_ns: float = LONGEST_STEP_NS

    @property
    def period_ns(self) -> float:
        return self.high_ns + self.low_ns

    def rise(self, cycle: int) -> float:
        """When clk0 rises for a cycle; the first leaves the circuit time to settle."""
        return self.period_ns * cycle + max(self.period_ns, 4.0)

    def fall(self, cycle: int) -> float:
        return self.rise(cycle) + self.high_ns

    def run(self, cycles: Sequence[Cycle], watch: Sequence[str] = ()) -> Outcome:
        """Simulate; `watch` names nets of the macro, at their loads unless `near:` precedes
        the name; its clock and outputs are always seen."""
        member = self.circuit.member
        names = ["clk0", *(f"dout0[{bit}]" for bit in range(self.shape.bits)), *watch]
        kept = {
            name: name.removeprefix("near:") if name.startswith("near:") else member.get(name, name)
            for name in names
        }
        loads: dict[str, float] = {}
        for bit in range(self.shape.bits):
            net = member[f"dout0[{bit}]"]
            loads[net] = loads.get(net, 0.0) + self.load_pf
        nets = list(dict.fromkeys(kept.values()))
        bench = Bench(self.pdk, self.corner, self.circuit, leakage=self.leakage, extra=self.extra)
        waves = bench.run(
            self.sources(cycles),
            nets,
            self.rise(len(cycles)) + 0.1,
            loads_pf=loads,
            initial=self._initial(),
            step_ns=self.step_ns,
        )
        named = Waves(
            waves.time, {name: waves.of[net] for name, net in kept.items()}, waves.current
        )
        return Outcome(named, self)

    def sources(self, cycles: Sequence[Cycle]) -> dict[str, Pwl]:
        """Input net of the circuit -> its source."""
        buses = {"addr0": self.shape.address_bits, "din0": self.shape.bits}
        levels = {"clk0": [(0.0, 0)], "csb0": [(0.0, 1)], "web0": [(0.0, 1)]}
        levels |= {f"{bus}[{i}]": [(0.0, 0)] for bus, width in buses.items() for i in range(width)}
        for k, cycle in enumerate(cycles):
            levels["clk0"] += [(self.rise(k), 1), (self.fall(k), 0)]
            when = self.rise(k) - self.low_ns / 2
            levels["csb0"].append((when, int(cycle.kind == "idle")))
            levels["web0"].append((when, int(cycle.kind != "write")))
            for bus, value in (("addr0", cycle.address), ("din0", cycle.data)):
                for i in range(buses[bus]):
                    levels[f"{bus}[{i}]"].append((when, value >> i & 1))
        levels["clk0"].append((self.rise(len(cycles)), 1))
        return {
            self.circuit.member[pin].removesuffix("~"): edges(
                changes, self.slew_ns, self.corner.volt
            )
            for pin, changes in levels.items()
        }

    def _initial(self) -> dict[str, float]:
        """Bit lines precharged, all cells 0, latches on one side."""
        volt = self.corner.volt
        found: dict[str, float] = {}
        for leaf in self.circuit.leaves:
            match leaf.kind.name:
                case "cell_1rw" | "dummy_cell_1rw":
                    found |= {f"{leaf.path}.q": 0.0, f"{leaf.path}.qb": volt}
                case "replica_cell_1rw":
                    found |= {f"{leaf.path}.q": 0.0}
                case "sense_amp":
                    found |= {f"{leaf.path}.{net}": volt for net in ("o1", "o2", "qb")}
                    found |= {f"{leaf.path}.q": 0.0}
                case "dff":
                    selects = leaf.path.startswith("control0")
                    found |= {f"{leaf.path}.s": 0.0 if selects else volt}
            if leaf.kind.name in ("cell_1rw", "replica_cell_1rw"):
                for side in ("bl", "br"):
                    found |= {leaf.nets[side]: volt, far(leaf.nets[side]): volt}
        return found
