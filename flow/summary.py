"""The table at the end of a run: what each stage left, and what it took.

Everything in it comes from the files of the run's folder: `state_out.json` and `runtime.txt` of
each step.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["RUNTIME", "StageRow", "stage_rows", "step_seconds", "summary"]

RUNTIME = "runtime.txt"
"""LibreLane's file in the folder of every step that has ended."""
SECONDS = (3600.0, 60.0, 1.0)
NOTHING = "-"


class StageRow(NamedTuple):
    """One finished stage: the metrics when it ended and the wall time of its steps in s."""

    name: str
    metrics: Mapping[str, Any]
    seconds: float


def stage_rows(folder: Path, stages: Mapping[str, tuple[str, str]]) -> list[StageRow]:
    """The finished stages of a run; `stages` maps each name to the steps that begin and end it."""
    done = {}
    for place in sorted(folder.glob("*-*/"), key=lambda path: path.name):
        number, _, slug = place.name.partition("-")
        if number.isdigit() and (place / "state_out.json").is_file():
            done[slug] = place
    order = list(done)
    rows = []
    for name, ends in stages.items():
        first, last = (step.lower().replace(".", "-") for step in ends)
        if last not in done:
            continue
        begin = order.index(first) if first in done else order.index(last)
        steps = [done[slug] for slug in order[begin : order.index(last) + 1]]
        state = json.loads((steps[-1] / "state_out.json").read_text())
        rows.append(StageRow(name, state["metrics"], sum(map(step_seconds, steps))))
    return rows


def summary(rows: Sequence[StageRow]) -> str:
    """The table as plain text: a row for each stage, below it the figures of the whole chip."""
    lines = [f"{'stage':10} {'cells':>7} {'area um2':>10} {'wire mm':>8} {'time s':>7}"]
    for row in rows:
        cells = _figure(row.metrics, "design__instance__count")
        area = _figure(row.metrics, "design__instance__area", "{:.0f}")
        wire = _figure(row.metrics, "route__wirelength", "{:.1f}", 1e-3)
        lines.append(f"{row.name:10} {cells:>7} {area:>10} {wire:>8} {row.seconds:7.1f}")
    if not rows:
        return "no stage was finished\n"
    metrics = rows[-1].metrics
    lines += ["", f"{'worst slack, clock skew ns':34} {'setup':>8} {'hold':>8} {'skew':>8}"]
    for corner in _corners(metrics):
        names = ("timing__setup__ws", "timing__hold__ws", "clock__skew__worst_setup")
        found = [_figure(metrics, f"{name}__corner:{corner}", "{:.3f}") for name in names]
        lines.append(f"  {corner:32} " + " ".join(f"{figure:>8}" for figure in found))
    lines.append("")
    lines += [f"{title:34} {_figure(metrics, *how):>8}" for title, how in FIGURES.items()]
    return "\n".join(lines) + "\n"


FIGURES: dict[str, tuple[Any, ...]] = {
    "die mm2": ("design__die__area", "{:.4f}", 1e-6),
    "utilisation %": ("design__instance__utilization", "{:.1f}", 100.0),
    "slow transitions": ("design__max_slew_violation__count",),
    "antennas": ("antenna__violating__nets",),
    "macros with placeholder views": ("design__macro_placeholder__count",),
    "opens": ("layout__opens",),
    "shorts": ("layout__shorts",),
    "DRC markers": ("klayout__drc_error__count",),
    "LVS differences": ("design__lvs_error__count",),
    "worst IR drop mV": ("ir__drop__worst", "{:.1f}", 1e3),
    "power mW": ("power__total", "{:.2f}", 1e3),
}
"""Row of the table -> metric, format, factor; `-` where no step has given the metric."""


def _corners(metrics: Mapping[str, Any]) -> list[str]:
    """Timing corners of which there is a setup slack, in the order of the flow."""
    head = "timing__setup__ws__corner:"
    return [name.removeprefix(head) for name in metrics if name.startswith(head)]


def _figure(
    metrics: Mapping[str, Any], name: str, form: str = "{:.0f}", factor: float = 1.0
) -> str:
    value = metrics.get(name)
    return NOTHING if value is None else form.format(float(value) * factor)


def step_seconds(step: Path) -> float:
    """Wall time in s of the step in this folder, which LibreLane writes as hh:mm:ss.sss; 0 for one
    that has not ended, or was killed while that was written."""
    path = step / RUNTIME
    found = re.fullmatch(r"(\d+):(\d+):(\d+\.\d+)\s*", path.read_text() if path.is_file() else "")
    if found is None:
        return 0.0
    return sum(float(part) * scale for part, scale in zip(found.groups(), SECONDS, strict=True))
