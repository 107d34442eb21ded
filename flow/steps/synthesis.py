"""The verdict on synthesis: complete metrics, characterised cells only, setup met."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from librelane.config import Variable
from librelane.state import DesignFormat, State
from librelane.steps import Step, StepError, StepException

from flow import placeholder, synthesis

__all__ = ["SynthesisReport"]


@Step.factory.register()
class SynthesisReport(Step):
    """Writes area, cell histogram and slack of the netlist, and stops the flow when a metric is
    missing, a cell is not characterised at every corner, or setup fails even without wires."""

    id = "Spikeout.SynthesisReport"
    name = "Synthesis report"
    inputs = [DesignFormat.NETLIST]
    outputs = []
    config_vars = [
        Variable(
            "SYNTH_REQUIRE_SETUP",
            bool,
            "Stop when setup slack is negative before place and route, where no wire delays.",
            default=True,
        ),
    ]

    def run(self, state_in: State, **kwargs):
        corners = list(self.config["STA_CORNERS"])
        libraries = {
            corner: Path(self.toolbox.filter_views(self.config, self.config["LIB"], corner)[0])
            for corner in corners
        }
        macros = {name: self._placeholder(name, corners[0]) for name in self.config["MACROS"] or {}}
        try:
            result = synthesis.summarise(
                self.config["DESIGN_NAME"],
                float(self.config["CLOCK_PERIOD"]),
                Path(str(state_in[DesignFormat.NETLIST])),
                libraries,
                macros,
                state_in.metrics,
            )
        except ValueError as error:
            raise StepException(f"{self.id}: {error}") from None
        Path(self.step_dir, "synthesis.json").write_text(
            json.dumps(asdict(result), indent=1) + "\n"
        )
        Path(self.step_dir, "synthesis.rpt").write_text(synthesis.table(result))
        found = synthesis.faults(result)
        if not self.config["SYNTH_REQUIRE_SETUP"]:
            found = [fault for fault in found if not fault.startswith("setup slack")]
        if found:
            raise StepError(f"{self.id}: {'; '.join(found)}")
        return {}, {
            "design__instance__count__stdcell": result.count,
            "design__instance__count__macros": sum(n for n, _ in result.macros.values()),
            "design__instance__count__class:sequential_cell": result.registers,
            "design__instance_uncharacterized__count": len(result.uncharacterised),
            "design__macro_placeholder__count": sum(p for _, p in result.macros.values()),
        }

    def _placeholder(self, macro: str, corner: str) -> bool:
        """Whether the macro's Liberty says that its timing is a placeholder."""
        libs = self.toolbox.filter_views(self.config, self.config["MACROS"][macro].lib, corner)
        return any(placeholder.MARK in Path(lib).read_text()[:4000] for lib in libs)
