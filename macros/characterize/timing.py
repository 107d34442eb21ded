"""Timing and power of a macro at one corner, measured on its trimmed circuit.

Access      from 50 % of falling clk0 to 50 % of dout0: word lines rise in the low phase, so reads
            appear after the falling edge, whatever the high phase lasted. Measured on the whole
            trimmed circuit for one input transition and one load; the other points of the tables
            add what a slower clock costs in the clock buffer, and what a larger load costs in the
            sense amplifier's driver, each measured on that part alone: the gates between them
            restore every edge.
Pulses      high: the longest of the chains that must end before the falling edge's own signals meet
            them (decoder, precharge, replica); low: the access. Both PULSE_STEP longer, or more
            steps, until two words are written and read back with an access not more than PUSH_OUT
            longer, in a simulation at just these phases.
Period      the sum of both. A clock of equal phases needs twice the longer one.
Constraints of the flip-flop at the pin (all inputs have the same one), bisected: setup at PUSH_OUT
            of its clock to output delay, hold where it just keeps the old value; setup minus, hold
            plus, the delay of the clock buffer.
Races       at a rising edge, word lines must close before the decoder shows the next row, or the
            next row's cells are written by the old data on the bit lines; and sense enable must
            stay low after a write. Both are looked at, and the first is stated.
Energy      of the supply over one period at relaxed phases; leakage at rest, with the PDK's own
            models for leakage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from macros.characterize.bench import Bench, edges
from macros.characterize.corners import Corner
from macros.characterize.cycles import Clocked, Cycle, Outcome
from macros.characterize.netlist import Leaf, Macro
from macros.characterize.trim import SUPPLIES, Circuit, far, fold, part
from macros.characterize.wires import Placement
from macros.shape import MacroShape
from macros.spice import SpiceError

__all__ = ["CONSTRAINTS", "Figures", "Progress", "Table", "measure"]

PUSH_OUT = 0.10
LOAD_PF = (0.002, 0.005, 0.0125, 0.03, 0.075, 0.15, 0.3)
SLEW_NS = (0.01, 0.05, 0.15, 0.4, 0.8, 1.5)
CONSTRAINT_SLEW_NS = (0.01, 0.5, 1.5)
CONSTRAINTS = ("setup", "hold")
RELAXED_NS = {"ss": 9.0, "tt": 5.0, "ff": 4.0}
"""First guess at a phase that is long enough, per process; doubled where it is not."""
ATTEMPTS = 4
PULSE_STEP = 0.05
FLIP_FLOP_STEPS = 8
FLIP_FLOP_REACH_NS = 1.0
FLIP_FLOP_WAIT_NS = 4.0
GATE_FF_PER_UM = 1.5
SETTLE_NS = 40.0
REST_NS = 3000.0

_WATCH = (
    "near:clk_buf0",
    "clk_buf0",
    "wl_en0",
    "p_en_bar0",
    "rbl_bl0",
    "control0.rbl_bl_delay",
    "control0.gated_clk_bar",
    "near:s_en0",
)

Progress = Callable[[str], None]
Table = tuple[tuple[float, ...], ...]
"""[slew][load] or [clock slew][data slew]."""


@dataclass(frozen=True)
class Figures:
    """Everything the Liberty of a corner states; ns, pJ, pF, nW.

    Members
    -------
    delay, slew: rise and fall of dout0 after falling clk0, tables over SLEW_NS and LOAD_PF.
    setup, hold: rise and fall of an input, tables over CONSTRAINT_SLEW_NS, twice.
    access_ns: the slower edge at the fastest input and the smallest load.
    word_line_gap_ns: from the end of word line enable to the next row's decoder output.
    read_pj, write_pj, idle_pj: one period each.
    """

    delay: dict[str, Table]
    slew: dict[str, Table]
    setup: dict[str, Table]
    hold: dict[str, Table]
    access_ns: float
    high_ns: float
    low_ns: float
    word_line_gap_ns: float
    read_pj: float
    write_pj: float
    idle_pj: float
    leakage_nw: float
    pin_pf: dict[str, float]

    @property
    def period_ns(self) -> float:
        return self.high_ns + self.low_ns


def measure(
    macro: Macro,
    shape: MacroShape,
    words_per_row: int,
    corner: Corner,
    pdk: Path,
    progress: Progress,
) -> Figures:
    """Measure a macro; raises `SpiceError` where it does not write and read at all."""
    far_address, near_address = shape.words - 1, 0
    bit = shape.bits - 1
    circuit = fold(macro, Placement.of(shape, words_per_row), (near_address, far_address), bit)
    progress(f"{circuit.transistors} of {macro.transistors} transistors")
    word = (1 << shape.bits) - 1
    cycles = (
        Cycle("write", far_address, word),
        Cycle("write", near_address, 0),
        Cycle("read", far_address, word),
        Cycle("read", near_address, 0),
    )
    idle = (Cycle("idle"), Cycle("idle"))
    relaxed = _relaxed(pdk, corner, circuit, shape, (*cycles, *idle), progress)
    bench = relaxed.bench
    gap = _word_line_gap(relaxed)
    access = {edge: _access(relaxed, bit, edge) for edge in ("rise", "fall")}
    high, low = _pulses(relaxed, cycles, bit, access, progress)

    progress("clock buffer, output driver and flip-flop")
    clock = _clock_buffer(pdk, corner, circuit)
    output = _output(pdk, corner, circuit, bit)
    delay: dict[str, Table] = {}
    slew: dict[str, Table] = {}
    for edge in ("rise", "fall"):
        rows = [access[edge] + clock["fall"][k] - clock["fall"][1] for k in range(len(SLEW_NS))]
        loads = output[edge]
        base = loads[LOAD_PF.index(bench.load_pf)][0]
        delay[edge] = tuple(tuple(row + d - base for d, _ in loads) for row in rows)
        slew[edge] = tuple(tuple(s for _, s in loads) for _ in rows)
    arrival = _arrival(relaxed)
    inner = _flip_flop(pdk, corner, circuit, arrival.slew_ns)
    constraint_clock = _clock_buffer(pdk, corner, circuit, CONSTRAINT_SLEW_NS)["rise"]
    base = clock["rise"][1]
    setup, hold = (
        {
            edge: tuple(
                tuple(value + sign * (when + (late - base)) for value in inner[kind][edge])
                for late in constraint_clock
            )
            for edge in ("rise", "fall")
        }
        for kind, sign, when in (
            ("setup", -1, arrival.first_ns),
            ("hold", 1, arrival.last_ns),
        )
    )
    progress("leakage")
    return Figures(
        delay=delay,
        slew=slew,
        setup=setup,
        hold=hold,
        access_ns=max(delay[edge][0][0] for edge in delay),
        high_ns=high,
        low_ns=low,
        word_line_gap_ns=gap,
        read_pj=(relaxed.energy_pj(2) + relaxed.energy_pj(3)) / 2 - _load_energy(bench),
        write_pj=relaxed.energy_pj(1),
        idle_pj=relaxed.energy_pj(5),
        leakage_nw=_leakage(bench),
        pin_pf=_pin_capacitance(circuit),
    )


def _relaxed(
    pdk: Path,
    corner: Corner,
    circuit: Circuit,
    shape: MacroShape,
    cycles: Sequence[Cycle],
    progress: Progress,
) -> Outcome:
    """The cycles at phases so long that all of it works."""
    phase = RELAXED_NS[corner.process]
    for _ in range(ATTEMPTS):
        progress(f"write and read at phases of {phase:g} ns")
        bench = Clocked(
            pdk, corner, circuit, shape, phase, phase, slew_ns=SLEW_NS[1], load_pf=LOAD_PF[0]
        )
        outcome = bench.run(cycles, (*_WATCH, *_critical(bench)))
        if _reads_back(outcome, cycles, shape.bits - 1):
            return outcome
        phase *= 2
    raise SpiceError(f"{shape.name} does not read back what was written at {corner.name}")


def _reads_back(outcome: Outcome, cycles: Sequence[Cycle], bit: int) -> bool:
    return all(
        outcome.output(bit, k) == cycle.data >> bit & 1
        for k, cycle in enumerate(cycles)
        if cycle.kind == "read"
    )


def _word_line_gap(relaxed: Outcome) -> float:
    """Figures.word_line_gap_ns, at the read of the far row after a write to the near one."""
    bench, waves, cycle = relaxed.bench, relaxed.waves, 2
    half, rise = bench.corner.volt / 2, bench.rise(cycle)
    gap = waves.cross(_critical(bench)[2], half, rise, rising=True) - waves.cross(
        "wl_en0", half, rise, rising=False
    )
    where = f"{bench.shape.name} at {bench.corner.name}"
    if not gap > 0:
        raise SpiceError(f"{where}: a word line opens before the last one has closed")
    if waves.cross("near:s_en0", half, rise, rising=True) < bench.fall(cycle):
        raise SpiceError(f"{where}: sense enable rises at the clock edge after a write")
    return gap


def _access(outcome: Outcome, bit: int, edge: str) -> float:
    """From falling clk0 to the output of the read that gives this edge."""
    cycle = {"rise": 2, "fall": 3}[edge]
    start = outcome.bench.fall(cycle)
    half = outcome.bench.corner.volt / 2
    return outcome.waves.cross(f"dout0[{bit}]", half, start, rising=edge == "rise") - start


def _pulses(
    relaxed: Outcome,
    cycles: Sequence[Cycle],
    bit: int,
    access: dict[str, float],
    progress: Progress,
) -> tuple[float, float]:
    """High and low phase at which all still works; see the module's text."""
    bench = relaxed.bench
    high, low = _longest_chain(relaxed), max(access.values())
    for _ in range(ATTEMPTS):
        high, low = high * (1 + PULSE_STEP), low * (1 + PULSE_STEP)
        progress(f"write and read at phases of {high:.2f} and {low:.2f} ns")
        outcome = replace(bench, high_ns=high, low_ns=low).run(cycles)
        if _reads_back(outcome, cycles, bit) and all(
            _access(outcome, bit, edge) <= limit * (1 + PUSH_OUT) for edge, limit in access.items()
        ):
            return high, low
    raise SpiceError(f"no shortest phases of clk0 found up to {high:.2f} and {low:.2f} ns")


