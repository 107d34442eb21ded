"""The test bench of one cell at one corner: many short transients in one ngspice process.

Every input is a source whose ramps are altered between runs, every output carries a capacitor. A
run starts from the operating point. Times are ns, capacitances pF, energies pJ, charges pC.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path

from flow.pdk.characterize.corners import Corner
from flow.pdk.characterize.netlist import Netlist
from macros.spice import device_models, parse_measures, simulate

__all__ = ["Bench", "Ramp", "Result", "Run"]

START_NS = 0.01
STRESS_OFFSET_UM = 0.05
"""How much nearer to the gate than drawn diffusion ends for timing. Fitted: with this one number
the switching thresholds of the released library's gates, which its slow inputs show, agree for all
drives; its leakage wants none."""
SLEW_SPAN = 0.6
"""Share of a full ramp between its 20 % and 80 % points."""

_ASTRAY = 0.05
"""Share of the supply by which an output may be off its rail before the ramp."""


@dataclass(frozen=True)
class Ramp:
    """An input goes to `high` through 50 % at `at_ns` with a 20-80 % transition of `slew_ns`."""

    at_ns: float
    slew_ns: float
    high: bool

    @property
    def full_ns(self) -> float:
        return self.slew_ns / SLEW_SPAN


@dataclass(frozen=True)
class Run:
    """One transient.

    Members
    -------
    level: input -> its value before any ramp.
    ramps: input -> its ramps in time order.
    load_pf: output -> capacitor.
    output, rising: the output to measure and its edge; none when only energy counts.
    charge_of: input whose charge is wanted; peak: whether the output's extremes are.
    stop_ns, step_ns: length of the transient, longest time step.
    """

    level: dict[str, bool]
    ramps: dict[str, list[Ramp]]
    load_pf: dict[str, float]
    output: str = ""
    rising: bool = True
    charge_of: str = ""
    peak: bool = False
    stop_ns: float = 1.0
    step_ns: float = 0.01


@dataclass(frozen=True)
class Result:
    """What one run gave; NaN where there was no such crossing.

    Members
    -------
    cross_ns: when the output passed 50 %; low_ns, high_ns: 20 % and 80 %.
    start, final: output voltage at the start and the end, as a share of the supply.
    energy_pj: delivered by the supply; charge_pc: by the ramping input while it ramps.
    """

    cross_ns: float = math.nan
    low_ns: float = math.nan
    high_ns: float = math.nan
    start: float = math.nan
    final: float = math.nan
    least: float = math.nan
    most: float = math.nan
    energy_pj: float = math.nan
    charge_pc: float = math.nan

    @property
    def slew_ns(self) -> float:
        return abs(self.high_ns - self.low_ns)


@dataclass(frozen=True)
class Bench:
    """A cell's extracted netlist between sources and loads at a corner.

    `node_volt` (net -> volt) steers the operating point of cells that remember; `pull` (output,
    high) holds a three-state output by 1 Mohm. `bypass`: ngspice skips transistors whose voltages
    hardly change, which saves a tenth of its time, but now and then it takes a wrong operating
    point for settled.
    """

    pdk: Path
    netlist: Netlist
    corner: Corner
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    node_volt: dict[str, float] = field(default_factory=dict)
    pull: tuple[str, bool] | None = None
    bypass: bool = True

    def run(self, runs: list[Run]) -> list[Result]:
        """Simulate all runs in one process; again, without `bypass`, those whose output did not
        start from its rail."""
        if not runs:
            return []
        control = [line for number, run in enumerate(runs) for line in self._control(number, run)]
        values = parse_measures(simulate(self._deck(control)))
        results = [self._result(values, number) for number in range(len(runs))]
        if self.bypass:
            astray = [k for k, run in enumerate(runs) if _astray(run, results[k])]
            again = replace(self, bypass=False).run([runs[k] for k in astray])
            for k, result in zip(astray, again, strict=True):
                results[k] = result
        return results

    def settle(self, run: Run) -> dict[str, float]:
        """Voltage of every net at the end of a run."""
        nets = sorted({n for d in self.netlist.devices for n in (d.gate, d.drain, d.source)})
        nets = [net for net in nets if net not in ("VPWR", "VGND")]
        control = ["save all", *self._transient(run)]
        control += [f"meas tran z{k} find v({net}) at={run.stop_ns}n" for k, net in enumerate(nets)]
        values = parse_measures(simulate(self._deck(control)))
        return {net: values[f"z{k}"][0] for k, net in enumerate(nets)}

    def leakage(self, states: list[dict[str, bool]]) -> list[float]:
        """Static power in nW with the inputs at each state."""
        control = []
        for number, state in enumerate(states):
            control += [f"alter v{pin} dc = {self._volt(high)}" for pin, high in state.items()]
            control += ["op", f"let p{number} = -{self.corner.volt}*i(vsupply)", f"print p{number}"]
        values = parse_measures(simulate(self._deck(control, leakage=True)))
        return [values[f"p{number}"][0] * 1e9 for number in range(len(states))]

    def _deck(self, control: list[str], leakage: bool = False) -> str:
        process = self.corner.leakage_process if leakage else self.corner.process
        lengths = sorted({device.length_nm / 1000 for device in self.netlist.devices})
        models = device_models(self.pdk, process, lengths_um=lengths)
        volt = self.corner.volt
        lines = [
            f"* {self.netlist.name} at {self.corner.name}",
            f".include {models}",
            f".option scale=1.0u gmin=1e-16 bypass={int(self.bypass)}",
            f".temp {self.corner.celsius}",
            f"vsupply VPWR 0 {volt}",
            "vwell VPB VPWR 0",
            "vground VGND 0 0",
            "vbody VNB 0 0",
            *(f"v{pin} {pin} 0 dc 0 pwl(0 0 1n 0)" for pin in self.inputs),
            *(f"cload_{pin} {pin} 0 1f" for pin in self.outputs),
            *_cards(self.netlist, 0.0 if leakage else STRESS_OFFSET_UM),
            *(f".nodeset v({net})={value:.4f}" for net, value in self.node_volt.items()),
            ".save "
            + " ".join(f"v({pin}) " for pin in self.outputs)
            + "i(vsupply) "
            + " ".join(f"i(v{pin})" for pin in self.inputs),
        ]
        if self.pull:
            pin, high = self.pull
            lines.append(f"rpull {pin} {'VPWR' if high else 'VGND'} 1e6")
        return "\n".join([*lines, ".control", *control, "quit 0", ".endc", ".end", ""])

    def _transient(self, run: Run) -> list[str]:
        lines = ["destroy all"]
        for pin in self.inputs:
            points = [(0.0, run.level[pin])]
            for ramp in run.ramps.get(pin, ()):
                half = ramp.full_ns / 2
                points += [(ramp.at_ns - half, not ramp.high), (ramp.at_ns + half, ramp.high)]
            points.append((run.stop_ns + 1, points[-1][1]))
            shape = " ".join(f"{t:.6f}n {self._volt(high)}" for t, high in points)
            lines.append(f"alter @v{pin}[pwl] = [ {shape} ]")
        lines += [f"alter cload_{pin} = {load:.7g}p" for pin, load in run.load_pf.items()]
        step = f"{run.step_ns:.6f}n"
        lines.append(f"tran {step} {run.stop_ns:.6f}n 0 {step}")
        return lines

    def _control(self, number: int, run: Run) -> list[str]:
        volt, lines = self.corner.volt, self._transient(run)
        if run.output:
            edge = "rise" if run.rising else "fall"
            for name, part in (("c", 0.5), ("l", 0.2), ("h", 0.8)):
                level = f"v({run.output})={part * volt:.4f}"
                lines.append(f"meas tran {name}{number} when {level} {edge}=last")
            lines.append(f"meas tran s{number} find v({run.output}) at=0")
            lines.append(f"meas tran f{number} find v({run.output}) at={run.stop_ns * 0.999:.6f}n")
            if run.peak:
                lines.append(f"meas tran a{number} min v({run.output})")
                lines.append(f"meas tran b{number} max v({run.output})")
        lines.append(f"meas tran e{number} integ i(vsupply)")
        if run.charge_of:
            ramp = run.ramps[run.charge_of][0]
            end = ramp.at_ns + ramp.full_ns / 2
            lines.append(f"meas tran q{number} integ i(v{run.charge_of}) from=0 to={end:.6f}n")
        return lines

    def _result(self, values: dict[str, list[float]], number: int) -> Result:
        def value(name: str, unit: float) -> float:
            found = values.get(f"{name}{number}", [math.nan])[0]
            return found / unit

        volt = self.corner.volt
        return Result(
            cross_ns=value("c", 1e-9),
            low_ns=value("l", 1e-9),
            high_ns=value("h", 1e-9),
            start=value("s", volt),
            final=value("f", volt),
            least=value("a", volt),
            most=value("b", volt),
            energy_pj=-value("e", 1e-12) * volt,
            charge_pc=abs(value("q", 1e-12)),
        )

    def _volt(self, high: bool) -> float:
        return self.corner.volt if high else 0.0


def _astray(run: Run, result: Result) -> bool:
    off = result.start if run.rising else 1 - result.start
    return bool(run.output) and not off < _ASTRAY


def _cards(netlist: Netlist, stress_offset_um: float) -> list[str]:
    """The netlist as SPICE; a resistor in front of each transistor terminal that has one."""
    lines: list[str] = []
    for number, device in enumerate(netlist.devices):
        ends = {}
        for name, net, ohm in (
            ("d", device.drain, device.drain_ohm),
            ("g", device.gate, device.gate_ohm),
            ("s", device.source, device.source_ohm),
        ):
            ends[name] = net
            if ohm > 0:
                ends[name] = f"{name}_{number}"  # no port is called so
                lines.append(f"r{name}{number} {net} {ends[name]} {ohm:.4f}")
        near, far = (side - stress_offset_um for side in device.stress_um)
        lines.append(
            f"m{number} {ends['d']} {ends['g']} {ends['s']} {device.bulk} "
            f"sky130_fd_pr__{device.kind}__model w={device.width_nm / 1000} "
            f"l={device.length_nm / 1000} m={device.fingers} "
            f"ad={device.drain_area_um2:.5f} as={device.source_area_um2:.5f} "
            f"pd={device.drain_rim_um:.4f} ps={device.source_rim_um:.4f} "
            f"sa={near:.4f} sb={far:.4f}"
        )
    for number, ((one, other), value) in enumerate(netlist.capacitance_ff.items()):
        lines.append(f"c{number} {one} {other} {value:.5f}f")
    return lines
