"""The timing of a finished chip's ports, for designs that hold it as a macro."""

from __future__ import annotations

from pathlib import Path

from librelane.common import Path as View
from librelane.state import DesignFormat, State
from librelane.steps import Step, StepError

from flow.signoff.chip_run import run_of_step
from flow.signoff.verdict import NoVerdict
from flow.timing_model import timing_model
from macros.store import atomic_write

__all__ = ["TimingModel"]


@Step.factory.register()
class TimingModel(Step):
    """Setup, hold and delay at every port, as Liberty for each timing corner."""

    id = "Spikeout.TimingModel"
    name = "Timing model"
    inputs = [DesignFormat.NETLIST, DesignFormat.SPEF]
    outputs = [DesignFormat.LIB]

    def run(self, state_in: State, **kwargs):
        folder = Path(self.step_dir)
        run = run_of_step(folder, self.config.dumps(), state_in.dumps())
        area = float(state_in.metrics["design__die__area"])
        files: dict[str, View] = {}
        try:
            timed = run.timed()
            for corner in timed.corners:
                path = folder / corner / f"{run.name}__{corner}.lib"
                atomic_write(path, timing_model(timed, corner, folder, area))
                files[corner] = View(path)
        except NoVerdict as error:
            raise StepError(f"{self.id}: {error}") from None
        return {DesignFormat.LIB: files}, {}
