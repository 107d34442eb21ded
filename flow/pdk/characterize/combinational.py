"""Tables of a cell without memory: delays, transitions, energies, capacitances, leakage.

An arc is (input, output, sense): one of all states of the other inputs stands for it, edge by edge
(see `Corner.state`), so a probe finds that state and only it gets a full table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from flow.pdk.characterize.bench import SLEW_SPAN, START_NS, Bench, Ramp, Result, Run
from flow.pdk.characterize.corners import geometric

__all__ = ["Arc", "Pace", "Stimulus", "arcs", "characterize", "leakage", "pace", "tables"]

SMALLEST_PF = 0.0005
_PROBE = 3
"""Index of the slew and load at which states are compared."""
_STEPS = 6
"""Least number of time steps in an output's 20-80 % transition."""

Vector = tuple[bool, ...]


@dataclass(frozen=True)
class Stimulus:
    """An input ramp that moves an output: state of all inputs before it, and the edges."""

    pin: str
    pin_rises: bool
    output: str
    output_rises: bool
    state: tuple[tuple[str, bool], ...]

    @property
    def level(self) -> dict[str, bool]:
        return dict(self.state)


@dataclass(frozen=True)
class Arc:
    """All stimuli of one (input, output, sense)."""

    pin: str
    output: str
    positive: bool
    stimuli: tuple[Stimulus, ...]


def arcs(inputs: tuple[str, ...], functions: dict[str, dict[Vector, bool]]) -> list[Arc]:
    """Arcs of a cell from its truth tables, outputs and inputs in order, negative sense last."""
    found = []
    for output, truth in functions.items():
        for place, pin in enumerate(inputs):
            for positive in (True, False):
                stimuli = tuple(
                    Stimulus(
                        pin,
                        not vector[place],
                        output,
                        not truth[vector],
                        tuple(zip(inputs, vector, strict=True)),
                    )
                    for vector in truth
                    if truth[vector] != truth[_flipped(vector, place)]
                    and (truth[vector] == vector[place]) == positive
                )
                if stimuli:
                    found.append(Arc(pin, output, positive, stimuli))
    return found


def _flipped(vector: Vector, place: int) -> Vector:
    return (*vector[:place], not vector[place], *vector[place + 1 :])


@dataclass(frozen=True)
class Pace:
    """How long the transients of an output edge last, from three probes at the table's corners.

    quick_ns, slow_ns: settling time after the fastest and the slowest ramp, least load.
    sharp_ns, blunt_ns: transition of the output in the same two.
    per_pf: ns that each pF of load adds to both.
    slowest_ns: the slowest ramp's 20-80 % time.
    """

    quick_ns: float
    slow_ns: float
    sharp_ns: float
    blunt_ns: float
    per_pf: float
    slowest_ns: float

    def run(self, run: Run, slew_ns: float, load_pf: float) -> Run:
        """`run` with its length and time step set."""
        share = slew_ns / self.slowest_ns
        loaded = self.per_pf * load_pf
        settle = self.quick_ns + share * (self.slow_ns - self.quick_ns) + loaded
        edge = self.sharp_ns + share * (self.blunt_ns - self.sharp_ns) + loaded
        stop = START_NS + slew_ns / SLEW_SPAN + 1.3 * settle + 2.4 * loaded + 0.02
        return replace(run, stop_ns=stop, step_ns=min(stop / 30, edge / _STEPS))


def transition(bench: Bench, stimulus: Stimulus, slew_ns: float, load_pf: float) -> Run:
    """The run of one table point, without its length; other outputs carry the least load."""
    ramp = Ramp(START_NS + slew_ns / SLEW_SPAN / 2, slew_ns, stimulus.pin_rises)
    loads = {pin: load_pf if pin == stimulus.output else SMALLEST_PF for pin in bench.outputs}
    return Run(
        stimulus.level,
        {stimulus.pin: [ramp]},
        loads,
        stimulus.output,
        stimulus.output_rises,
        stimulus.pin,
    )


