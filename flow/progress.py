"""Where a run stands: the step, the time so far, and what earlier runs of the chip say is left.

On a terminal a bar; elsewhere a line for every step that took long enough to be asked about.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from flow.summary import RUNTIME, step_seconds

__all__ = ["StepProgress", "clock", "expected_seconds"]

LONG_S = 10.0
"""A step that takes longer gets a line of its own where there is no terminal."""


def expected_seconds(runs: Path) -> dict[str, float]:
    """Step in lower case with dashes -> wall time in s, of the newest run in the folder that did
    it: `runs` is `build/<chip>`."""
    times: dict[str, tuple[int, float]] = {}
    for path in runs.glob(f"*/*-*/{RUNTIME}"):
        slug = path.parent.name.partition("-")[2]
        found = (path.stat().st_mtime_ns, step_seconds(path.parent))
        times[slug] = max(found, times.get(slug, (0, 0.0)))
    return {slug: seconds for slug, (_, seconds) in times.items()}


def clock(seconds: float) -> str:
    """`75.2` -> `1:15`, `4000` -> `1:06:40`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class StepProgress:
    """Takes the place of LibreLane's progress bar in a flow, and hands its calls on to it: the
    number of a step's folder comes from there.

    Parameters
    ----------
    inner : LibreLane's bar, which shows nothing itself
    ids : all steps of the flow in order
    wanted : those of them that this run is to do
    expected : as `expected_seconds` gives it; without it nothing is said of the time left
    now : clock in s
    """

    def __init__(
        self,
        inner: Any,
        ids: Sequence[str],
        wanted: Sequence[str],
        expected: Mapping[str, float],
        console: Console,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.inner, self.ids, self.now, self.console = inner, ids, now, console
        self.left = {step: expected.get(_slug(step), 0.0) for step in wanted}
        self.is_known = any(self.left.values())
        self.total = len(wanted)
        self.begun = self.step_begun = now()
        self.place = 0
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            _Left(self),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self.bar.start()
        self.task = self.bar.add_task("begin", total=sum(self.left.values()) or self.total)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def start_stage(self, name: str) -> None:
        self.inner.start_stage(name)
        self.step_begun = self.now()
        if (step := self.ids[self.place]) in self.left:
            count = self.total - len(self.left) + 1
            self.bar.update(self.task, description=f"{count}/{self.total} {step}")

    def end_stage(self, *, increment_ordinal: bool = True) -> None:
        self.inner.end_stage(increment_ordinal=increment_ordinal)
        step, took = self.ids[self.place], self.now() - self.step_begun
        self.place += 1
        weight = self.left.pop(step, None)
        if weight is not None:
            self.bar.advance(self.task, weight if self.is_known else 1)
        self.step_begun = self.now()
        if increment_ordinal and took >= LONG_S and not self.console.is_terminal:
            left = f", {self.remaining()}" if self.remaining() else ""
            so_far = clock(self.now() - self.begun)
            self.console.print(
                f"{step}: {took:.0f} s; {so_far} so far{left}", highlight=False, soft_wrap=True
            )

    def end(self) -> None:
        if not self.bar.disable:  # stopping a bar that is not shown prints an empty line
            self.bar.stop()
        self.inner.end()

    def remaining(self) -> str:
        """What is left, in words; empty when no earlier run tells."""
        if not self.is_known:
            return ""
        current = self.ids[self.place] if self.place < len(self.ids) else ""
        spent = min(self.now() - self.step_begun, self.left.get(current, 0.0))
        return f"about {clock(sum(self.left.values()) - spent)} left"


class _Left(ProgressColumn):
    def __init__(self, progress: StepProgress) -> None:
        super().__init__()
        self.progress = progress

    def render(self, task: Task) -> Text:
        return Text(self.progress.remaining() or "(no earlier run tells how long)")


def _slug(step: str) -> str:
    return step.lower().replace(".", "-")
