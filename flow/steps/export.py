"""From the finished design to what leaves the flow: parasitics, GDS, LEF, pictures."""

from __future__ import annotations

from pathlib import Path

from librelane.common import Path as View
from librelane.state import DesignFormat, State
from librelane.steps import Step

from flow.pnr.abstract import write_abstract
from flow.pnr.gds import write_gds
from flow.pnr.layout_picture import draw_layout
from flow.pnr.parasitics import write_spef
from flow.pnr.picture import draw_clock, draw_congestion, draw_density, draw_placement
from flow.pnr.pipeline import verify
from flow.steps.plan import VARIABLES
from flow.steps.pnr import faults_of, read_design, tidy

__all__ = ["Abstract", "LayoutCheck", "Parasitics", "StreamOut"]

PICTURES = {
    "placement": draw_placement,
    "density": draw_density,
    "clock": draw_clock,
    "congestion": draw_congestion,
}
"""Name of each picture of a finished design -> what draws it."""


@Step.factory.register()
class Parasitics(Step):
    """Resistance and capacitance of every net, as SPEF for each interconnect corner (nom, min, max)
    of the timing corners."""

    id = "Spikeout.Parasitics"
    name = "Parasitics"
    inputs = [DesignFormat.DEF]
    outputs = [DesignFormat.SPEF]
    config_vars = VARIABLES

    def run(self, state_in: State, **kwargs):
        design = read_design(self.config, state_in)
        files: dict[str, View] = {}
        metrics: dict[str, float] = {}
        for corner in sorted({name.partition("_")[0] for name in self.config["STA_CORNERS"]}):
            path = Path(self.step_dir, f"{design.name}.{corner}.spef")
            with faults_of(self):
                found = write_spef(design, path, corner=corner)
            files[f"{corner}_*"] = View(path)
            metrics = metrics or found
        return {DesignFormat.SPEF: files}, tidy(metrics)


@Step.factory.register()
class StreamOut(Step):
    """The layout with all cells in it, as GDS."""

    id = "Spikeout.StreamOut"
    name = "GDS"
    inputs = [DesignFormat.DEF]
    outputs = [DesignFormat.GDS]
    config_vars = VARIABLES

    def run(self, state_in: State, **kwargs):
        design = read_design(self.config, state_in)
        path = Path(self.step_dir, f"{design.name}.gds")
        with faults_of(self):
            write_gds(design, path)
        draw_layout(path, Path(self.step_dir, "layout.png"))
        for name, draw in PICTURES.items():
            draw(design, Path(self.step_dir, f"{name}.png"))
        return {DesignFormat.GDS: View(path)}, {}


@Step.factory.register()
class Abstract(Step):
    """Outline, pins and obstructions of the chip, as LEF."""

    id = "Spikeout.Abstract"
    name = "LEF"
    inputs = [DesignFormat.DEF]
    outputs = [DesignFormat.LEF]
    config_vars = VARIABLES

    def run(self, state_in: State, **kwargs):
        design = read_design(self.config, state_in)
        path = Path(self.step_dir, f"{design.name}.lef")
        write_abstract(design, path)
        return {DesignFormat.LEF: View(path)}, {}


@Step.factory.register()
class LayoutCheck(Step):
    """Extracts the nets from the GDS alone and compares them with the netlist: opens, shorts, cells
    that are missing."""

    id = "Spikeout.LayoutCheck"
    name = "Opens and shorts"
    inputs = [DesignFormat.DEF, DesignFormat.GDS]
    outputs = []
    config_vars = VARIABLES

    def run(self, state_in: State, **kwargs):
        design = read_design(self.config, state_in)
        with faults_of(self):
            return {}, tidy(verify(Path(str(state_in[DesignFormat.GDS])), design))
