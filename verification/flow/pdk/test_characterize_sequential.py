"""Setup and hold of the committed library, replayed: a flip-flop that is clocked for real, with no
state put into it, captures just in time and fails a moment later."""

from __future__ import annotations

import lzma
import math
from dataclasses import dataclass

import pytest

from flow.pdk import build
from flow.pdk.characterize import run
from flow.pdk.characterize.bench import Bench, Ramp, Run
from flow.pdk.characterize.cells import SEQUENTIAL, Flop, kind
from flow.pdk.characterize.corners import CORNERS
from flow.pdk.characterize.sequential import CONSTRAINT_LOAD_PF, PUSH_OUT, _Flop
from flow.pdk.liberty_reader import Group, parse

PREFIX = "sky130_fd_sc_hd__"
CORNER = CORNERS["tt_025C_1v80"]
PERIOD_NS = 8.0
MARGIN_NS = 0.008
"""The last interval of the bisection, and the accuracy of one crossing."""


@pytest.fixture(scope="module")
def library() -> dict[str, Group]:
    name = f"{PREFIX}{CORNER.name}.lib.xz"
    text = lzma.decompress((build.LIBERTY / name).read_bytes()).decode()
    return {cell.name: cell for cell in parse(text).groups("cell")}


def limit(cell: Group, pin: str, sort: str, rises: bool, row: int, column: int) -> float:
    """An entry of a constraint table in ns, by related slew and pin slew."""
    port = next(group for group in cell.groups("pin") if group.name == pin)
    for timing in port.groups("timing"):
        if timing.text("timing_type") == sort:
            table = next(timing.groups(f"{'rise' if rises else 'fall'}_constraint"))
            return float(table.numbers("values")[row][column])
    raise KeyError((pin, sort))


@dataclass(frozen=True)
class Replay:
    """Three clock edges: two that make the output `not value`, and one, of slew `slew_ns`, that
    should make it `value`, with `pin` moving at an offset from it."""

    bench: Bench
    steady: dict[str, bool]
    pin: str
    rises: bool
    value: bool
    slew_ns: float
    pin_slew_ns: float

    def delay(self, offset_ns: float, before: dict[str, list[Ramp]] | None = None) -> float:
        """From the third clock edge to the output, ns; infinite where it does not follow."""
        edges = [PERIOD_NS, 2 * PERIOD_NS]
        ramps = {"CLK": [], self.pin: [], **(before or {})}
        for at in edges:
            ramps["CLK"] += [Ramp(at, 0.05, True), Ramp(at + PERIOD_NS / 2, 0.05, False)]
        third = 3 * PERIOD_NS
        ramps["CLK"].append(Ramp(third, self.slew_ns, True))
        ramps[self.pin].append(Ramp(third + offset_ns, self.pin_slew_ns, self.rises))
        level = {"CLK": False, self.pin: not self.rises, **self.steady}
        run = Run(
            level,
            ramps,
            {"Q": CONSTRAINT_LOAD_PF},
            "Q",
            self.value,
            "",
            True,
            stop_ns=third + PERIOD_NS / 2,
            step_ns=0.02,
        )
        result = self.bench.run([run])[0]
        end = result.final if self.value else 1 - result.final
        return result.cross_ns - third if end > 0.9 else math.inf


def flop(tree, name: str) -> Bench:
    netlist = run.netlists(tree, PREFIX + name)
    return run._bench(tree, CORNER, netlist)[0]


@pytest.mark.full
@pytest.mark.parametrize("rises", [True, False])
@pytest.mark.parametrize(("row", "column"), [(0, 0), (1, 0), (0, 2)])
def test_data_in_time_is_captured_and_data_too_late_is_not(tree, library, rises, row, column):
    slews = CORNER.constraint_slew_ns
    replay = Replay(flop(tree, "dfxtp_1"), {}, "D", rises, rises, slews[row], slews[column])
    setup = limit(library[PREFIX + "dfxtp_1"], "D", "setup_rising", rises, row, column)
    ample = replay.delay(-3.5)
    assert replay.delay(-setup - MARGIN_NS) <= PUSH_OUT * ample * 1.005
    assert replay.delay(-setup + MARGIN_NS) > PUSH_OUT * ample * 0.995


@pytest.mark.full
def test_an_enable_in_time_lets_both_values_in_and_one_is_late_a_moment_after(tree, library):
    """DE is up while the old value is clocked in and falls; D changes; DE comes back."""
    bench, cell = flop(tree, "edfxtp_1"), library[PREFIX + "edfxtp_1"]
    setup = limit(cell, "DE", "setup_rising", True, 0, 0)
    pushed = []
    for value in (True, False):
        early = {
            "DE": [Ramp(2.8 * PERIOD_NS, 0.05, False)],
            "D": [Ramp(2.82 * PERIOD_NS, 0.05, value)],
        }
        replay = Replay(bench, {"DE": True, "D": not value}, "DE", True, value, 0.01, 0.01)
        ample, enough, short = (
            replay.delay(offset, {pin: list(ramps) for pin, ramps in early.items()})
            for offset in (-0.8, -setup - MARGIN_NS, -setup + MARGIN_NS)
        )
        assert enough <= PUSH_OUT * ample * 1.005
        pushed.append(short / ample)
    assert max(pushed) > PUSH_OUT * 0.995


@pytest.mark.full
def test_recovery_grows_with_the_drive(tree) -> None:
    """A reset that is released late moves the output stage itself: each drive has its own table."""
    logic = SEQUENTIAL[kind(PREFIX + "dfrtp_1")]
    assert isinstance(logic, Flop)
    corner = CORNERS["ff_n40C_1v95"]
    found = []
    for name in ("dfrtp_1", "dfrtp_4"):
        bench = run._bench(tree, corner, run.netlists(tree, PREFIX + name))[0]
        found.append(_Flop(bench, logic).recovery()[0]["rise"][0][2])
    assert found[1] > found[0] + 0.05
