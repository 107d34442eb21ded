"""A circuit between sources at a corner, simulated by ngspice as one transient.

Times are ns, voltages V, currents mA, charges pC, loads pF. Transients start without an operating
point (its search would cost more than the transient): nets in `initial` at their value, all others
at 0 V, and settle within the first cycle.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from macros.characterize.corners import Corner
from macros.characterize.trim import SUPPLIES, Circuit, Element
from macros.spice import SpiceError, device_models, simulate
from macros.technology.parasitics import CONTACT_OHM

__all__ = ["LONGEST_STEP_NS", "Bench", "Pwl", "Waves", "edges"]

Pwl = Sequence[tuple[float, float]]
"""Points (ns, V) of a source."""

ROUNDING = 1e-3  # of the stop time, which the deck states in rounded numbers
SLEW_SPAN = 0.6  # share of a full ramp between its 20 % and 80 % points
DRAWN_DIFFUSION_UM = 0.265  # from a gate over one contact to the end: licon_11 + licon + licon_5c
SHARED_DIFFUSION_UM = 0.14  # half of a contacted diffusion between two gates
CONTACT_PITCH_UM = 0.36  # licon and licon_2, along a gate
LONGEST_STEP_NS = 0.5
TOO_SMALL = "Timestep too small"
# rshunt: bit lines of dummy columns float. gear, reltol, bypass: three times as fast as ngspice's
# defaults, delays of a 16x8 within 15 ps of theirs.
COMMON = "scale=1.0u rshunt=1e13 method=gear"
OPTIONS = ("reltol=3e-3 bypass=1", "reltol=1e-3", "reltol=1e-3 itl4=100 cshunt=1e-17")
PRECISE = tuple(
    f"reltol={tolerance} abstol=1e-15 vntol=1e-9 gmin=1e-15 {more}"
    for tolerance, more in ((1e-6, ""), (1e-5, "itl4=100"), (1e-5, "itl4=100 cshunt=1e-17"))
)
"""Options tried one after the other while ngspice finds no time step small enough."""


@dataclass(frozen=True)
class Waves:
    """Waveforms: `time` [points] in ns, `of` net -> [points] in V; `current` [points], drawn from
    the supply, in mA."""

    time: np.ndarray
    of: Mapping[str, np.ndarray]
    current: np.ndarray

    def cross(self, net: str, level: float, after: float, *, rising: bool) -> float:
        """When a net first passes `level` after a time; NaN when it never does."""
        wave = self.of[net] if rising else -self.of[net]
        level = level if rising else -level
        found = np.nonzero((wave[:-1] < level) & (wave[1:] >= level) & (self.time[1:] > after))[0]
        if not len(found):
            return float("nan")
        k = found[0]
        share = (level - wave[k]) / (wave[k + 1] - wave[k])
        return float(self.time[k] + share * (self.time[k + 1] - self.time[k]))

    def slew(self, net: str, volt: float, after: float, *, rising: bool) -> float:
        """Transition (20 % to 80 % of `volt`) of the first edge after a time."""
        first, last = (0.2, 0.8) if rising else (0.8, 0.2)
        start = self.cross(net, first * volt, after, rising=rising)
        return self.cross(net, last * volt, start, rising=rising) - start

    def at(self, net: str, when: float) -> float:
        return float(np.interp(when, self.time, self.of[net]))

    def charge_pc(self, start: float, end: float) -> float:
        """Charge that the supply delivered from `start` to `end`."""
        inside = (self.time > start) & (self.time < end)
        time = np.concatenate([[start], self.time[inside], [end]])
        return float(np.trapezoid(np.interp(time, self.time, self.current), time))


@dataclass(frozen=True)
class Bench:
    """A circuit at a corner.

    Members
    -------
    leakage: use the corner's models for leakage.
    precise: resolve currents of nA, far slower per event.
    extra: lines added to the deck.
    """

    pdk: Path
    corner: Corner
    circuit: Circuit
    leakage: bool = False
    precise: bool = False
    extra: tuple[str, ...] = ()

    def run(
        self,
        sources: Mapping[str, Pwl],
        watch: Sequence[str],
        stop_ns: float,
        *,
        loads_pf: Mapping[str, float] | None = None,
        initial: Mapping[str, float] | None = None,
        step_ns: float = LONGEST_STEP_NS,
    ) -> Waves:
        """Simulate up to `stop_ns` with time steps of at most `step_ns`. `watch` names nets of the
        circuit. Raises `SpiceError` when ngspice does not reach the end."""
        # a precise run starts from a settled state, and ngspice solves the nodes inside of
        # transistors: bodies at 0 V would ask for first steps that it cannot make
        start = "" if self.precise else "uic"
        probes = " ".join(f"v({_node(net)})" for net in watch)
        body = [
            *self._netlist(),
            *(
                f"vin{k} {_node(net)} 0 pwl({' '.join(f'{t:.6g}n {v:.6g}' for t, v in points)})"
                for k, (net, points) in enumerate(sources.items())
            ),
            *(
                f"cload{k} {_node(net)} 0 {load:.6g}p"
                for k, (net, load) in enumerate((loads_pf or {}).items())
            ),
            *(f".ic v({_node(net)})={volt:g}" for net, volt in (initial or {}).items()),
            *self.extra,
            ".control",
            "set wr_singlescale",
            f"save {probes} vsupply#branch",
            f"tran {step_ns / 20:.6g}n {stop_ns:.6g}n 0 {step_ns:.6g}n {start}",
            f"wrdata waves.txt {probes} vsupply#branch",
            "quit 0",
            ".endc",
            ".end",
            "",
        ]
        *first, last = PRECISE if self.precise else OPTIONS
        for options in first:
            try:
                return self._simulate(options, body, watch, stop_ns)
            except SpiceError as trouble:
                if TOO_SMALL not in str(trouble):
                    raise
        return self._simulate(last, body, watch, stop_ns)

    def _simulate(
        self, options: str, body: Sequence[str], watch: Sequence[str], stop_ns: float
    ) -> Waves:
        deck = ["* macro", f".option {COMMON} {options}", *body]
        text = simulate("\n".join(deck), timeout_s=3600, files=("waves.txt",))
        return _waves(text, watch, stop_ns)

    def _netlist(self) -> list[str]:
        process = self.corner.leakage_process if self.leakage else self.corner.process
        devices = sorted({element.model for element in self.circuit.elements})
        return [
            f".include {device_models(self.pdk, process, devices)}",
            f".temp {self.corner.celsius}",
            f"vsupply vccd1 0 {self.corner.volt}",
            "vground vssd1 0 0",
            *(_transistor(k, one) for k, one in enumerate(self.circuit.elements)),
            *(
                f"r{k} {_node(a)} {_node(b)} {max(ohm, 0.01):.6g}"
                for k, (a, b, ohm) in enumerate(self.circuit.resistors)
            ),
            *(
                f"c{k} {_node(net)} 0 {ff:.6g}f"
                for k, (net, ff) in enumerate(self.circuit.capacitors)
            ),
        ]


def edges(changes: Sequence[tuple[float, int]], slew_ns: float, volt: float) -> Pwl:
    """A source that passes 50 % to a level (0 or 1) at each time; the first entry is the start."""
    ramp = slew_ns / SLEW_SPAN
    level = changes[0][1]
    points = [(changes[0][0], level * volt)]
    for when, new in changes[1:]:
        if new != level:
            points += [(when - ramp / 2, level * volt), (when + ramp / 2, new * volt)]
            level = new
    return points


def _waves(text: str, watch: Sequence[str], stop_ns: float) -> Waves:
    """From what wrdata wrote: time, each net, current into the supply source."""
    width = len(watch) + 2
    rows = [row for line in text.splitlines() if len(row := line.split()) == width]
    rows = [row for row in rows if all(re.fullmatch(r"[-+.\deE]+", word) for word in row)]
    if not rows:
        raise SpiceError("ngspice wrote no waveforms")
    table = np.array(rows, dtype=float)
    time = table[:, 0] * 1e9
    if time[-1] < stop_ns * (1 - ROUNDING):
        raise SpiceError(f"ngspice stopped at {time[-1]:.2f} of {stop_ns:.2f} ns")
    nets = {net: table[:, k + 1] for k, net in enumerate(watch)}
    return Waves(time, nets, -table[:, -1] * 1e3)


def _transistor(number: int, one: Element) -> str:
    """With its junctions (to the middle of a shared contact, or to the diffusion's end), its
    contacts (one per pitch; rsh of the models is 1 ohm, so that nrd and nrs are ohms), and, for
    diffusions of a single gate, their stress."""
    length = SHARED_DIFFUSION_UM if one.shared else DRAWN_DIFFUSION_UM
    width = one.width_um
    area, rim = width * length, 2 * length + (0 if one.shared else width)
    contacts = max(1, int((width - 0.06) / CONTACT_PITCH_UM))
    ohm = CONTACT_OHM["ndiff" if one.model.startswith("n") else "pdiff"] / contacts
    stress = "" if one.shared else f" sa={length} sb={length}"
    nodes = " ".join(_node(net) for net in one.nets)
    return (
        f"m{number} {nodes} sky130_fd_pr__{one.model}__model w={width:g} l={one.length_um:g} "
        f"m={one.count} ad={area:.5g} as={area:.5g} pd={rim:.5g} ps={rim:.5g}{stress} "
        f"nrd={ohm:.5g} nrs={ohm:.5g}"
    )


def _node(net: str) -> str:
    return net if net in SUPPLIES else "n_" + re.sub(r"\W", "_", net.replace("~", "_far"))
