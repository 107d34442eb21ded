"""Tables of cells that remember: flip-flops, latches, clock gates; and of three-state buffers.

A remembered value is put into the operating point (`Bench.node_volt`) once it has been clocked in,
so that each table point is as short a run as that of a gate.

Constraints are found by bisection, all points of a table side by side. An edge still counts as
captured while it makes the output no more than 10 % later than it is with all the time in the
world; where the output must not move, it may stray by no more than 10 % of the supply.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from flow.pdk.characterize.bench import SLEW_SPAN, START_NS, Bench, Ramp, Result, Run
from flow.pdk.characterize.cells import Flop, Gater, Latch, Tristate
from flow.pdk.characterize.combinational import (
    SMALLEST_PF,
    Stimulus,
    capacitance,
    edge_tables,
    input_slews,
    largest_load,
    pace,
    quiet,
    standing_of,
    tables,
)
from flow.pdk.characterize.corners import geometric

__all__ = ["characterize", "constraints", "leakage"]

PUSH_OUT = 1.1
STRAY = 0.1
CONSTRAINT_LOAD_PF = 0.04
"""Load behind an output whose push-out decides a constraint. Fitted: with this one number setup of
latches and clock gates and recovery of flip-flops agree with the released library, which does not
say what it used."""
_ROUNDS = 9

State = dict[str, bool]


def characterize(bench: Bench, cell: Flop | Latch | Gater | Tristate) -> dict[str, Any]:
    """All tables of a cell but its constraints, as `combinational.characterize` gives them."""
    return _kind(bench, cell).record()


def constraints(bench: Bench, cell: Flop | Latch | Gater) -> dict[str, Any]:
    """`constraints`: entries of pin, related pin, type and `rise`/`fall` tables [related slew][pin
    slew] in ns; `pulses`: pin -> {high, low: least width in ns}."""
    own = _kind(bench, cell)
    assert isinstance(own, _Clocked)
    return {"constraints": own.constraints(), "pulses": own.pulses()}


def leakage(
    bench: Bench, cell: Flop | Latch | Gater | Tristate
) -> list[tuple[dict[str, bool], float]]:
    """(state of inputs and output, nW) for all states that last."""
    states = _kind(bench, cell).states()
    return [(name, where.leakage([state])[0]) for where, state, name in states]


def _kind(bench: Bench, cell: Flop | Latch | Gater | Tristate) -> _Cell:
    if isinstance(cell, Flop):
        return _Flop(bench, cell)
    if isinstance(cell, Latch):
        return _Latch(bench, cell)
    if isinstance(cell, Gater):
        return _Gater(bench, cell)
    return _Tristate(bench, cell)


@dataclass(frozen=True)
class Edge:
    """A stimulus and the bench that remembers what it starts from."""

    bench: Bench
    stimulus: Stimulus


class _Cell(ABC):
    """What the four kinds share: arcs to tables, silent inputs, leakage, bisection."""

    output: str

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.corner = bench.corner
        # Long enough for every node to settle at any corner.
        self.rest_ns = 1.5 if bench.corner.slowest_ns < 2 else 6.0
        self._settled: dict[tuple, Bench] = {}

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """All tables but constraints."""

    @abstractmethod
    def states(self) -> list[tuple[Bench, State, State]]:
        """(bench, inputs, what to call the state) of all states that last."""

    def after(self, start: State, steps: list[tuple[str, bool]]) -> Bench:
        """The bench as it is after input changes, one every rest time."""
        key = (tuple(sorted(start.items())), tuple(steps))
        if key not in self._settled:
            ramps: dict[str, list[Ramp]] = {}
            for number, (pin, high) in enumerate(steps, 1):
                ramps.setdefault(pin, []).append(Ramp(number * self.rest_ns, 0.03, high))
            loads = dict.fromkeys(self.bench.outputs, SMALLEST_PF)
            stop = (len(steps) + 1) * self.rest_ns
            run = Run(start, ramps, loads, stop_ns=stop, step_ns=self.rest_ns / 40)
            self._settled[key] = replace(self.bench, node_volt=self.bench.settle(run))
        return self._settled[key]

    def stimulus(self, pin: str, pin_rises: bool, output_rises: bool, state: State) -> Stimulus:
        level = {**state, pin: not pin_rises}
        return Stimulus(pin, pin_rises, self.output, output_rises, tuple(level.items()))

    def timing(
        self, plan: list[tuple[dict[str, Any], dict[str, list[Edge]]]], silent: dict
    ) -> tuple[tuple[float, ...], list[dict[str, Any]]]:
        """Load axis and tables: each entry of the plan is what an arc says of itself and, for each
        edge of the output, the ways to make it, of which one stands for all."""
        edges = {
            side: next(ways[0] for _, sides in plan for name, ways in sides.items() if name == side)
            for side in ("rise", "fall")
        }
        largest = min(largest_load(e.bench, [e.stimulus]) for e in edges.values())
        loads = geometric(SMALLEST_PF, largest)
        found = []
        for about, sides in plan:
            entry = dict(about)
            for side, ways in sides.items():
                beat = pace(ways[0].bench, ways[0].stimulus, loads[-1])
                way = ways[standing_of([(e.bench, e.stimulus) for e in ways], beat, loads)]
                grid = tables(way.bench, [(way.stimulus, beat, loads)])[0]
                ramp = "rise" if way.stimulus.pin_rises else "fall"
                own = silent.get(way.stimulus.pin, {}).get(ramp)
                entry[side] = edge_tables(way.bench, grid, loads, own)
            found.append(entry)
        return loads, found

    def silent(
        self, ways: dict[str, dict[str, list[tuple[Bench, State]]]]
    ) -> tuple[dict[str, dict[str, list[float]]], dict[str, dict[str, float]]]:
        """Energy and capacitance of inputs: pin -> edge -> the remembered states to average."""
        slews = input_slews(self.bench)
        energy: dict[str, dict[str, list[float]]] = {}
        charge: dict[str, dict[bool, list[float]]] = {}
        for pin, edges in ways.items():
            for edge, states in edges.items():
                values = []
                for bench, state in states:
                    runs = [
                        replace(quiet(bench, state, pin, edge == "rise", slew), charge_of=pin)
                        for slew in slews
                    ]
                    results = bench.run(runs)
                    values.append([result.energy_pj for result in results])
                    charge.setdefault(pin, {True: [], False: []})[edge == "rise"] += [
                        result.charge_pc / self.corner.volt for result in results
                    ]
                energy.setdefault(pin, {})[edge] = list(map(float, np.mean(values, axis=0)))
        return energy, {pin: capacitance(values) for pin, values in charge.items()}

    def window_ns(self, slew: float, other: float) -> float:
        return 0.23 * self.rest_ns + 0.5 * max(slew, other)

    def constraint(
        self,
        edge: Edge,
        pin: str,
        pin_rises: bool,
        before: bool,
        level: State,
        moves: bool = True,
        start: Bench | None = None,
    ) -> list[list[float]]:
        """Table [related slew][pin slew] of the least time in ns between `pin` and the edge.

        `before`: the pin comes before (setup, recovery), else after (hold, removal). `level` holds
        the inputs at the start, `start` the bench as it then is, unless it is the edge's. `moves`:
        the output must follow the edge as if nothing happened, else it must stay.
        """
        slews = self.corner.constraint_slew_ns
        points = list(product(slews, slews))
        quick = (
            [self._quick(edge, slew) for slew in slews] if moves else [self.rest_ns] * len(slews)
        )
        sign = -1 if before else 1

        def run(point: int, gap: float) -> Run:
            (slew, other), rises = points[point], edge.stimulus.pin_rises
            at, then = _moments(slew, other, sign * gap)
            ramps = {
                edge.stimulus.pin: [Ramp(at, slew, rises)],
                pin: [Ramp(then, other, pin_rises)],
            }
            stop = max(at + quick[slews.index(slew)] if moves else 0.0, _end(ramps))
            stop += max(quick[slews.index(slew)] / 2, 0.35 * self.rest_ns)
            return self._watched(edge, {**edge.stimulus.level, **level}, ramps, stop)

        def good(point: int, gap: float, result: Result) -> bool:
            if not moves:
                return _still(result, not edge.stimulus.output_rises)
            slew, other = points[point]
            late = result.cross_ns - _moments(slew, other, sign * gap)[0]
            end = result.final if edge.stimulus.output_rises else 1 - result.final
            return end > 1 - STRAY and late <= PUSH_OUT * quick[slews.index(slew)]

        windows = [self.window_ns(*point) for point in points]
        flat = self._bisect(start or edge.bench, run, good, windows)
        return [flat[k : k + len(slews)] for k in range(0, len(flat), len(slews))]

    def _quick(self, edge: Edge, slew: float) -> float:
        """Delay of an edge that nothing disturbs."""
        at = START_NS + slew / SLEW_SPAN / 2
        ramps = {edge.stimulus.pin: [Ramp(at, slew, edge.stimulus.pin_rises)]}
        stop = at + slew / SLEW_SPAN + self.rest_ns
        result = edge.bench.run([self._watched(edge, edge.stimulus.level, ramps, stop)])[0]
        if not math.isfinite(result.cross_ns):
            raise ValueError(f"{self.bench.netlist.name}: {self.output} does not follow its clock")
        return max(result.cross_ns - at, 0.02 * self.rest_ns)

    def _watched(self, edge: Edge, level: State, ramps: dict, stop: float) -> Run:
        loads = dict.fromkeys(self.bench.outputs, CONSTRAINT_LOAD_PF)
        rises = edge.stimulus.output_rises
        ramp = min(r.slew_ns for found in ramps.values() for r in found)
        step = min(stop / 50, max(self.rest_ns / 50, ramp / 30))
        return Run(level, ramps, loads, self.output, rises, "", True, stop, step)

    def _bisect(
        self,
        bench: Bench,
        run: Callable[[int, float], Run],
        good: Callable[[int, float, Result], bool],
        windows: list[float],
    ) -> list[float]:
        """Least gap of each point that was seen to be good, between - and + its window."""
        low, high = [-w for w in windows], list(windows)
        for _ in range(_ROUNDS):
            tries = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
            results = bench.run([run(k, gap) for k, gap in enumerate(tries)])
            for k, (gap, result) in enumerate(zip(tries, results, strict=True)):
                (high if good(k, gap, result) else low)[k] = gap
        stuck = [k for k, w in enumerate(windows) if high[k] >= w or low[k] <= -w]
        if stuck:
            raise ValueError(f"{self.bench.netlist.name}: a constraint lies outside its window")
        return high

    def pulse(self, edge: Edge, level: State, back: bool = True) -> float:
        """Least width in ns of a pulse on the stimulus's pin that still moves the output."""
        slew = self.corner.slew_ns[0]
        quick = self._quick(edge, slew)
        pin, rises = edge.stimulus.pin, edge.stimulus.pin_rises
        at = START_NS + slew

        def run(_: int, width: float) -> Run:
            width = abs(width)
            ramps = {pin: [Ramp(at, slew, rises), Ramp(at + width + slew, slew, not rises)]}
            stop = at + self.rest_ns + 3 * quick
            return self._watched(edge, {**edge.stimulus.level, **level}, ramps, stop)

        def good(_: int, __: float, result: Result) -> bool:
            end = result.final if edge.stimulus.output_rises else 1 - result.final
            return end > 1 - STRAY

        low, high = 0.0, self.rest_ns * 0.8
        for _ in range(_ROUNDS):
            middle = (low + high) / 2
            if good(0, middle, edge.bench.run([run(0, middle)])[0]):
                high = middle
            else:
                low = middle
        return high + slew