def _longest_chain(relaxed: Outcome) -> float:
    """What must have happened in a high phase before the falling edge's own signals meet it: the
    new row's decoder output before word lines are enabled, the bit lines' charge (95 %) before
    precharge ends, the replica's return before sense enable is."""
    bench, waves, cycle = relaxed.bench, relaxed.waves, 2
    half, rise, fall = bench.corner.volt / 2, bench.rise(cycle), bench.fall(cycle)
    *bit_lines, row = _critical(bench)

    def after(net: str, level: float, start: float, *, rising: bool) -> float:
        return waves.cross(net, level, start, rising=rising) - start

    chains = [
        after(row, half, rise, rising=True) - after("wl_en0", half, fall, rising=True),
        after("control0.rbl_bl_delay", half, rise, rising=False)
        - after("control0.gated_clk_bar", half, fall, rising=True),
    ]
    for net in (*bit_lines, "rbl_bl0"):
        if waves.at(net, rise) < 0.95 * bench.corner.volt:
            charged = after(net, 0.95 * bench.corner.volt, rise, rising=True)
            chains.append(charged - after("p_en_bar0", half, fall, rising=True))
    return max(chain for chain in chains if chain == chain)


def _critical(bench: Clocked) -> tuple[str, str, str]:
    """Bit lines of the observed column and decoder output of the far row."""
    rows = [n for n in bench.circuit.member if n.startswith("bank0.port_address0.dec_out_")]
    columns = [n for n in bench.circuit.member if n.startswith("bank0.bl_0_")]
    column = max(int(name.rsplit("_", 1)[1]) for name in columns)
    row = max(int(name.rsplit("_", 1)[1]) for name in rows)
    return (
        f"bank0.bl_0_{column}",
        f"bank0.br_0_{column}",
        f"bank0.port_address0.dec_out_{row}",
    )


