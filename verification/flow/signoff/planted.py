"""All planted faults of the sign-off in one table: what is broken, and the check that must say so.

    python -m verification.flow.signoff.planted        # plant each one, print who found it

A fault is planted in a design that its check finds clean: the layout of a small routed chip, the
netlist and wires of a two-bit counter, the digits network in its memory, a finished run.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from flow import pdk
from flow.chips import chip_file
from flow.signoff.chip_run import ChipRun
from flow.signoff.completeness import check_completeness
from flow.signoff.drc import check_drc
from flow.signoff.equivalence import check_equivalence
from flow.signoff.gds import read_gds
from flow.signoff.lvs import check_device_lvs, compare_gates
from flow.signoff.power import run_power
from flow.signoff.powered_netlist import read_gates
from flow.signoff.simulation import inputs, judge
from flow.signoff.timing import check_timing
from flow.signoff.verdict import Verdict
from macros.technology.cells import CELLS
from macros.technology.drawing import write_gds
from macros.technology.schematics import SCHEMATICS
from rtl.config import load_chip
from verification.flow.signoff import finished_run
from verification.flow.signoff.counter import CORNER, activity, make_counter
from verification.flow.signoff.planted_counter import CHANGED
from verification.flow.signoff.planted_counter import Change as Edit
from verification.flow.signoff.planted_layout import BROKEN, Change
from verification.flow.signoff.small_chip import small_chip
from verification.flow.signoff.timed_counter import play
from verification.rtl.regression import LEVELS, run_images

__all__ = ["FAULTS", "Fault"]


class Fault(NamedTuple):
    """One planted fault.

    Parameters
    ----------
    name : what is broken
    check : the check of `flow.signoff.checks` that must find it
    finding : regular expression that one line of the check's evidence must match
    lines : plants the fault in a folder, runs the check, gives the lines of its evidence
    """

    name: str
    check: str
    finding: str
    lines: Callable[[Path], Sequence[str]]

    def found(self, folder: Path) -> list[str]:
        """The lines of the evidence that name the fault."""
        return [line for line in self.lines(folder) if re.search(self.finding, line)]


def _in_layout(check: str, change: Change) -> Callable[[Path], Sequence[str]]:
    def lines(folder: Path) -> Sequence[str]:
        chip = small_chip()
        layout, top = read_gds(chip.gds)
        change(layout, top)
        if check == "lvs":
            return compare_gates(layout, top, read_gates(chip.netlist)).differences
        layout.write(str(folder / "broken.gds"))
        return _rules(check_drc(folder / "broken.gds", folder, top.name))

    return lines


def _rules(verdict: Verdict) -> list[str]:
    assert not verdict.passed
    assert verdict.file is not None
    return [marker["rule"] for marker in json.loads(verdict.file.read_text())["markers"]]


def _in_counter(check: str, edit: Edit) -> Callable[[Path], Sequence[str]]:
    def lines(folder: Path) -> Sequence[str]:
        counter = make_counter(pdk.resolve(), folder)
        design = counter.change(edit.old, edit.new, edit.wires, **edit.settings)
        if check == "timing":
            return _violations(check_timing(design, folder))
        (liberty,) = design.liberties[CORNER]
        verdict = check_equivalence(counter.rtl, counter.netlist, "tiny", liberty, {}, folder)
        assert not verdict.passed
        return json.loads((folder / "equivalence.json").read_text())["faults"]

    return lines


def _violations(verdict: Verdict) -> list[str]:
    assert not verdict.passed
    assert verdict.file is not None
    found = json.loads(verdict.file.read_text())["corners"][CORNER]["violations"]
    return [f"{check}: {line}" for check, lines in found.items() for line in lines]


def _wrong_width(folder: Path) -> Sequence[str]:
    """A transistor of a macro's cell 50 nm wider in the netlist than in the layout."""
    write_gds([CELLS["write_driver"]()], folder / "cell.gds")
    netlist = SCHEMATICS["write_driver"]
    width = re.search(r"w=([\d.]+)", netlist)
    assert width is not None
    (folder / "wrong.sp").write_text(netlist.replace(width[0], f"w={float(width[1]) + 0.05:g}", 1))
    verdict = check_device_lvs(folder / "cell.gds", folder / "wrong.sp", folder)
    return [] if verdict.passed else [verdict.figure]