def _moments(slew: float, other: float, offset: float) -> tuple[float, float]:
    """When in ns an edge and, `offset` later, that of the other pin pass 50 %, so that the first
    of their ramps begins at the start."""
    at = START_NS + max(slew / SLEW_SPAN / 2, other / SLEW_SPAN / 2 - offset)
    return at, at + offset


def _end(ramps: dict[str, list[Ramp]]) -> float:
    """When the last ramp is over, ns."""
    return max(ramp.at_ns + ramp.full_ns / 2 for found in ramps.values() for ramp in found)


def _still(result: Result, high: bool) -> bool:
    return result.least > 1 - STRAY if high else result.most < STRAY


class _Clocked(_Cell):
    """What a clock or an enable makes remember."""

    @abstractmethod
    def constraints(self) -> list[dict[str, Any]]:
        """Setup and hold tables."""

    @abstractmethod
    def pulses(self) -> dict[str, dict[str, float]]:
        """Least pulse widths."""


class _Flop(_Clocked):
    def __init__(self, bench: Bench, flop: Flop) -> None:
        super().__init__(bench)
        self.flop = flop
        self.output = flop.output
        self.guard = flop.clear or flop.preset
        self.main = next(iter(flop.data))

    def idle(
        self, value: bool, data: bool, clock: bool = False, off: str = ""
    ) -> tuple[Bench, State]:
        """A flop that holds `value`, with its data pin at `data` and the enable pin `off` off."""
        pins = {self.main: value, **self.flop.data[self.main]}
        if self.guard:
            pins[self.guard] = True
        start = {**pins, self.flop.clock: False}
        steps = [(self.flop.clock, True), (self.flop.clock, False)]
        if clock:
            steps.append((self.flop.clock, True))
        if data != value:
            steps.append((self.main, data))
        pins |= {self.main: data, self.flop.clock: clock}
        if off:
            pins[off] = not pins[off]
            steps.append((off, pins[off]))
        return self.after(start, steps), pins

    def clocked(self, value: bool) -> Edge:
        """The clock edge that makes the output `value`."""
        bench, state = self.idle(not value, value)
        return Edge(bench, self.stimulus(self.flop.clock, True, value, state))

    def forced(self) -> list[Edge]:
        """The asynchronous edge, with the clock low and high."""
        value = not self.flop.clear
        found = []
        for clock in (False, True):
            bench, state = self.idle(not value, not value, clock)
            found.append(Edge(bench, self.stimulus(self.guard, False, value, state)))
        return found

    def record(self) -> dict[str, Any]:
        flop = self.flop
        silent, caps = self.silent(self._silent_ways())
        about = {"pin": flop.clock, "output": flop.output, "type": "rising_edge"}
        plan = [(about, {"rise": [self.clocked(True)], "fall": [self.clocked(False)]})]
        if self.guard:
            kind, side = ("clear", "fall") if flop.clear else ("preset", "rise")
            plan.append(
                ({"pin": self.guard, "output": flop.output, "type": kind}, {side: self.forced()})
            )
        loads, timing = self.timing(plan, silent)
        return {
            "axes": {flop.output: list(loads)},
            "timing": timing,
            "capacitance": caps,
            "input_energy": silent,
        }

    def _silent_ways(self) -> dict[str, dict[str, list[tuple[Bench, State]]]]:
        """Ramps that the output does not follow: the clock with old data, data at either clock
        level, the guard while the output already is what it forces."""
        flop, both = self.flop, (False, True)
        ways: dict[str, dict[str, list[tuple[Bench, State]]]] = {}
        for edge in ("rise", "fall"):
            high = edge == "fall"
            ways.setdefault(flop.clock, {})[edge] = [self.idle(v, v, high) for v in both]
            ways.setdefault(self.main, {})[edge] = [self.idle(v, high) for v in both]
            for pin in flop.data[self.main]:
                held = [self.idle(v, v) for v in both]
                ways.setdefault(pin, {})[edge] = [
                    (bench, {**state, pin: high}) for bench, state in held
                ]
            if self.guard:
                value = bool(flop.preset)
                held = [self.idle(value, value, clock) for clock in both]
                ways.setdefault(self.guard, {})[edge] = [
                    (bench, {**state, self.guard: high}) for bench, state in held
                ]
        return ways

    def states(self) -> list[tuple[Bench, State, State]]:
        found = []
        for value, data, clock in product((False, True), repeat=3):
            bench, state = self.idle(value, data, clock)
            found.append((bench, state, {**state, self.output: value}))
            if self.guard and value == bool(self.flop.preset):
                forced = {**state, self.guard: False}
                found.append((bench, forced, {**forced, self.output: value}))
        return found

    def constraints(self) -> list[dict[str, Any]]:
        flop, found = self.flop, []
        for pin in (self.main, *flop.data[self.main]):
            for sort, before in (("setup", True), ("hold", False)):
                about = {"pin": pin, "related": flop.clock}
                entry: dict[str, Any] = {**about, "type": f"{sort}_rising"}
                for side, rises in (("rise", True), ("fall", False)):
                    entry[side] = self._limit(pin, rises, before)
                found.append(entry)
        return found + self.recovery()

    def recovery(self) -> list[dict[str, Any]]:
        """Recovery and removal of the asynchronous pin, where there is one."""
        if not self.guard:
            return []
        edge = self.clocked(not bool(self.flop.preset))
        about = {"pin": self.guard, "related": self.flop.clock}
        level = {self.guard: False}
        early = self.constraint(edge, self.guard, True, True, level)
        late = self.constraint(edge, self.guard, True, False, level, moves=False)
        return [
            {**about, "type": "recovery_rising", "rise": early},
            {**about, "type": "removal_rising", "rise": late},
        ]

    def _limit(self, pin: str, rises: bool, before: bool) -> list[list[float]]:
        """Setup (`before`) or hold table of an edge of the data pin or of an enable pin.

        The clock edge's outcome shows whether data came in time, or not too soon after. An enable
        pin in time starts the output when it rises and stops it when it falls, whichever way the
        output would go: the larger of the two counts.
        """
        level = {pin: not rises}
        if pin == self.main:
            edge = self.clocked(rises == before)
            start = self.idle(rises != before, not rises)[0]
            return self.constraint(edge, pin, rises, before, level, start=start)
        both = []
        for value in (False, True):
            start = self.idle(not value, value, off=pin if rises else "")[0]
            edge, moves = self.clocked(value), rises == before
            both.append(self.constraint(edge, pin, rises, before, level, moves, start))
        return np.max(both, axis=0).tolist()

    def pulses(self) -> dict[str, dict[str, float]]:
        clock = self.flop.clock
        found = {clock: {"high": max(self.pulse(self.clocked(v), {}) for v in (False, True))}}
        if self.guard:
            found[self.guard] = {"low": max(self.pulse(edge, {}) for edge in self.forced())}
        return found


