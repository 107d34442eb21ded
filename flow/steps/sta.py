"""Static timing with Debian's OpenSTA 2.0 in place of LibreLane's steps, which want a newer one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from librelane.common import Path as View
from librelane.state import DesignFormat, State
from librelane.steps import OpenROAD, Step, StepException

__all__ = ["INSTANCE_POWER", "REQUIRED", "STAPostPNR", "STAPrePNR", "evidence"]

INSTANCE_POWER = DesignFormat("instance_power", "power.rpt", "Mean Power of Each Instance")
"""A view of our own: "<W> <instance>" in each line, at the default corner."""
INSTANCE_POWER.register()
UNCLOCKED = "timing__unclocked_register__count"
_PER_CHECK = ("__ws", "__tns", "__wns", "_vio__count", "_r2r__ws", "_r2r_vio__count")
REQUIRED = (
    *(f"timing__{check}{suffix}" for check in ("setup", "hold") for suffix in _PER_CHECK),
    "design__max_slew_violation__count",
    UNCLOCKED,
)
"""Metrics that every corner must give; without one of them there was no timing analysis."""


def evidence(log: str, corner: str, metrics: dict[str, Any]) -> str | None:
    """What is wrong with a finished OpenSTA run, None when it printed all that it must.

    The exit status is no evidence: OpenSTA's is always 0.
    """
    if failed := re.search(r"^(?:Error:|%SPIKEOUT_STA_FAILED) (.*)", log, re.MULTILINE):
        return f"OpenSTA failed at corner {corner}: {failed.group(1)}"
    if f"%SPIKEOUT_STA_DONE {corner}\n" not in log:
        return f"OpenSTA did not finish at corner {corner}"
    if unlinked := re.search(r"^Warning: .*?(\S+) not found\. *Creating black box", log, re.M):
        return f"OpenSTA knows no cell {unlinked.group(1)} at corner {corner}"
    missing = [name for name in REQUIRED if f"{name}__corner:{corner}" not in metrics]
    if missing:
        return f"OpenSTA gave no {missing[0]} at corner {corner}"
    if not metrics.get(f"timing__setup_endpoint__count__corner:{corner}"):
        return f"OpenSTA found no timing path at corner {corner}"
    if unclocked := metrics[f"{UNCLOCKED}__corner:{corner}"]:
        return f"the clock does not reach {unclocked} registers at corner {corner}"
    return None


class _Evidence(OpenROAD.STAPrePNR):
    """A corner counts only when the script printed all its metrics and its last line."""

    def get_script_path(self) -> str:
        return str(Path(__file__).with_name("sta_corner.tcl"))

    def run_corner(
        self, state_in: State, current_env: dict[str, Any], corner: str, corner_dir: str
    ) -> dict[str, Any]:
        metrics = super().run_corner(state_in, current_env, corner, corner_dir)
        log = Path(corner_dir, "sta.log")
        problem = evidence(log.read_text(errors="replace"), corner, metrics)
        if problem:
            raise StepException(f"{problem}; see {log}")
        return metrics


@Step.factory.register()
class STAPrePNR(_Evidence):
    """Timing of the synthesised netlist at every corner, with ideal clocks and no wires."""

    id = "Spikeout.STAPrePNR"
    name = "STA (before place and route)"


@Step.factory.register()
class STAPostPNR(_Evidence):
    """Timing of the finished netlist at every corner, with its clock tree and extracted wires."""

    id = "Spikeout.STAPostPNR"
    name = "STA (after place and route)"
    inputs = [DesignFormat.NETLIST, DesignFormat.SPEF]
    outputs = [DesignFormat.SDF, INSTANCE_POWER]
    config_vars = OpenROAD.STAPostPNR.config_vars

    def prepare_env(self, env: dict[str, Any], state: State) -> dict[str, Any]:
        env = super().prepare_env(env, state)
        env["_SDC_IN"] = str(self.config["SIGNOFF_SDC_FILE"] or env["_SDC_IN"])
        env["OPENLANE_SDC_IDEAL_CLOCKS"] = "0"
        env["_STA_MORE"] = str(Path(__file__).with_name("instance_power.tcl"))
        env["_INSTANCE_POWER"] = self._instance_power()
        return env

    def run(self, state_in: State, **kwargs):
        views, metrics = super().run(state_in, **kwargs)
        return {**views, INSTANCE_POWER: View(self._instance_power())}, metrics

    def _instance_power(self) -> str:
        return str(Path(self.step_dir, f"{self.config['DESIGN_NAME']}.{INSTANCE_POWER.extension}"))
