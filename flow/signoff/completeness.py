"""Is all the evidence there? A missing figure must never look like a clean one.

    verdict = check_completeness(run, verdicts, folder)

Looks for every view of a finished chip, every check's verdict and its file, every metric that a
finished chip has, and refuses zeros where only a tool that did nothing gives zero.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import klayout.db as kdb

from flow.signoff.chip_run import ChipRun
from flow.signoff.verdict import NoVerdict, Verdict
from macros.store import atomic_write

__all__ = ["CHECKS", "NONZERO", "VIEWS", "ZERO", "check_completeness", "empty_cells"]

VIEWS = ("nl", "pnl", "def", "gds", "lef", "spice")
CORNER_VIEWS = ("spef", "sdf", "lib")
CHECKS = ("drc", "lvs", "timing", "equivalence", "gates", "power_up", "sdf_ss", "sdf_ff", "power")
NONZERO = (
    "design__instance__count__stdcell",
    "design__instance__area",
    "parasitics__nets",
    "parasitics__capacitance__total",
    "route__wirelength",
    "layout__pins__compared",
    "power__total",
    "power__leakage__total",
    "signoff__equivalence__register__count",
    "signoff__equivalence__function__count",
    "signoff__gates__comparison__count",
    "signoff__power_up__comparison__count",
    "signoff__sdf_ss__comparison__count",
    "signoff__sdf_ff__comparison__count",
)
"""Metrics that must be there and above 0."""
ZERO = (
    "antenna__violating__nets",
    "design__instance_uncharacterized__count",
    "design__macro_placeholder__count",
    "layout__opens",
    "layout__shorts",
    "signoff__unannotated_activity__count",
)
"""Metrics that must be there and 0."""
PER_CORNER = ("signoff__setup__count", "signoff__hold__count")
"""Metrics that every timing corner must have, above 0."""


def check_completeness(
    run: ChipRun,
    verdicts: Iterable[Verdict],
    folder: Path,
    checks: Sequence[str] = CHECKS,
) -> Verdict:
    """Everything above, with the metrics of the run and of the verdicts; `completeness.json`."""
    given = {verdict.name: verdict for verdict in verdicts}
    metrics: dict[str, Any] = dict(run.metrics)
    for verdict in given.values():
        metrics |= verdict.metrics
    corners = list(run.config["STA_CORNERS"])
    faults = [*_view_faults(run, corners), *_verdict_faults(given, checks)]
    faults += _metric_faults(metrics, corners)
    report = folder / "completeness.json"
    looked = len(VIEWS) + len(CORNER_VIEWS) * len(corners) + len(checks)
    looked += len(NONZERO) + len(ZERO) + len(PER_CORNER) * len(corners)
    atomic_write(report, json.dumps({"looked_for": looked, "missing": faults}, indent=1) + "\n")
    figure = f"{looked} views, verdicts and metrics are there"
    if faults:
        figure = f"{len(faults)} of {looked} are missing or empty: {'; '.join(faults[:3])}"
        figure += " ..." if len(faults) > 3 else ""
    return Verdict(
        "completeness", not faults, figure, report, {"signoff__missing__count": len(faults)}
    )


def _view_faults(run: ChipRun, corners: Sequence[str]) -> list[str]:
    faults = []
    for name in VIEWS:
        try:
            path = run.view(name)
        except NoVerdict:
            faults.append(f"no view {name}")
            continue
        if not path.stat().st_size:
            faults.append(f"view {name} is empty")
        elif name == "gds":
            faults += [f"GDS cell {cell} is empty" for cell in empty_cells(path)]
    for name in CORNER_VIEWS:
        for corner in corners:
            found = run.corner_view(name, corner)
            if found is None or not found.is_file() or not found.stat().st_size:
                faults.append(f"no {name} at {corner}")
    return faults


def empty_cells(gds: Path) -> list[str]:
    """Cells of a GDS that hold neither shapes nor instances; `NoVerdict` when it cannot be read."""
    layout = kdb.Layout()
    try:
        layout.read(str(gds))
    except RuntimeError as error:
        raise NoVerdict(f"{gds} cannot be read: {error}") from None
    return sorted(
        cell.name
        for cell in layout.each_cell()
        if cell.child_instances() == 0
        and all(cell.shapes(layer).is_empty() for layer in layout.layer_indexes())
    )


def _verdict_faults(given: Mapping[str, Verdict], checks: Sequence[str]) -> list[str]:
    faults = []
    for name in checks:
        if name not in given:
            faults.append(f"no verdict {name}")
            continue
        file = given[name].file
        if file is None or not file.is_file() or not file.stat().st_size:
            faults.append(f"no evidence of {name}")
    return faults


def _metric_faults(metrics: Mapping[str, Any], corners: Sequence[str]) -> list[str]:
    wanted = [*NONZERO, *(f"{name}__corner:{corner}" for name in PER_CORNER for corner in corners)]
    faults = []
    for name in (*wanted, *ZERO):
        value = metrics.get(name)
        if value is None:
            faults.append(f"no metric {name}")
        elif name in ZERO and float(value) != 0:
            faults.append(f"{name} is {value}, not 0")
        elif name not in ZERO and not float(value) > 0:
            faults.append(f"{name} is {value}")
    return faults
