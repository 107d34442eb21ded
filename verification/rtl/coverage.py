"""Functional coverage: what the random networks and the directed runs made the chip do.

report = measure(chip, seeds=range(40))
print(report)                # 100 %, or the holes by name
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from golden.network import HYSTERESIS, REFRACTORY, RESETS, Network
from golden.simulator import Trace, simulate
from golden.weights import WEIGHT_FORMATS
from rtl.config import Chip
from rtl.image import Image
from verification.rtl import stimulus
from verification.rtl.monitor import monitor
from verification.rtl.random_cases import Case, random_case
from verification.rtl.simulation import Result, build, rtl_sources
from verification.rtl.stimulus import Kind, Map, operations

__all__ = ["MACHINES", "Report", "measure"]

MACHINES = {
    "sequencer.fsm_state": (
        ("IDLE", "FETCH", "WAIT", "SCAN", "DRAIN"),
        ("IDLE FETCH", "FETCH WAIT", "WAIT SCAN", "SCAN FETCH", "SCAN DRAIN", "DRAIN IDLE"),
    ),
    "updater.fsm_state": (
        ("IDLE", "FETCH", "RUN", "FINISH"),
        ("IDLE FETCH", "FETCH RUN", "RUN FINISH", "FINISH IDLE", "FINISH FETCH"),
    ),
    "host.fsm_state": (("IDLE", "READ", "DATA"), ("IDLE READ", "READ DATA", "DATA IDLE")),
}
"""State machine -> names of its states in order, and every transition that its code allows."""
ROLLOVERS = ("cycles", "weight_reads", "synaptic_operations", "spikes of a layer")


@dataclass
class Report:
    """Hits per item, by group."""

    hits: dict[str, dict[str, int]] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def hit(self, group: str, item: str, times: int = 1) -> None:
        self.hits[group][item] = self.hits[group].get(item, 0) + times

    @property
    def holes(self) -> list[str]:
        """Items that never happened."""
        return [
            f"{group}: {item}"
            for group, items in self.hits.items()
            for item, count in items.items()
            if not count
        ]

    def __str__(self) -> str:
        lines = []
        for group, items in self.hits.items():
            hit = sum(count > 0 for count in items.values())
            lines.append(f"{group}: {hit} of {len(items)}")
            lines += [f"    {item:40} {count:8}" for item, count in items.items()]
        total = sum(len(items) for items in self.hits.values())
        lines.append(f"covered: {100 * (total - len(self.holes)) / total:.1f} %")
        return "\n".join([*lines, *(f"hole: {hole}" for hole in self.holes)])


def measure(chip: Chip, seeds: Iterable[int]) -> Report:
    """Run random cases and the directed ones in Icarus, from power-up X, and count."""
    report = Report(_items(chip))
    sources = rtl_sources(chip)
    sources["monitor.v"] = monitor(sources, chip.name)
    simulator = build(sources, chip.name, "icarus", arguments=("-s", "monitor"))
    for seed in seeds:
        case = random_case(seed, chip)
        result = simulator.run(case.operations()[0])
        _judge(report, f"seed {seed}", result)
        _count_network(report, case)
    case = random_case(_long_case(chip), chip)
    result = simulator.run(np.concatenate(list(_rollover(case.image, case.spikes))))
    _judge(report, "rollover", result)
    if result.passed:
        for name in ROLLOVERS:
            report.hit("counters that wrapped", name)
    return report


def _items(chip: Chip) -> dict[str, dict[str, int]]:
    formats = [name for name, form in WEIGHT_FORMATS.items() if form.bits in chip.weight_bits]
    groups: dict[str, Iterable[str]] = {}
    for machine, (states, transitions) in MACHINES.items():
        groups[f"states of {machine}"] = states
        groups[f"transitions of {machine}"] = transitions
    groups["weight formats"] = formats
    groups["hysteresis and reset"] = [f"{a}, {b}" for a in HYSTERESIS for b in RESETS]
    groups["refractory"] = REFRACTORY
    groups["beta"] = [str(beta) for beta in range(9)]
    groups["potentials"] = [
        f"{kind} {bits}"
        for kind in ("unsigned", "signed")
        for bits in range(8, chip.potential_bits + 1)
    ]
    groups["layers"] = ["1", "2", "3", "4"]
    groups["events"] = [
        "saturation at the top",
        "saturation at the bottom",
        "a silent step",
        "all inputs spike",
        "a partial tile",
        "several tiles",
        "an armed neuron spikes",
        "a disarmed neuron stays silent above theta_high",
        "reset in the middle of a run",
        "restless host",
    ]
    groups["counters that wrapped"] = ROLLOVERS
    return {group: dict.fromkeys(items, 0) for group, items in groups.items()}


def _judge(report: Report, name: str, result: Result) -> None:
    report.unknown += [f"{name}: {line}" for line in result.unknown]
    if not result.passed:
        report.failed.append(name)
    for line in result.printed:
        _, machine, before, after = line.split()
        states, transitions = MACHINES[machine]
        known = [state for state in (before, after) if state.isdigit()]
        named = [states[int(state)] for state in known if int(state) < len(states)]
        pair = " ".join(named)
        if pair not in transitions:
            report.unexpected.append(f"{machine}: {before} {after}")
            continue
        report.hit(f"transitions of {machine}", pair)
        report.hit(f"states of {machine}", named[1])


def _count_network(report: Report, case: Case) -> None:
    network: Network = case.image.network
    trace: Trace = simulate(network, case.spikes)
    report.hit("layers", str(len(network.layers)))
    report.hit("events", "a silent step", int((~case.spikes.any(axis=2)).sum()))
    report.hit("events", "all inputs spike", int(case.spikes.all(axis=2).sum()))
    report.hit("events", "reset in the middle of a run", int(case.interrupted))
    report.hit("events", "restless host", int(case.restless))
    for index, layer in enumerate(network.layers):
        kind = "signed" if layer.potential.signed else "unsigned"
        report.hit("weight formats", layer.weight_format)
        report.hit("hysteresis and reset", f"{layer.hysteresis}, {layer.reset}")
        report.hit("refractory", layer.refractory)
        report.hit("potentials", f"{kind} {layer.potential.bits}")
        for beta in layer.beta:
            report.hit("beta", str(beta))
        width = case.image.chip.lanes // WEIGHT_FORMATS[layer.weight_format].bits
        report.hit("events", "a partial tile", int(layer.n_out % width > 0))
        report.hit("events", "several tiles", int(layer.n_out > width))
        potential, spikes = trace.potential[index], trace.spikes[index]
        report.hit("events", "an armed neuron spikes", int(spikes.sum()))
        high = (potential == layer.potential.maximum).sum()
        low = ((potential == layer.potential.minimum) & (trace.accumulator[index] < 0)).sum()
        report.hit("events", "saturation at the top", int(high))
        report.hit("events", "saturation at the bottom", int(low))
        silent = (~trace.armed[index][:, :-1] & ~spikes[:, 1:]) & (
            potential[:, 1:] > layer.theta_high
        )
        item = "a disarmed neuron stays silent above theta_high"
        report.hit("events", item, int(silent.sum()))


def _long_case(chip: Chip) -> int:
    """A seed whose case has input spikes and output spikes in one sample."""
    for seed in range(1000):
        case = random_case(seed, chip)
        trace = simulate(case.image.network, case.spikes[:1])
        if case.spikes[:1].any() and all(spikes.any() for spikes in trace.spikes):
            return seed
    raise AssertionError("no such seed")


def _rollover(image: Image, spikes: np.ndarray) -> Iterable[np.ndarray]:
    """All counters set to their highest value, one inference, and what they must read then."""
    addresses = Map(image)
    trace = simulate(image.network, spikes[:1])
    top = (1 << image.chip.counter_bits) - 1
    yield stimulus.load(image)
    counters = {
        addresses.register("weight_reads"): _weight_reads(image, spikes[:1], trace) - 1,
        addresses.register("synaptic_operations"): int(trace.synaptic_operations[0]) - 1,
    }
    for layer, fired in enumerate(trace.spikes):
        row = image.spike_count_row(layer)
        counters[addresses.word("spikes", row)] = int(fired.sum()) - 1
    cycles = addresses.register("cycles")
    yield operations(*((Kind.WRITE, place, top, 0) for place in (cycles, *counters)))
    yield stimulus.inferences(image, spikes[:1])[0]
    yield operations(*((Kind.READ, place, value, top) for place, value in counters.items()))
    # How long it takes depends on the host: far from the top again is what can be said.
    yield operations((Kind.READ, cycles, 0, 1 << (image.chip.counter_bits - 1)))


def _weight_reads(image: Image, spikes: np.ndarray, trace: Trace) -> int:
    total, inputs = 0, spikes
    for layer, fired in zip(image.network.layers, trace.spikes, strict=True):
        width = image.chip.lanes // WEIGHT_FORMATS[layer.weight_format].bits
        total += int(inputs.sum()) * -(-layer.n_out // width)
        inputs = fired
    return total