@dataclass(frozen=True)
class _Arrival:
    """The clock at the flip-flops after clk0: first and last of them, and its transition; ns."""

    first_ns: float
    last_ns: float
    slew_ns: float


def _arrival(outcome: Outcome) -> _Arrival:
    start, volt = outcome.bench.rise(1), outcome.bench.corner.volt
    first, last = (
        outcome.waves.cross(net, volt / 2, start - 0.1, rising=True) - start
        for net in ("near:clk_buf0", "clk_buf0")
    )
    return _Arrival(first, last, outcome.waves.slew("clk_buf0", volt, start - 0.1, rising=True))


def _clock_buffer(
    pdk: Path, corner: Corner, circuit: Circuit, slews: Sequence[float] = SLEW_NS
) -> dict[str, list[float]]:
    """Delay of the clock buffer per transition of clk0, for both edges; its last stage sees about
    its real load, and only differences count."""
    leaves = [leaf for leaf in circuit.leaves if leaf.path.startswith("control0.clkbuf")]
    bench = Bench(pdk, corner, part(leaves))
    load = sum(
        one.width_um * one.count * GATE_FF_PER_UM
        for one in circuit.elements
        if one.nets[1] == far("clk_buf0")
    )
    start, half = 6.0, corner.volt / 2
    found: dict[str, list[float]] = {"rise": [], "fall": []}
    for slew in slews:
        levels = edges([(0.0, 0), (start, 1), (2 * start, 0)], slew, corner.volt)
        waves = bench.run(
            {"clk0": levels},
            ["clk_buf0"],
            3 * start,
            loads_pf={"clk_buf0": load / 1000},
            step_ns=0.1,
        )
        for edge, when in (("rise", start), ("fall", 2 * start)):
            crossed = waves.cross("clk_buf0", half, when - 2, rising=edge == "rise")
            found[edge].append(crossed - when)
    return found


