"""The finished netlist in another language."""

from __future__ import annotations

from pathlib import Path

from librelane.common import Path as View
from librelane.state import DesignFormat, State
from librelane.steps import Step, StepError

from flow.pdk.names import view_path
from flow.signoff.chip_run import run_of_step
from flow.signoff.powered_netlist import read_gates
from flow.signoff.verdict import NoVerdict
from flow.spice_netlist import pin_orders, spice_netlist
from macros.store import atomic_write

__all__ = ["SpiceNetlist"]


@Step.factory.register()
class SpiceNetlist(Step):
    """The powered netlist as SPICE, with cells and macros as subcircuits."""

    id = "Spikeout.SpiceNetlist"
    name = "SPICE netlist"
    inputs = [DesignFormat.POWERED_NETLIST]
    outputs = [DesignFormat.SPICE]

    def run(self, state_in: State, **kwargs):
        run = run_of_step(Path(self.step_dir), self.config.dumps(), state_in.dumps())
        path = Path(self.step_dir, f"{run.name}.spice")
        libraries = [view_path(run.tree, "spice")]
        libraries += [Path(file) for macro in run.macros.values() for file in macro["spice"]]
        try:
            gates = read_gates(run.view("pnl"), run.name)
            atomic_write(path, spice_netlist(gates, pin_orders(libraries)))
        except NoVerdict as error:
            raise StepError(f"{self.id}: {error}") from None
        return {DesignFormat.SPICE: View(path)}, {}
