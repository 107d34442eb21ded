"""The LibreLane flow: `Classic`, with our steps where a tool has no package, and our own checks."""

from __future__ import annotations

from typing import Any

from librelane.config.flow import flow_common_variables
from librelane.flows import Flow
from librelane.flows.classic import Classic
from librelane.state import State
from librelane.steps import Step

from flow import doctor, shims
from flow.steps.macros import CheckMacroInstances
from flow.steps.sta import STAPrePNR
from flow.steps.synthesis import SynthesisReport

__all__ = ["STAGES", "SYNTHESIS_REPORT", "Spikeout", "stock_steps", "substitutions"]

EMBEDDED: dict[str, type[Step]] = {
    "OpenROAD.CheckMacroInstances": CheckMacroInstances,
    "OpenROAD.STAPrePNR": STAPrePNR,
}
"""What stands in for a stock step that needs OpenROAD. After the last of them the embedded flow
ends: a stock step without a tool is left out, it never pretends."""

SYNTHESIS_REPORT = SynthesisReport.id

STAGES = {
    "lint": "Checker.LintWarnings",
    "synthesis": SYNTHESIS_REPORT,
}
"""Names of stages on the command line -> the step that ends each."""


def stock_steps(mode: str) -> list[type[Step]]:
    """The steps of `Classic` that the mode (`openlane` or `embedded`) starts from."""
    if mode == "openlane":
        return list(Classic.Steps)
    last = max(i for i, step in enumerate(Classic.Steps) if step.id in EMBEDDED)
    return list(Classic.Steps[: last + 1])


def substitutions(mode: str) -> list[tuple[str, str | type[Step] | None]]:
    """LibreLane's `Substitutions` of the mode: ours in place of OpenROAD, and our own checks."""
    replaced = [] if mode == "openlane" else list(EMBEDDED.items())
    timing = "OpenROAD.STAPrePNR" if mode == "openlane" else STAPrePNR.id
    return [*replaced, (f"+{timing}", SynthesisReport)]


@Flow.factory.register()
class Spikeout(Classic):
    """A spiking accelerator from Verilog to layout.

    In openlane mode every stock step of `Classic` runs; in embedded mode the steps of OpenROAD are
    ours. `spikeout doctor` tells which mode a machine has.
    """

    Steps = stock_steps(doctor.mode()[0])
    Substitutions = substitutions(doctor.mode()[0])

    @classmethod
    def variables(cls) -> set[str]:
        """Names of all configuration variables of the flow and its steps."""
        lists = [flow_common_variables, cls.config_vars, *(step.config_vars for step in cls.Steps)]
        return {variable.name for variables in lists for variable in variables}

    @classmethod
    def stage(cls, name: str | None) -> str | None:
        """Id of the step that a stage's name or a step's id means; `ValueError` for neither."""
        ids = {step.id.lower(): step.id for step in cls.Steps}
        if name is None or name in STAGES:
            return STAGES.get(name or "")
        if name.lower() not in ids:
            raise ValueError(f"stage must be one of {[*STAGES]} or a step's id, not {name!r}")
        return ids[name.lower()]

    def run(self, initial_state: State, *args: Any, **kwargs: Any) -> tuple[State, list[Step]]:
        """Run the steps with our programs on PATH: all of them in embedded mode, in openlane mode
        only those that the user has not."""
        with shims.on_path(only_missing=doctor.mode()[0] == "openlane"):
            return super().run(initial_state, *args, **kwargs)
