"""Two runs side by side: checks, metrics, time of each step."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from flow.report.collect import RunData

__all__ = ["changes", "render"]

FOLDER = Path(__file__).parent


def render(first: RunData, second: RunData) -> str:
    """The page that compares two runs."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("comparison.html.j2").render(
        css=Markup((FOLDER / "report.css").read_text()),
        runs=[f"{run.chip}/{run.tag}" for run in (first, second)],
        checks=list(_checks(first, second)),
        changed=list(changes(first.metrics, second.metrics)),
        metrics=len(set(first.metrics) | set(second.metrics)),
        steps=list(_steps(first, second)),
    )


def changes(first: Any, second: Any) -> Iterable[tuple[str, str, str, str]]:
    """Metrics that differ: name, both values, relative change in per cent where it has one."""
    for name in sorted(set(first) | set(second)):
        before, after = first.get(name), second.get(name)
        if before != after:
            yield name, _plain(before), _plain(after), _relative(before, after)


def _relative(before: Any, after: Any) -> str:
    try:
        return f"{float(after) / float(before) - 1:+.1%}"
    except (TypeError, ValueError, ZeroDivisionError):
        return ""


def _plain(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _checks(first: RunData, second: RunData) -> Iterable[tuple[str, str, str]]:
    sides = [{v.name: v for v in run.verdicts} for run in (first, second)]
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        words = []
        for side in sides:
            verdict = side.get(name)
            words.append("not run" if verdict is None else _word(verdict))
        yield name, words[0], words[1]


def _word(verdict: Any) -> str:
    return f"{'clean' if verdict.passed else 'FAILED'}: {verdict.figure}"


def _steps(first: RunData, second: RunData) -> Iterable[tuple[str, ...]]:
    sides: list[dict[str, float]] = []
    for run in (first, second):
        total: dict[str, float] = {}
        for step in run.steps:
            total[step.name] = total.get(step.name, 0.0) + step.seconds
        sides.append(total)
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        yield name, *(f"{side[name]:.1f}" if name in side else "-" for side in sides)
