"""Run OpenSTA on one corner of a chip: the flow's own script, and more reports after it.

    timed = TimedDesign("digits", netlist, SDC, settings, {"nom_ss_100C_1v60": libraries}, spef)
    log, metrics = run_corner(timed, "nom_ss_100C_1v60", folder, more=Path("signoff_timing.tcl"))

What OpenSTA reads is checked first, because it passes over nearly everything with a warning.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flow import netlist as netlists
from flow.signoff.verdict import NoVerdict
from macros.store import atomic_write

__all__ = ["SCRIPT", "TimedDesign", "check_inputs", "run_corner"]

SCRIPT = Path(__file__).parents[1] / "steps" / "sta_corner.tcl"
METRIC = re.compile(r"^%OL_METRIC_([IF]) (\S+) (\S+)$", re.MULTILINE)
REPORT = re.compile(r"^%OL_CREATE_REPORT (\S+)\n(.*?)^%OL_END_REPORT$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class TimedDesign:
    """One chip as OpenSTA sees it.

    Parameters
    ----------
    name : top module
    netlist : Verilog of gates, without supply pins
    constraints : SDC file
    settings : variables that the constraints read from the environment, LibreLane's names
    liberties : corner -> Liberty files of cells and macros; the first corner is the default one
    spef : corner -> parasitics; a corner without is timed without wires
    """

    name: str
    netlist: Path
    constraints: Path
    settings: Mapping[str, str]
    liberties: Mapping[str, Sequence[Path]]
    spef: Mapping[str, Path] = field(default_factory=dict)

    @property
    def corners(self) -> list[str]:
        return list(self.liberties)


def check_inputs(timed: TimedDesign) -> None:
    """`NoVerdict` when a file is missing or of another design; see also `flow.signoff.spef`."""
    files = [timed.netlist, timed.constraints, *timed.spef.values()]
    for path in [*files, *(path for paths in timed.liberties.values() for path in paths)]:
        if not path.is_file():
            raise NoVerdict(f"{path} is not there")
    text = timed.netlist.read_text(errors="replace")
    modules = re.findall(r"^\s*module\s+(\w+)", text, re.MULTILINE)
    if timed.name not in modules:
        named = ", ".join(modules[:3]) or "no module"
        raise NoVerdict(f"{timed.netlist} holds {named}, not the design {timed.name}")
    if len(modules) != len(re.findall(r"^\s*endmodule", text, re.MULTILINE)):
        raise NoVerdict(f"{timed.netlist} is truncated: a module has no end")
    if not netlists.instances(timed.netlist):
        raise NoVerdict(f"{timed.netlist} holds no instance")


def run_corner(
    timed: TimedDesign, corner: str, folder: Path, more: Path | None = None, **extra: str
) -> tuple[str, dict[str, float]]:
    """OpenSTA's log and its metrics of one corner; its reports are written to `folder/<corner>`.

    `more` is a Tcl script that ends the run, `extra` are environment variables for it. `NoVerdict`
    when OpenSTA did not come to its end, or gave no metric that it must.
    """
    from flow.steps.sta import evidence  # here: flow.steps imports the steps that import this

    target = folder / corner
    target.mkdir(parents=True, exist_ok=True)
    environment = {
        **timed.settings,
        "DESIGN_NAME": timed.name,
        "CURRENT_NL": str(timed.netlist),
        "DEFAULT_CORNER": timed.corners[0],
        "_TCL_ENV_IN": os.devnull,
        "_SDC_IN": str(timed.constraints),
        "_CURRENT_CORNER_NAME": corner,
        "_CURRENT_CORNER_LIBS": _list(timed.liberties[corner]),
        "_CURRENT_CORNER_NETLISTS": "",
        "_SDF_SAVE_DIR": str(target),
        **extra,
    }
    if corner in timed.spef:
        environment["_CURRENT_SPEF_BY_CORNER"] = str(timed.spef[corner])
    if more is not None:
        environment["_STA_MORE"] = str(more)
    log = _run(environment)
    (target / "sta.log").write_text(log)
    for name, text in REPORT.findall(log):
        atomic_write(target / name, text)
    metrics = {
        name: int(value) if kind == "I" else float(value)
        for kind, name, value in METRIC.findall(log)
    }
    if problem := evidence(log, corner, metrics):
        raise NoVerdict(problem)
    return log, metrics


def _run(environment: Mapping[str, str]) -> str:
    try:
        run = subprocess.run(
            ["sta", "-no_splash", "-exit", str(SCRIPT)],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise NoVerdict("sta is missing; apt-get install opensta") from None
    return run.stdout


def _list(paths: Sequence[Path]) -> str:
    """A Tcl list of paths."""
    return " ".join("{" + str(path) + "}" for path in paths)
