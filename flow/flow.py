"""The LibreLane flow: `Classic`, with our steps where a tool has no package, and our own checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from librelane.config.flow import flow_common_variables
from librelane.flows import Flow
from librelane.flows.classic import Classic
from librelane.logging import console
from librelane.state import State
from librelane.steps import Step

from flow import doctor, shims
from flow.progress import StepProgress
from flow.steps import export, pnr
from flow.steps.ir_drop import IRDropReport
from flow.steps.macros import CheckMacroInstances
from flow.steps.signoff import SIGNOFF
from flow.steps.spice_netlist import SpiceNetlist
from flow.steps.sta import STAPostPNR, STAPrePNR
from flow.steps.synthesis import SynthesisReport
from flow.steps.timing_model import TimingModel

__all__ = ["STAGES", "SYNTHESIS_REPORT", "KeptState", "Spikeout", "stock_steps", "substitutions"]

EMBEDDED: dict[str, type[Step]] = {
    "OpenROAD.CheckMacroInstances": CheckMacroInstances,
    "OpenROAD.STAPrePNR": STAPrePNR,
    "OpenROAD.Floorplan": pnr.Floorplan,
    "OpenROAD.GeneratePDN": pnr.PowerGrid,
    "OpenROAD.GlobalPlacement": pnr.Placement,
    "OpenROAD.RepairDesignPostGPL": pnr.Repair,
    "OpenROAD.CTS": pnr.ClockTree,
    "OpenROAD.ResizerTimingPostCTS": pnr.HoldRepair,
    "OpenROAD.DetailedRouting": pnr.Route,
    "OpenROAD.FillInsertion": pnr.Fill,
    "OpenROAD.RCX": export.Parasitics,
    "OpenROAD.STAPostPNR": STAPostPNR,
    "OpenROAD.IRDropReport": IRDropReport,
    "KLayout.StreamOut": export.StreamOut,
    "Magic.WriteLEF": export.Abstract,
}
"""What stands in for a stock step in embedded mode."""

NEEDS_A_TOOL = ("OpenROAD.", "Odb.", "Magic.", "KLayout.", "Netgen.", "Yosys.EQY")
"""Stock steps of these kinds run in embedded mode only where ours stands in; one for which we have
nothing is left out, it never pretends."""

NEEDS_NONE = "OpenROAD.CheckSDCFiles"
"""The exception: it only looks at the configuration."""

WITHOUT_METRIC = (
    "Checker.PowerGridViolations",
    "Checker.TrDRC",
    "Checker.DisconnectedPins",
    "Checker.WireLength",
    "Checker.XOR",
    "Checker.MagicDRC",
    "Checker.KLayoutDRC",
    "Checker.IllegalOverlap",
    "Checker.LVS",
    "Checker.MaxCapViolations",
    "Misc.ReportManufacturability",
)
"""Stock checks of figures that only those steps give: our own checks raise the fault themselves."""

SYNTHESIS_REPORT = SynthesisReport.id

STAGES = {
    "lint": ("Verilator.Lint", "Checker.LintWarnings"),
    "synthesis": ("Yosys.JsonHeader", SYNTHESIS_REPORT),
    "floorplan": (pnr.Floorplan.id, pnr.Floorplan.id),
    "power": (pnr.PowerGrid.id, pnr.PowerGrid.id),
    "place": (pnr.Placement.id, pnr.Placement.id),
    "repair": (pnr.Repair.id, pnr.Repair.id),
    "clock": (pnr.ClockTree.id, pnr.ClockTree.id),
    "hold": (pnr.HoldRepair.id, pnr.HoldRepair.id),
    "route": (pnr.Route.id, pnr.Route.id),
    "eco": (pnr.RoutedRepair.id, pnr.RoutedRepair.id),
    "fill": (pnr.Fill.id, pnr.Fill.id),
    "timing": (export.Parasitics.id, TimingModel.id),
    "irdrop": (IRDropReport.id, IRDropReport.id),
    "gds": (export.StreamOut.id, SpiceNetlist.id),
    "checks": ("Checker.SetupViolations", "Checker.MaxSlewViolations"),
    "signoff": (SIGNOFF[0].id, SIGNOFF[-1].id),
}
"""Names of stages on the command line -> the steps that begin and end each."""


def stock_steps(mode: str) -> list[type[Step]]:
    """The steps of `Classic` that the mode (`openlane` or `embedded`) starts from."""
    if mode == "openlane":
        return list(Classic.Steps)
    return [
        step
        for step in Classic.Steps
        if step.id in EMBEDDED
        or step.id == NEEDS_NONE
        or not (step.id.startswith(NEEDS_A_TOOL) or step.id in WITHOUT_METRIC)
    ]


def substitutions(mode: str) -> list[tuple[str, str | type[Step] | None]]:
    """LibreLane's `Substitutions` of the mode: ours in place of OpenROAD, and our own checks."""
    if mode == "openlane":
        return [("+OpenROAD.STAPrePNR", SynthesisReport)]
    return [
        *EMBEDDED.items(),
        (f"+{STAPrePNR.id}", SynthesisReport),
        (f"+{pnr.Route.id}", pnr.RoutedRepair),
        (f"+{STAPostPNR.id}", TimingModel),
        (f"+{export.StreamOut.id}", export.LayoutCheck),
        (f"+{export.Abstract.id}", SpiceNetlist),
    ]