def _output(
    pdk: Path, corner: Corner, circuit: Circuit, bit: int
) -> dict[str, list[tuple[float, float]]]:
    """Delay from sense enable and transition of the output per load, for both edges, of a sense
    amplifier that sees the bit lines apart."""
    leaf = next(
        leaf
        for leaf in circuit.leaves
        if leaf.kind.name == "sense_amp" and leaf.nets["dout"] == f"dout0[{bit}]"
    )
    nets = {pin: net if net in ("vccd1", "vssd1") else pin for pin, net in leaf.nets.items()}
    copies = [Leaf(f"s{k}", leaf.kind, {**nets, "dout": f"dout{k}"}) for k in range(len(LOAD_PF))]
    bench = Bench(pdk, corner, part(copies))
    loads = {f"dout{k}": load for k, load in enumerate(LOAD_PF)}
    wire = next(ff for net, ff in circuit.capacitors if net == far(f"dout0[{bit}]")) / 1000
    loads = {net: load + wire for net, load in loads.items()}
    low, high, first, second = 0.3 * corner.volt, corner.volt, 6.0, 18.0
    enable = edges([(0.0, 0), (first, 1), (12.0, 0), (second, 1)], 0.1, corner.volt)
    sources = {
        "en": enable,
        "bl": [(0.0, high), (11.0, high), (11.5, low)],
        "br": [(0.0, low), (11.0, low), (11.5, high)],
    }
    initial = {f"s{k}.{n}": v for k in range(len(LOAD_PF)) for n, v in (("q", 0.0), ("qb", high))}
    waves = bench.run(sources, list(loads), 26.0, loads_pf=loads, initial=initial, step_ns=0.05)
    return {
        edge: [
            (
                waves.cross(net, corner.volt / 2, when, rising=edge == "rise") - when,
                waves.slew(net, corner.volt, when, rising=edge == "rise"),
            )
            for net in loads
        ]
        for edge, when in (("rise", first), ("fall", second))
    }


