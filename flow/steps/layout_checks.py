"""Design rules and layout versus netlist, on the GDS that leaves the flow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from librelane.state import DesignFormat, State
from librelane.steps import DeferredStepError, Step, StepException

from flow.signoff.drc import check_drc
from flow.signoff.lvs import check_lvs
from flow.signoff.verdict import NoVerdict, Verdict, write_verdict

__all__ = ["DesignRules", "LayoutVersusNetlist"]


def _judge(step: Step, check: Callable[[Path], Verdict]):
    """Run a check, keep its verdict in the step's folder; a fault fails the flow at its end, after
    all other checks."""
    folder = Path(step.step_dir)
    try:
        verdict = check(folder)
    except NoVerdict as error:
        raise StepException(f"{step.id}: {error}") from None
    write_verdict(verdict, folder)
    if not verdict.passed:
        raise DeferredStepError(f"{step.id}: {verdict.figure}")
    return {}, dict(verdict.metrics)


@Step.factory.register()
class DesignRules(Step):
    """Every rule of our deck on the whole layout."""

    id = "Spikeout.DRC"
    name = "Design rules"
    inputs = [DesignFormat.GDS]  # noqa: RUF012  LibreLane's interface
    outputs = []  # noqa: RUF012

    def run(self, state_in: State, **kwargs):
        gds = Path(str(state_in[DesignFormat.GDS]))
        return _judge(self, lambda out: check_drc(gds, out, self.config["DESIGN_NAME"]))


@Step.factory.register()
class LayoutVersusNetlist(Step):
    """The nets that the layout holds against the powered netlist."""

    id = "Spikeout.LVS"
    name = "Layout versus netlist"
    inputs = [DesignFormat.GDS, DesignFormat.POWERED_NETLIST]  # noqa: RUF012
    outputs = []  # noqa: RUF012

    def run(self, state_in: State, **kwargs):
        gds, netlist = (
            Path(str(state_in[view])) for view in (DesignFormat.GDS, DesignFormat.POWERED_NETLIST)
        )
        return _judge(self, lambda out: check_lvs(gds, netlist, out, self.config["DESIGN_NAME"]))
