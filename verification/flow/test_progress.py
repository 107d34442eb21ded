"""The progress bar of a run: what it says of each step, and of the time left."""

from __future__ import annotations

import io
import os

import pytest
from rich.console import Console

from flow.progress import StepProgress, clock, expected_seconds

IDS = ["A.One", "A.Two", "A.Three", "A.Four"]


class Inner:
    """LibreLane's bar as a flow uses it."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def start_stage(self, name: str) -> None:
        self.calls.append(name)

    def end_stage(self, *, increment_ordinal: bool = True) -> None:
        self.calls.append(increment_ordinal)

    def end(self) -> None:
        self.calls.append("end")

    def get_ordinal_prefix(self) -> str:
        return "07-"


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def at() -> Clock:
    return Clock()


def progress(at: Clock, expected: dict[str, float], *, terminal: bool = False) -> StepProgress:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    return StepProgress(Inner(), IDS, IDS[1:3], expected, console, at)


def test_a_long_step_is_a_line_where_there_is_no_terminal(at):
    bar = progress(at, {"a-two": 60.0, "a-three": 30.0, "a-four": 1000.0})
    for name, ran, seconds in (("one", False, 0), ("two", True, 50), ("three", True, 4)):
        bar.start_stage(name)
        if name == "two":
            assert bar.remaining() == "about 1:30 left"
        at.time += seconds
        if name == "two":
            assert bar.remaining() == "about 0:40 left"
        bar.end_stage(increment_ordinal=ran)
    bar.end()
    assert bar.console.file.getvalue() == "A.Two: 50 s; 0:50 so far, about 0:30 left\n"
    assert bar.inner.calls == ["one", False, "two", True, "three", True, "end"]
    assert bar.get_ordinal_prefix() == "07-"


def test_a_step_that_takes_longer_than_before(at):
    bar = progress(at, {"a-two": 60.0, "a-three": 30.0})
    bar.start_stage("one")
    bar.end_stage(increment_ordinal=False)
    bar.start_stage("two")
    at.time += 500
    assert bar.remaining() == "about 0:30 left"


def test_nothing_is_said_of_the_time_left_on_a_first_run(at):
    bar = progress(at, {"a-four": 5.0})
    bar.start_stage("one")
    bar.end_stage(increment_ordinal=False)
    bar.start_stage("two")
    at.time += 20
    bar.end_stage()
    assert bar.console.file.getvalue() == "A.Two: 20 s; 0:20 so far\n"


def test_a_terminal_sees_step_and_time(at):
    bar = progress(at, {"a-two": 60.0, "a-three": 30.0}, terminal=True)
    bar.start_stage("one")
    bar.end_stage(increment_ordinal=False)
    bar.start_stage("two")
    bar.bar.refresh()
    shown = bar.console.file.getvalue()
    bar.end()
    assert "1/2 A.Two" in shown
    assert "about 1:30 left" in shown


def test_clock():
    assert [clock(seconds) for seconds in (0, 75.2, 4000)] == ["0:00", "1:15", "1:06:40"]


def test_expected_times_are_those_of_the_newest_run(tmp_path):
    for tag, stamp, time in (("old", 1_000, "00:00:09.000"), ("new", 2_000, "00:01:15.500")):
        path = tmp_path / tag / "07-a-two" / "runtime.txt"
        path.parent.mkdir(parents=True)
        path.write_text(time)
        os.utime(path, (stamp, stamp))
    (tmp_path / "old" / "12-a-three").mkdir()
    (tmp_path / "old" / "12-a-three" / "runtime.txt").write_text("00:00:02.250")
    assert expected_seconds(tmp_path) == {"a-two": 75.5, "a-three": 2.25}
    assert expected_seconds(tmp_path / "none") == {}