def _flip_flop(
    pdk: Path, corner: Corner, circuit: Circuit, clock_slew: float
) -> dict[str, dict[str, list[float]]]:
    """Setup and hold times of the flip-flop itself, per edge and transition of its data; all are
    bisected at once, each on a copy of its own."""
    leaf = next(leaf for leaf in circuit.leaves if leaf.kind.name == "dff")
    searches = [
        (kind, edge, slew)
        for kind in CONSTRAINTS
        for edge in ("rise", "fall")
        for slew in CONSTRAINT_SLEW_NS
    ]
    copies = [_flip_flop_copy(leaf, k) for k in range(len(searches) + 2)]
    bench = Bench(pdk, corner, part(copies))
    start, half = 8.0, corner.volt / 2
    clock = [(0.0, 0), (2.0, 1), (4.0, 0), (start, 1)]
    # setup counts how long before the clock, hold how long after it, the data changes
    bounds = [(-FLIP_FLOP_REACH_NS, 2 * FLIP_FLOP_REACH_NS) for _ in searches]
    for _ in range(FLIP_FLOP_STEPS):
        tried = [(low + high) / 2 for low, high in bounds]
        sources = {"clk": edges(clock, clock_slew, corner.volt)}
        for k, ((kind, edge, slew), margin) in enumerate(zip(searches, tried, strict=True)):
            final = int(edge == "rise")
            when = start - margin if kind == "setup" else start + margin
            sources[f"d{k}"] = edges([(0.0, 1 - final), (when, final)], slew, corner.volt)
        for k in (0, 1):
            early = [(0.0, 1 - k), (5.0, k)]
            sources[f"d{len(searches) + k}"] = edges(early, 0.01, corner.volt)
        outputs = [f"q{k}" for k in range(len(copies))]
        waves = bench.run(sources, outputs, start + FLIP_FLOP_WAIT_NS, step_ns=0.1)
        usual = [
            waves.cross(f"q{len(searches) + k}", half, start, rising=bool(k)) - start
            for k in (0, 1)
        ]
        for k, (kind, edge, _) in enumerate(searches):
            stored = int(edge == "rise") if kind == "setup" else int(edge == "fall")
            if kind == "setup":
                delay = waves.cross(f"q{k}", half, start, rising=bool(stored)) - start
                good = delay <= usual[stored] * (1 + PUSH_OUT)
            else:
                good = (
                    abs(waves.at(f"q{k}", start + FLIP_FLOP_WAIT_NS) - stored * corner.volt)
                    < half / 2
                )
            low, high = bounds[k]
            bounds[k] = (low, tried[k]) if good else (tried[k], high)
    found: dict[str, dict[str, list[float]]] = {
        kind: {"rise": [], "fall": []} for kind in CONSTRAINTS
    }
    for (kind, edge, _), (_, passes) in zip(searches, bounds, strict=True):
        found[kind][edge].append(passes)
    return found


def _flip_flop_copy(leaf: Leaf, number: int) -> Leaf:
    nets = {**leaf.nets, "D": f"d{number}", "Q": f"q{number}", "clk": "clk"}
    return Leaf(f"f{number}", leaf.kind, nets)


def _leakage(bench: Clocked) -> float:
    """Power in nW at rest, deselected, clk0 low: the circuit settles, and then a precise transient
    goes on from there, whose last part counts."""
    nets = {net for one in bench.circuit.elements for net in one.nets} - SUPPLIES
    settling = replace(bench, low_ns=SETTLE_NS, leakage=True)
    settled = settling.run([], sorted(nets)).waves
    rest = Bench(bench.pdk, bench.corner, bench.circuit, leakage=True, precise=True).run(
        {net: points[:1] for net, points in settling.sources([]).items()},
        ["clk_buf0"],
        REST_NS,
        initial={net: settled.at(net, settling.rise(0) - 1.0) for net in sorted(nets)},
        step_ns=REST_NS / 20,
    )
    return rest.charge_pc(REST_NS * 0.8, REST_NS) / (REST_NS * 0.2) * bench.corner.volt * 1e6


def _load_energy(bench: Clocked) -> float:
    """What the loads themselves took, per read: every output rose in one of the two reads."""
    return bench.load_pf * bench.shape.bits * bench.corner.volt**2 / 2


def _pin_capacitance(circuit: Circuit) -> dict[str, float]:
    """Input -> capacitance in pF: gates at the pin, and its wire."""
    found = {}
    for pin in ("clk0", "csb0", "web0", "addr0[0]", "din0[0]"):
        net = circuit.member[pin]
        gates = sum(one.width_um * one.count for one in circuit.elements if one.nets[1] == net)
        wire = sum(ff for name, ff in circuit.capacitors if name == net)
        members = sum(1 for other in circuit.member.values() if other == net)
        found[pin.split("[")[0]] = (gates * GATE_FF_PER_UM + wire) / members / 1000
    return found