class KeptState(State):
    """The state that a run goes on from. LibreLane takes one without views, as it is after lint,
    for none at all and would drop its metrics."""

    def __bool__(self) -> bool:
        return True


@Flow.factory.register()
class Spikeout(Classic):
    """A spiking accelerator from Verilog to layout.

    In openlane mode every stock step of `Classic` runs; in embedded mode the steps of OpenROAD are
    ours. `spikeout doctor` tells which mode a machine has.
    """

    Steps = stock_steps(doctor.mode()[0]) + list(SIGNOFF)
    Substitutions = substitutions(doctor.mode()[0])

    expected: Mapping[str, float] | None = None
    """Wall time of each step in earlier runs (`flow.progress.expected_seconds`) for our progress
    bar; None leaves LibreLane's, as its own command line has it."""

    @staticmethod
    def _wanted(ids: Sequence[str], first: str | None, last: str | None) -> Sequence[str]:
        """The steps from `first` to `last`, as far as these are steps at all."""
        begin = ids.index(first) if first in ids else 0
        end = ids.index(last) if last in ids else len(ids) - 1
        return ids[begin : end + 1]

    @classmethod
    def variables(cls) -> set[str]:
        """Names of all configuration variables of the flow and its steps."""
        lists = [flow_common_variables, cls.config_vars, *(step.config_vars for step in cls.Steps)]
        return {variable.name for variables in lists for variable in variables}

    @classmethod
    def stage(cls, name: str | None, *, end: bool = True) -> str | None:
        """Id of the step that ends (or begins) the stage of this name, or of the step that has it
        for its id; `ValueError` for neither."""
        if name is None:
            return None
        ids = [step.id for step in cls.Steps]
        found = STAGES.get(name, (name, name))[end]
        for step in ids:
            if step.lower() == found.lower():
                return step
        known = [stage for stage, (_, last) in STAGES.items() if last in ids]
        raise ValueError(f"stage must be one of {known} or a step's id, not {name!r}")

    def run(self, initial_state: State, *args: Any, **kwargs: Any) -> tuple[State, list[Step]]:
        """Run the steps with our programs on PATH: all of them in embedded mode, in openlane mode
        only those that the user has not."""
        ids = [step.id for step in self.Steps]
        if self.expected is not None:
            wanted = self._wanted(ids, kwargs.get("frm"), kwargs.get("to"))
            # LibreLane types the bar as its own class; ours hands on to it what it does not answer
            self.progress_bar = StepProgress(  # type: ignore[assignment]
                self.progress_bar, ids, wanted, self.expected, console
            )
        with shims.on_path(only_missing=doctor.mode()[0] == "openlane"):
            return super().run(initial_state, *args, **kwargs)