def pace(bench: Bench, stimulus: Stimulus, large_pf: float) -> Pace:
    """Probe an edge at the corners of its table."""
    slews = (bench.corner.slew_ns[0], bench.corner.slowest_ns)
    plan = [(slews[0], SMALLEST_PF), (slews[1], SMALLEST_PF), (slews[0], large_pf)]
    lasting = 2.5 * bench.corner.slowest_ns
    for _ in range(5):
        runs = []
        for slew, load in plan:
            stop = START_NS + slew / SLEW_SPAN + (lasting if load == large_pf else lasting / 2)
            run = transition(bench, stimulus, slew, load)
            runs.append(replace(run, stop_ns=stop, step_ns=stop / 100))
        results = bench.run(runs)
        if all(_complete(result) for result in results):
            settle = [
                max(result.high_ns, result.low_ns, START_NS + slew / SLEW_SPAN)
                - START_NS
                - slew / SLEW_SPAN
                + result.slew_ns / 2
                for (slew, _), result in zip(plan, results, strict=True)
            ]
            sharp, blunt, heavy = (result.slew_ns for result in results)
            return Pace(settle[0], settle[1], sharp, blunt, (heavy - sharp) / large_pf, slews[1])
        lasting *= 3
    raise ValueError(
        f"{bench.netlist.name}: {stimulus.output} does not follow {stimulus.pin} at "
        f"{dict(stimulus.state)}"
    )


def largest_load(bench: Bench, stimuli: list[Stimulus]) -> float:
    """Load in pF at which the slowest of some edges takes as long as the slowest slew of the axis:
    the end of the load axis."""
    if bench.corner.largest_pf:
        return bench.corner.largest_pf
    target, slew = bench.corner.slowest_ns, bench.corner.slowest_ns
    load = 0.1
    for _ in range(8):
        stop = START_NS + slew / SLEW_SPAN + 4 * target
        runs = [
            replace(transition(bench, stimulus, slew, load), stop_ns=stop, step_ns=target / 30)
            for stimulus in stimuli
        ]
        found = [result.slew_ns for result in bench.run(runs)]
        slowest = max(found)
        if not math.isfinite(slowest) or min(found) != min(found):
            load /= 3
            continue
        factor = target / slowest
        load *= min(factor, 4.0)
        if abs(factor - 1) < 0.02:
            break
    return load


def tables(
    bench: Bench, plan: list[tuple[Stimulus, Pace, tuple[float, ...]]]
) -> list[list[list[Result]]]:
    """For each (stimulus, pace, loads) the results[slew][load], all in one process; points that did
    not settle are run again for longer."""
    slews = bench.corner.slew_ns
    runs = [
        beat.run(transition(bench, stimulus, slew, load), slew, load)
        for stimulus, beat, loads in plan
        for slew, load in product(slews, loads)
    ]
    results = bench.run(runs)
    for _ in range(5):
        again = [k for k, run in enumerate(runs) if not _settled(results[k], run.rising)]
        if not again:
            break
        for k in again:
            runs[k] = replace(runs[k], stop_ns=runs[k].stop_ns * 2)
        for k, result in zip(again, bench.run([runs[k] for k in again]), strict=True):
            results[k] = result
    else:
        raise ValueError(f"{bench.netlist.name}: {runs[again[0]].output} does not settle")
    width, size = len(plan[0][2]), len(slews) * len(plan[0][2])
    return [
        [results[start + k : start + k + width] for k in range(0, size, width)]
        for start in range(0, len(results), size)
    ]


def _complete(result: Result) -> bool:
    return all(map(math.isfinite, (result.cross_ns, result.low_ns, result.high_ns)))


def _settled(result: Result, rising: bool) -> bool:
    return (result.final if rising else 1 - result.final) > 0.97 and _complete(result)