class _Latch(_Clocked):
    def __init__(self, bench: Bench, latch: Latch) -> None:
        super().__init__(bench)
        self.latch = latch
        self.output = latch.output

    def held(self, value: bool, data: bool) -> tuple[Bench, State]:
        """A closed latch that holds `value`."""
        enable = self.latch.enable
        steps = [(enable, False)]
        if data != value:
            steps.append((self.latch.data, data))
        bench = self.after({self.latch.data: value, enable: True}, steps)
        return bench, {self.latch.data: data, enable: False}

    def through(self, value: bool) -> Edge:
        """Data makes the open latch's output `value`."""
        state = {self.latch.data: not value, self.latch.enable: True}
        return Edge(self.bench, self.stimulus(self.latch.data, value, value, state))

    def opened(self, value: bool) -> Edge:
        """Opening the latch makes its output `value`."""
        bench, state = self.held(not value, value)
        return Edge(bench, self.stimulus(self.latch.enable, True, value, state))

    def record(self) -> dict[str, Any]:
        latch, both = self.latch, (False, True)
        ways: dict[str, dict[str, list[tuple[Bench, State]]]] = {latch.enable: {}, latch.data: {}}
        for edge in ("rise", "fall"):
            high = edge == "fall"
            if high:
                opened = [{latch.data: value, latch.enable: True} for value in both]
                ways[latch.enable][edge] = [(self.bench, state) for state in opened]
            else:
                ways[latch.enable][edge] = [self.held(value, value) for value in both]
            ways[latch.data][edge] = [self.held(value, high) for value in both]
        silent, caps = self.silent(ways)
        about = {"output": latch.output}
        loads, timing = self.timing(
            [
                (
                    {"pin": latch.data, **about, "positive": True},
                    {"rise": [self.through(True)], "fall": [self.through(False)]},
                ),
                (
                    {"pin": latch.enable, **about, "type": "rising_edge"},
                    {"rise": [self.opened(True)], "fall": [self.opened(False)]},
                ),
            ],
            silent,
        )
        return {
            "axes": {latch.output: list(loads)},
            "timing": timing,
            "capacitance": caps,
            "input_energy": silent,
        }

    def constraints(self) -> list[dict[str, Any]]:
        latch = self.latch
        setup: dict[str, Any] = {
            "pin": latch.data,
            "related": latch.enable,
            "type": "setup_falling",
        }
        hold: dict[str, Any] = {"pin": latch.data, "related": latch.enable, "type": "hold_falling"}
        for side, rises in (("rise", True), ("fall", False)):
            setup[side] = self._closing(rises, early=True)
            hold[side] = self._closing(rises, early=False)
        return [setup, hold]

    def states(self) -> list[tuple[Bench, State, State]]:
        latch, both = self.latch, (False, True)
        states = []
        for value, data in product(both, both):
            bench, state = self.held(value, data)
            states.append((bench, state, {**state, latch.output: value}))
        for value in both:
            state = {latch.data: value, latch.enable: True}
            states.append((self.bench, state, {**state, latch.output: value}))
        return states

    def pulses(self) -> dict[str, dict[str, float]]:
        widths = [self.pulse(self.opened(value), {}) for value in (False, True)]
        return {self.latch.enable: {"high": max(widths)}}

    def _closing(self, rises: bool, early: bool) -> list[list[float]]:
        """Least time between a data edge and the closing of the latch: that the new value passes as
        fast as ever (early), or that the old one stays (late)."""
        latch, slews = self.latch, self.corner.constraint_slew_ns
        points = list(product(slews, slews))
        edge = self.through(rises)
        quick = [self._quick(edge, slew) for slew in slews]
        sign = -1 if early else 1

        def run(point: int, gap: float) -> Run:
            slew, other = points[point]
            at, then = _moments(slew, other, sign * gap)
            ramps = {
                latch.enable: [Ramp(at, slew, False)],
                latch.data: [Ramp(then, other, rises)],
            }
            stop = max(then + quick[slews.index(other)], _end(ramps)) + self.rest_ns / 2
            return self._watched(edge, edge.stimulus.level, ramps, stop)

        def good(point: int, gap: float, result: Result) -> bool:
            if not early:
                return _still(result, not rises)
            slew, other = points[point]
            late = result.cross_ns - _moments(slew, other, sign * gap)[1]
            end = result.final if rises else 1 - result.final
            return end > 1 - STRAY and late <= PUSH_OUT * quick[slews.index(other)]

        windows = [self.window_ns(*point) for point in points]
        flat = self._bisect(edge.bench, run, good, windows)
        return [flat[k : k + len(slews)] for k in range(0, len(flat), len(slews))]


