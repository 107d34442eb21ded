"""Checks of macro instances that need no OpenROAD."""

from __future__ import annotations

from pathlib import Path

from librelane.state import DesignFormat, State
from librelane.steps import Step, StepError

from flow import netlist

__all__ = ["CheckMacroInstances"]


@Step.factory.register()
class CheckMacroInstances(Step):
    """Stops when a macro instance of the configuration is not in the netlist, is an instance of
    something else, or when the netlist holds a macro instance that the configuration has not."""

    id = "Spikeout.CheckMacroInstances"
    name = "Check macro instances"
    inputs = [DesignFormat.NETLIST]
    outputs = []

    def run(self, state_in: State, **kwargs):
        macros = self.config["MACROS"] or {}
        wanted = {name: macro for macro, views in macros.items() for name in views.instances}
        masters = netlist.instances(Path(str(state_in[DesignFormat.NETLIST])))
        found = {name: master for name, master in masters.items() if master in macros}
        for name in sorted(wanted.keys() | found.keys()):
            if wanted.get(name) != found.get(name):
                here = masters.get(name, "missing")
                raise StepError(
                    f"{self.id}: {name} is {here} in the netlist"
                    f" and {wanted.get(name, 'not there')} in the configuration"
                )
        return {}, {"design__instance__count__macros": len(found)}
