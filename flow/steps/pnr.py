"""Place and route without OpenROAD: one LibreLane step for each stage of `flow.pnr.pipeline`.

Every step reads the DEF that the state holds and leaves a DEF, so that a run goes on from any of
them exactly as if it had never stopped.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from librelane.common import Path as View
from librelane.logging import info
from librelane.state import DesignFormat, State
from librelane.steps import Step, StepError

from flow.pnr.def_reader import read_def
from flow.pnr.def_writer import write_def
from flow.pnr.design import Design
from flow.pnr.netlist import read_netlist
from flow.pnr.pipeline import STAGES, describe
from flow.pnr.preflight import preflight
from flow.pnr.verilog import write_verilog
from flow.steps.plan import VARIABLES, library_of, plan_of
from flow.yosys_json import write_json

__all__ = [
    "ClockTree",
    "Fill",
    "Floorplan",
    "HoldRepair",
    "Placement",
    "PowerGrid",
    "Repair",
    "Route",
    "RoutedRepair",
    "faults_of",
    "read_design",
    "tidy",
]


def read_design(config: Any, state: State) -> Design:
    """The design in the state's DEF, with the cells and macros of the configuration."""
    return read_def(Path(str(state[DesignFormat.DEF])), library_of(config))


def tidy(metrics: dict[str, Any]) -> dict[str, Any]:
    """Metrics as LibreLane reads them back from its files: whole numbers are integers, others have
    six places, so that a run that was taken up again says the same as one that was not."""
    return {
        name: int(value) if float(value).is_integer() else round(float(value), 6)
        for name, value in metrics.items()
    }


@contextlib.contextmanager
def faults_of(step: Step) -> Iterator[None]:
    """What a plain function finds wrong becomes the step's error, in one line."""
    try:
        yield
    except (ValueError, RuntimeError) as error:
        raise StepError(f"{step.id}: {error}") from None


class _Stage(Step):
    """A stage of place and route: DEF in, DEF and netlists out."""

    inputs = [DesignFormat.DEF]
    outputs = [
        DesignFormat.DEF,
        DesignFormat.NETLIST,
        DesignFormat.POWERED_NETLIST,
    ]
    config_vars = VARIABLES
    stage: ClassVar[str]

    def read(self, state_in: State) -> Design:
        return read_design(self.config, state_in)

    def run(self, state_in: State, **kwargs):
        name = self.config["DESIGN_NAME"]
        with faults_of(self):
            design = self.read(state_in)
            plan = plan_of(self.config, tuple(port.name for port in design.ports))
            plan = replace(plan, route=replace(plan.route, folder=Path(self.step_dir)))
            design, metrics = STAGES[self.stage](
                design, plan, lambda done: info(describe(done).strip())
            )
        files = {
            DesignFormat.DEF: Path(self.step_dir, f"{name}.def"),
            DesignFormat.NETLIST: Path(self.step_dir, f"{name}.nl.v"),
            DesignFormat.POWERED_NETLIST: Path(self.step_dir, f"{name}.pnl.v"),
        }
        write_def(design, files[DesignFormat.DEF])
        write_verilog(design, files[DesignFormat.NETLIST])
        write_verilog(design, files[DesignFormat.POWERED_NETLIST], powered=True)
        views = {kind: View(path) for kind, path in files.items()}
        return views, tidy(metrics | _census(design))


def _census(design: Design) -> dict[str, float]:
    """Standard cells that carry signals and their area in um2, as after synthesis."""
    widths, heights = design.sizes()
    masters = design.master_objects()
    counted = np.array([bool(m.signal_pins) and not m.is_macro for m in masters])[design.master_of]
    count = float(counted.sum())
    area = float((widths.astype(np.int64) * heights)[counted].sum() / 1e6)
    names = ("design__instance__count", "design__instance__area")
    found = dict(zip(names, (count, area), strict=True))
    return found | {f"{name}__stdcell": value for name, value in found.items()}


@Step.factory.register()
class Floorplan(_Stage):
    """Die, rows, macros, ports, end caps and well taps; before that, everything about the netlist
    and the macros that would end the run later."""

    id = "Spikeout.Floorplan"
    name = "Floorplan"
    inputs = [DesignFormat.NETLIST]
    stage = "floorplan"

    def read(self, state_in: State) -> Design:
        """The synthesised netlist, which is all there is at this stage."""
        top = self.config["DESIGN_NAME"]
        json = Path(self.step_dir, f"{top}.json")
        write_json(Path(str(state_in[DesignFormat.NETLIST])), top, json)
        design = read_netlist(json, library_of(self.config), top)
        preflight(design, plan_of(self.config).clock)
        return design


@Step.factory.register()
class PowerGrid(_Stage):
    """Rails, straps and their vias, down to the supply pins of macros."""

    id = "Spikeout.PowerGrid"
    name = "Power grid"
    stage = "power"


@Step.factory.register()
class Placement(_Stage):
    """Cells to rows and sites."""

    id = "Spikeout.Placement"
    name = "Placement"
    stage = "place"


@Step.factory.register()
class Repair(_Stage):
    """Buffers and sizes that fanout, transitions, loads and setup call for, on estimated wires."""

    id = "Spikeout.Repair"
    name = "Timing repair"
    stage = "repair"


@Step.factory.register()
class ClockTree(_Stage):
    """Clock buffers; afterwards the placement is legal again."""

    id = "Spikeout.ClockTree"
    name = "Clock tree"
    stage = "clock"


@Step.factory.register()
class HoldRepair(_Stage):
    """Delay cells before registers and macros whose data come too early, at every corner."""

    id = "Spikeout.HoldRepair"
    name = "Hold repair"
    stage = "hold"


@Step.factory.register()
class Route(_Stage):
    """Wires and vias, and diodes where an antenna calls for one."""

    id = "Spikeout.Route"
    name = "Routing"
    stage = "route"


@Step.factory.register()
class RoutedRepair(_Stage):
    """What is in violation with the wires as they are is repaired and routed again."""

    id = "Spikeout.RoutedRepair"
    name = "Timing repair after routing"
    stage = "eco"


@Step.factory.register()
class Fill(_Stage):
    """Decap and filler cells in all gaps."""

    id = "Spikeout.Fill"
    name = "Fill"
    stage = "fill"