class _Gater(_Clocked):
    def __init__(self, bench: Bench, gater: Gater) -> None:
        super().__init__(bench)
        self.gater = gater
        self.output = gater.output

    def low(self, enabled: bool) -> tuple[Bench, State]:
        return self.bench, {self.gater.enable: enabled, self.gater.clock: False}

    def high(self, enabled: bool, enable: bool) -> tuple[Bench, State]:
        """The clock is high after it rose with the gate open or shut."""
        clock = self.gater.clock
        steps = [(clock, True)]
        if enable != enabled:
            steps.append((self.gater.enable, enable))
        bench = self.after({self.gater.enable: enabled, clock: False}, steps)
        return bench, {self.gater.enable: enable, clock: True}

    def rising(self) -> Edge:
        bench, state = self.low(True)
        return Edge(bench, self.stimulus(self.gater.clock, True, True, state))

    def record(self) -> dict[str, Any]:
        gater = self.gater
        ways = {
            gater.clock: {"rise": [self.low(False)], "fall": [self.high(False, False)]},
            gater.enable: {"rise": [self.low(False)], "fall": [self.low(True)]},
        }
        silent, caps = self.silent(ways)
        bench, state = self.high(True, True)
        falling = Edge(bench, self.stimulus(gater.clock, False, False, state))
        about = {"pin": gater.clock, "output": gater.output, "positive": True}
        loads, timing = self.timing([(about, {"rise": [self.rising()], "fall": [falling]})], silent)
        return {
            "axes": {gater.output: list(loads)},
            "timing": timing,
            "capacitance": caps,
            "input_energy": silent,
        }

    def constraints(self) -> list[dict[str, Any]]:
        enable, edge = self.gater.enable, self.rising()
        about = {"pin": enable, "related": self.gater.clock}
        shut, open_ = {enable: False}, {enable: True}
        return [
            {
                **about,
                "type": "setup_rising",
                "rise": self.constraint(edge, enable, True, True, shut),
                "fall": self.constraint(edge, enable, False, True, open_, moves=False),
            },
            {
                **about,
                "type": "hold_rising",
                "rise": self.constraint(edge, enable, True, False, shut, moves=False),
                "fall": self.constraint(edge, enable, False, False, open_),
            },
        ]

    def states(self) -> list[tuple[Bench, State, State]]:
        gater, both = self.gater, (False, True)
        states = [(*self.low(v), {**self.low(v)[1], gater.output: False}) for v in both]
        for enabled, enable in product(both, both):
            where, state = self.high(enabled, enable)
            states.append((where, state, {**state, gater.output: enabled}))
        return states

    def pulses(self) -> dict[str, dict[str, float]]:
        return {self.gater.clock: {"high": self.pulse(self.rising(), {})}}


