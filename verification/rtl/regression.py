"""Play many inferences on a simulated chip and say exactly where it left the golden model.

    simulator = LEVELS["rtl"](chip, "verilator")
    outcomes = run_images(simulator, image, spikes)       # one Outcome per sample
    outcomes = run_seeds(simulator, chip, range(200))

A level is a name for what is simulated. "rtl" stands here; others are added with `LEVELS`.
"""

from __future__ import annotations

import xml.etree.ElementTree as xml
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from golden.simulator import simulate
from rtl.config import Chip
from rtl.image import Image
from verification.rtl import stimulus
from verification.rtl.random_cases import Case, random_case
from verification.rtl.simulation import Result, Simulator, build, rtl_sources
from verification.rtl.stimulus import Kind, Where, locate

__all__ = [
    "LEVELS",
    "Difference",
    "Level",
    "Outcome",
    "junit",
    "run_case",
    "run_cases",
    "run_images",
    "run_seeds",
    "waveform",
]

CHUNK = 24
"""Inferences per run of the simulator."""


@dataclass(frozen=True)
class Difference:
    """One value that is not the golden model's."""

    where: Where
    expected: int
    got: int | None
    cycle: int

    def __str__(self) -> str:
        place = f"layer {self.where.layer} neuron {self.where.neuron} step {self.where.step}"
        got = "X" if self.got is None else f"{self.got:#010x}"
        return (
            f"{place}: {self.where.field}: expected {self.expected:#010x}, got {got}"
            f" (cycle {self.cycle})"
        )


@dataclass
class Outcome:
    """The verdict on one inference or one random case."""

    name: str
    differences: list[Difference] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    comparisons: int = 0

    @property
    def passed(self) -> bool:
        """Every comparison was made and held."""
        return not self.differences and not self.troubles and self.comparisons > 0


def _rtl(chip: Chip, engine: str, tag: str = "run") -> Simulator:
    return build(rtl_sources(chip), chip.name, engine)


class Level(Protocol):
    """Makes the simulator of a chip, for an engine of `verification.rtl.simulation`; that of gates
    has the netlist of the run `tag`."""

    def __call__(self, chip: Chip, engine: str, tag: str = "run") -> Simulator: ...


LEVELS: dict[str, Level] = {"rtl": _rtl}


def run_images(
    simulator: Simulator,
    image: Image,
    spikes: NDArray[np.bool_],
    first: int = 0,
    jobs: int = 1,
    chunk: int = CHUNK,
) -> Iterator[Outcome]:
    """One outcome per sample of spikes [batch, steps, n_in], in order, named from `first` on."""
    starts = range(0, len(spikes), chunk)
    with ThreadPoolExecutor(jobs) as pool:
        parts = pool.map(lambda at: _run_chunk(simulator, image, spikes[at : at + chunk]), starts)
        for at, outcomes in zip(starts, parts, strict=True):
            for index, outcome in enumerate(outcomes):
                outcome.name = f"image {first + at + index}"
                yield outcome


def _run_chunk(simulator: Simulator, image: Image, spikes: NDArray[np.bool_]) -> list[Outcome]:
    start = stimulus.load(image)
    body = stimulus.inferences(image, spikes, golden=simulate(image.network, spikes))
    per_sample = body.shape[1]
    rows = np.concatenate([start, body.reshape(-1, 4)])
    numbers = np.concatenate([np.full(len(start), -1), np.arange(body.shape[0] * per_sample)])
    result = simulator.run(rows)
    compared = (body[0, :, 0] == Kind.READ) & (body[0, :, 3] != 0)
    outcomes = [Outcome("", comparisons=int(compared.sum())) for _ in spikes]
    _judge(image, rows, numbers, per_sample, result, outcomes)
    return outcomes


def run_seeds(
    simulator: Simulator, chip: Chip, seeds: Iterable[int], jobs: int = 1, chunk: int = CHUNK
) -> Iterator[Outcome]:
    """One outcome per random case, in order."""
    listed = list(seeds)
    parts = [listed[at : at + chunk] for at in range(0, len(listed), chunk)]
    with ThreadPoolExecutor(jobs) as pool:
        for outcomes in pool.map(
            lambda part: run_cases(simulator, [random_case(seed, chip) for seed in part]), parts
        ):
            yield from outcomes