def _wrong_weight(folder: Path) -> Sequence[str]:
    """One bit of one weight that the first image uses."""
    chip = load_chip(chip_file("digits"))
    image, spikes = inputs(ChipRun(folder, {}, {}), chip, 1)
    weights = max(image.blocks, key=lambda block: block.words.size)
    bent = weights.words.copy()
    bent[next(index for index in np.ndindex(bent.shape) if spikes[0, :, index[0]].any())] ^= 1
    blocks = tuple(replace(b, words=bent) if b is weights else b for b in image.blocks)
    simulator = LEVELS["rtl"](chip, "verilator")
    outcomes = list(run_images(simulator, replace(image, blocks=blocks), spikes))
    verdict = judge("gates", outcomes, 1, "RTL", folder)
    return [] if verdict.passed else [verdict.figure]


def _late_clock(folder: Path) -> Sequence[str]:
    return play(make_counter(pdk.resolve(), folder), folder, skew_ns=2.5)[1]


def _data_at_the_edge(folder: Path) -> Sequence[str]:
    loop = "for (step = 0; step < 40; step = step + 1) @(posedge clk)"
    change = f"{loop} #(18.5 + 0.05 * step) en = !en;"
    return play(make_counter(pdk.resolve(), folder), folder, change=change)[1]


def _silent_net(folder: Path) -> Sequence[str]:
    run = finished_run.counter_run(make_counter(pdk.resolve(), folder), folder)
    known = activity()
    del known.nets["t1"]
    return run_power(run, CORNER, known, folder)[1]


def _incomplete(spoil: Callable[[ChipRun, list[Verdict]], None]) -> Callable[[Path], Sequence[str]]:
    def lines(folder: Path) -> Sequence[str]:
        run, verdicts = finished_run.finished_run(folder), finished_run.verdicts(folder)
        spoil(run, verdicts)
        verdict = check_completeness(run, verdicts, folder / "out")
        return json.loads((folder / "out" / "completeness.json").read_text())["missing"] * (
            not verdict.passed
        )

    return lines


def _hollow(run: ChipRun, _: list[Verdict]) -> None:
    finished_run.write_gds(run.view("gds"), empty=True)


def _metric(name: str, value: float) -> Callable[[ChipRun, list[Verdict]], None]:
    return lambda run, _: run.state["metrics"].update({name: value})


def _table() -> Iterator[Fault]:
    for name, (check, finding, change) in BROKEN.items():
        yield Fault(name, check, finding, _in_layout(check, change))
    for name, (check, finding, edit) in CHANGED.items():
        yield Fault(name, check, finding, _in_counter(check, edit))
    yield Fault("a transistor of another width", "lvs", "[1-9] differences", _wrong_width)
    yield Fault("a wrong weight", "gates", "1 of 1 inferences differ", _wrong_weight)
    yield Fault("a late clock in the delays", "sdf_ss", "^timing .* hold .* D$", _late_clock)
    yield Fault("data at the clock edge", "sdf_ss", "^timing .* setup .* D$", _data_at_the_edge)
    yield Fault("a net without activity", "power", "^t1$", _silent_net)
    for name, finding, spoil in (
        ("an empty cell in the GDS", "GDS cell inv is empty", _hollow),
        ("no power at all", "power__total is 0", _metric("power__total", 0)),
        ("a macro of stated timing", "placeholder__count is 1, not 0", _metric(PLACEHOLDER, 1)),
        ("a check that did not run", "no verdict", lambda _, verdicts: verdicts.pop()),
    ):
        yield Fault(name, "completeness", finding, _incomplete(spoil))


PLACEHOLDER = "design__macro_placeholder__count"
FAULTS: tuple[Fault, ...] = tuple(_table())


def main() -> None:
    """Plant every fault; print the check and the line that found it, and the count."""
    caught = 0
    for fault in FAULTS:
        with tempfile.TemporaryDirectory() as folder:
            lines = fault.found(Path(folder))
        caught += bool(lines)
        print(f"{fault.check:13} {fault.name:56} {lines[0] if lines else 'NOT FOUND'}", flush=True)
    print(f"{caught} of {len(FAULTS)} planted faults found")


if __name__ == "__main__":
    main()