class _Tristate(_Cell):
    def __init__(self, bench: Bench, cell: Tristate) -> None:
        super().__init__(bench)
        self.cell = cell
        self.output = cell.output

    def driven(self, value: bool) -> Edge:
        state = {self.cell.data: not value, self.cell.disable: False}
        return Edge(self.bench, self.stimulus(self.cell.data, value, value, state))

    def enabled(self, value: bool) -> Edge:
        """Enabling makes the output `value`, against a weak pull to the other supply."""
        state = {self.cell.data: value, self.cell.disable: True}
        bench = replace(self.bench, pull=(self.output, not value))
        return Edge(bench, self.stimulus(self.cell.disable, False, value, state))

    def record(self) -> dict[str, Any]:
        cell, both = self.cell, (False, True)
        off = [replace(self.bench, pull=(self.output, high)) for high in both]
        ways: dict[str, dict[str, list[tuple[Bench, State]]]] = {cell.data: {}, cell.disable: {}}
        for edge in ("rise", "fall"):
            high = edge == "fall"
            shut = {cell.data: high, cell.disable: True}
            ways[cell.data][edge] = [(bench, shut) for bench in off]
            ways[cell.disable][edge] = [
                (off[value], {cell.data: value, cell.disable: high}) for value in both
            ]
        silent, caps = self.silent(ways)
        own = self._output_capacitance()
        about = {"output": cell.output}
        loads, timing = self.timing(
            [
                (
                    {"pin": cell.data, **about, "positive": True},
                    {"rise": [self.driven(True)], "fall": [self.driven(False)]},
                ),
                (
                    {"pin": cell.disable, **about, "type": "three_state_enable"},
                    {"rise": [self.enabled(True)], "fall": [self.enabled(False)]},
                ),
            ],
            silent,
        )
        return {
            "axes": {cell.output: [load + own for load in loads]},
            "timing": timing,
            "capacitance": caps,
            "output_capacitance": {cell.output: own},
            "input_energy": silent,
        }

    def states(self) -> list[tuple[Bench, State, State]]:
        cell, both = self.cell, (False, True)
        return [
            (self.bench, {cell.data: a, cell.disable: b}, {cell.data: a, cell.disable: b})
            for a, b in product(both, both)
        ]

    def _output_capacitance(self) -> float:
        """What the disabled output adds to its net, in pF: a timer counts it as load of the cell
        itself, so it is part of the load axis."""
        cell = self.cell
        pins = (cell.data, cell.disable, cell.output)
        bench = replace(self.bench, inputs=pins, outputs=())
        values = []
        for data, rises in product((False, True), repeat=2):
            level = {cell.data: data, cell.disable: True, cell.output: not rises}
            run = quiet(bench, level, cell.output, rises, self.corner.slew_ns[3])
            charge = bench.run([replace(run, charge_of=cell.output)])[0].charge_pc
            values.append(charge / self.corner.volt)
        return float(np.mean(values))