def delay(result: Result, slew_ns: float) -> float:
    """From the input's 50 % to the output's, ns."""
    return result.cross_ns - START_NS - slew_ns / SLEW_SPAN / 2


def standing(bench: Bench, found: list[Arc], beats, axes) -> dict[tuple[int, bool], Stimulus]:
    """(arc number, output rises) -> the stimulus that stands for it by its delay in mid table."""
    slew = bench.corner.slew_ns[_PROBE]
    plan, runs = [], []
    for number, arc in enumerate(found):
        for stimulus in arc.stimuli:
            beat = beats[stimulus.output, stimulus.output_rises]
            load = axes[arc.output][_PROBE]
            run = beat.run(transition(bench, stimulus, slew, load), slew, load)
            plan.append((number, stimulus))
            runs.append(replace(run, stop_ns=1.5 * run.stop_ns))
    alone = {(number, s.output_rises): s for number, s in plan}
    if len(alone) == len(plan):
        return alone
    ways: dict[tuple[int, bool], list[tuple[float, Stimulus]]] = {}
    for (number, stimulus), result in zip(plan, bench.run(runs), strict=True):
        key = (number, stimulus.output_rises)
        ways.setdefault(key, []).append((delay(result, slew), stimulus))
    return {
        key: several[bench.corner.standing([late for late, _ in several])][1]
        for key, several in ways.items()
    }


def standing_of(ways: list[tuple[Bench, Stimulus]], beat: Pace, loads: tuple[float, ...]) -> int:
    """Number of the way that stands for all by its delay in mid table; each has its own bench."""
    if len(ways) == 1:
        return 0
    corner = ways[0][0].corner
    slew, load = corner.slew_ns[_PROBE], loads[_PROBE]
    delays = []
    for bench, stimulus in ways:
        run = beat.run(transition(bench, stimulus, slew, load), slew, load)
        result = bench.run([replace(run, stop_ns=2 * run.stop_ns)])[0]
        delays.append(delay(result, slew))
    return corner.standing(delays)


def characterize(bench: Bench, functions: dict[str, dict[Vector, bool]]) -> dict[str, Any]:
    """All tables of a combinational cell as plain data.

    axes: output -> loads; timing: one entry per arc with `rise` and `fall` tables of `delay`,
    `transition` and `energy`; capacitance: pin -> edge -> pF; input_energy: pin -> edge -> one
    value per input slew.
    """
    found = arcs(bench.inputs, functions)
    axes, beats = {}, {}
    for output in functions:
        edges = _slow_edges(found, output)
        axes[output] = geometric(SMALLEST_PF, largest_load(bench, edges))
        for stimulus in edges:
            beats[output, stimulus.output_rises] = pace(bench, stimulus, axes[output][-1])
    silent = input_energy(bench, functions)
    chosen = standing(bench, found, beats, axes)
    plan = [
        (stimulus, beats[stimulus.output, stimulus.output_rises], axes[stimulus.output])
        for stimulus in chosen.values()
    ]
    charges: dict[str, dict[bool, list[float]]] = {p: {True: [], False: []} for p in bench.inputs}
    timing: list[dict[str, Any]] = [
        {"pin": arc.pin, "output": arc.output, "positive": arc.positive} for arc in found
    ]
    for (number, rises), grid in zip(chosen, tables(bench, plan), strict=True):
        stimulus = chosen[number, rises]
        own = silent.get(stimulus.pin, {}).get("rise" if stimulus.pin_rises else "fall")
        timing[number]["rise" if rises else "fall"] = edge_tables(
            bench, grid, axes[stimulus.output], own
        )
        charges[stimulus.pin][stimulus.pin_rises] += [
            result.charge_pc / bench.corner.volt for row in grid for result in row
        ]
    return {
        "axes": {output: list(loads) for output, loads in axes.items()},
        "timing": timing,
        "capacitance": {pin: capacitance(values) for pin, values in charges.items()},
        "input_energy": silent,
    }