def run_cases(simulator: Simulator, cases: Sequence[Case]) -> list[Outcome]:
    """Play cases one after the other, each from reset."""
    plans = [case.operations() for case in cases]
    result = simulator.run(np.concatenate([rows for rows, _ in plans]))
    outcomes, at = [], 0
    for case, (rows, numbers) in zip(cases, plans, strict=True):
        compared = (rows[:, 0] == Kind.READ) & (rows[:, 3] != 0)
        outcome = Outcome(f"seed {case.seed}", comparisons=int(compared.sum()))
        per_sample = (int(numbers.max()) + 1) // len(case.spikes)
        part = _part(result, at, len(rows))
        _judge(case.image, rows, numbers, per_sample, part, [outcome] * len(case.spikes))
        outcomes.append(outcome)
        at += len(rows)
    return outcomes


def run_case(simulator: Simulator, case: Case) -> Outcome:
    """Play one case."""
    return run_cases(simulator, [case])[0]


def _part(result: Result, start: int, count: int) -> Result:
    """What a run printed about operations `start` .. `start + count - 1`, renumbered from 0."""
    end = start + count
    stuck = result.stuck
    return Result(
        mismatches=[
            type(entry)(entry.operation - start, entry.cycle, entry.got)
            for entry in result.mismatches
            if start <= entry.operation < end
        ],
        unknown=[line for line in result.unknown if start <= int(line.split()[0]) < end],
        stuck=None if stuck is None or stuck >= end else max(stuck - start, 0),
    )


def _judge(
    image: Image,
    rows: NDArray[np.uint32],
    numbers: NDArray[np.int64],
    per_sample: int,
    result: Result,
    outcomes: Sequence[Outcome],
) -> None:
    """Give every difference to the outcome of its sample."""
    for mismatch in result.mismatches:
        expected, number = int(rows[mismatch.operation, 2]), int(numbers[mismatch.operation])
        if number < 0:
            address = int(rows[mismatch.operation, 1])
            trouble = f"word {address:#x}: expected {expected:#x}, got {mismatch.got}"
            outcomes[0].troubles.append(trouble)
            continue
        sample, operation = divmod(number, per_sample)
        where = locate(image, operation, expected, mismatch.got or 0)
        outcomes[sample].differences.append(
            Difference(where, expected, mismatch.got, mismatch.cycle)
        )
    for line in result.unknown:
        number = max(0, int(numbers[min(int(line.split()[0]), len(numbers) - 1)]))
        for outcome in outcomes[number // per_sample :]:
            outcome.troubles.append(f"X after reset: {line}")
    if result.stuck is not None:
        first = max(0, int(numbers[result.stuck])) // per_sample
        for outcome in outcomes[first:]:
            outcome.troubles.append("the chip stopped answering")
            outcome.comparisons = 0


def junit(outcomes: Sequence[Outcome], suite: str) -> bytes:
    """JUnit XML of outcomes."""
    failed = [outcome for outcome in outcomes if not outcome.passed]
    root = xml.Element("testsuites")
    node = xml.SubElement(
        root, "testsuite", name=suite, tests=str(len(outcomes)), failures=str(len(failed))
    )
    for outcome in outcomes:
        case = xml.SubElement(node, "testcase", classname=suite, name=outcome.name)
        if not outcome.passed:
            lines = [*map(str, outcome.differences), *outcome.troubles]
            failure = xml.SubElement(case, "failure", message=(lines or ["not compared"])[0])
            failure.text = "\n".join(lines)
    xml.indent(root)
    return xml.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def waveform(
    chip: Chip,
    image: Image,
    spikes: NDArray[np.bool_],
    path: Path,
    level: str = "rtl",
    tag: str = "run",
) -> None:
    """Record one inference, spikes [steps, n_in], as VCD (Icarus: from power-up X)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = stimulus.inferences(image, spikes[np.newaxis])
    rows = np.concatenate([stimulus.load(image), body.reshape(-1, 4)])
    LEVELS[level](chip, "icarus", tag).run(rows, waveform=path)