def _slow_edges(found: list[Arc], output: str) -> list[Stimulus]:
    """One stimulus for each edge of an output."""
    every = [s for arc in found if arc.output == output for s in arc.stimuli]
    return [next(s for s in every if s.output_rises == rises) for rises in (True, False)]


def edge_tables(
    bench: Bench,
    grid: list[list[Result]],
    loads: tuple[float, ...],
    own_energy: list[float] | None,
) -> dict[str, list[list[float]]]:
    """Delay (ns), transition (ns) and internal energy (pJ) of one edge, [slew][load].

    Energy is what the supply gave, less half of the load's C V^2, less what the input's own table
    already counts for this ramp.
    """
    volt, slews = bench.corner.volt, bench.corner.slew_ns
    own = (
        np.interp(np.log(slews), np.log(input_slews(bench)), own_energy)
        if own_energy
        else np.zeros(len(slews))
    )
    return {
        "delay": [
            [delay(result, slew) for result in row] for slew, row in zip(slews, grid, strict=True)
        ],
        "transition": [[result.slew_ns for result in row] for row in grid],
        "energy": [
            [
                float(result.energy_pj - load * volt**2 / 2 - less)
                for result, load in zip(row, loads, strict=True)
            ]
            for row, less in zip(grid, own, strict=True)
        ],
    }


def capacitance(values: dict[bool, list[float]]) -> dict[str, float]:
    """Rise and fall capacitance in pF: the mean, over all table points, of the charge that the
    source delivers while it ramps, over the supply."""
    return {edge: float(np.mean(values[edge == "rise"])) for edge in ("rise", "fall")}


def input_slews(bench: Bench) -> tuple[float, ...]:
    """Transitions at which the energy of inputs is measured: it hardly depends on them."""
    return bench.corner.slew_ns[::3]


def input_energy(
    bench: Bench, functions: dict[str, dict[Vector, bool]]
) -> dict[str, dict[str, list[float]]]:
    """Energy in pJ of an input ramp that no output follows, the mean of up to four states of the
    others: pin -> edge -> one value per input slew."""
    slews = input_slews(bench)
    keys, runs = [], []
    for place, pin in enumerate(bench.inputs):
        for rises in (True, False):
            states = [
                vector
                for vector in next(iter(functions.values()))
                if vector[place] != rises
                and all(t[vector] == t[_flipped(vector, place)] for t in functions.values())
            ]
            for slew, vector in product(slews, states[:4]):
                level = dict(zip(bench.inputs, vector, strict=True))
                keys.append((pin, "rise" if rises else "fall", slew))
                runs.append(quiet(bench, level, pin, rises, slew))
    sums: dict[tuple[str, str, float], list[float]] = {}
    for key, result in zip(keys, bench.run(runs), strict=True):
        sums.setdefault(key, []).append(result.energy_pj)
    found: dict[str, dict[str, list[float]]] = {}
    for (pin, edge, _), values in sums.items():
        found.setdefault(pin, {}).setdefault(edge, []).append(float(np.mean(values)))
    return found


def quiet(bench: Bench, level: dict[str, bool], pin: str, rises: bool, slew: float) -> Run:
    """A ramp on `pin` that is watched for its energy only."""
    ramp = Ramp(START_NS + slew / SLEW_SPAN / 2, slew, rises)
    stop = START_NS + slew / SLEW_SPAN + 0.4 * bench.corner.slowest_ns
    loads = dict.fromkeys(bench.outputs, SMALLEST_PF)
    return Run(level, {pin: [ramp]}, loads, stop_ns=stop, step_ns=stop / 40)


def leakage(
    bench: Bench, functions: dict[str, dict[Vector, bool]]
) -> list[tuple[dict[str, bool], float]]:
    """(state, nW) for all input states."""
    states = [
        dict(zip(bench.inputs, vector, strict=True)) for vector in next(iter(functions.values()))
    ]
    return list(zip(states, bench.leakage(states), strict=True))
