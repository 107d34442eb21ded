"""The drop of the supplies on the way to every cell."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from librelane.config import Variable
from librelane.state import DesignFormat, State
from librelane.steps import Step, StepError

from flow.pnr.ir_drop import solve_ir_drop
from flow.pnr.picture import draw_ir_drop
from flow.steps.plan import VARIABLES
from flow.steps.pnr import faults_of, read_design, tidy
from flow.steps.sta import INSTANCE_POWER
from macros.store import atomic_write

__all__ = ["IRDropReport"]

SUPPLY_V = 1.8
"""Supply of the default corner, at which OpenSTA gave the power."""


@Step.factory.register()
class IRDropReport(Step):
    """Solves the power grid for the mean currents of all cells at the default corner, and stops the
    flow when a cell sees too little."""

    id = "Spikeout.IRDropReport"
    name = "IR drop"
    inputs = [DesignFormat.DEF, INSTANCE_POWER]
    outputs = []
    config_vars = [
        *VARIABLES,
        Variable(
            "IR_DROP_PERCENT",
            float,
            "Largest static drop of both supplies together, in percent of the supply voltage.",
            default=5.0,
        ),
    ]

    def run(self, state_in: State, **kwargs):
        design = read_design(self.config, state_in)
        current = {}
        for line in Path(str(state_in[INSTANCE_POWER])).read_text().splitlines():
            watt, name = line.split(maxsplit=1)
            current[name.replace("\\", "")] = float(watt) / SUPPLY_V
        if lost := current.keys() - set(design.instance_names):
            raise StepError(f"{self.id}: no instance {min(lost)} in the layout")
        with faults_of(self):
            drop = solve_ir_drop(design, current)
        draw_ir_drop(design, drop.total, Path(self.step_dir, "ir_drop.png"))
        drops = zip(design.instance_names, drop.total.tolist(), strict=True)
        content = {"drop_V": {name: float(f"{volt:.4g}") for name, volt in sorted(drops)}}
        atomic_write(Path(self.step_dir, "ir_drop.json"), json.dumps(content, indent=0) + "\n")
        worst = int(np.argmax(drop.total))
        percent = 100 * drop.total[worst] / SUPPLY_V
        if percent > self.config["IR_DROP_PERCENT"]:
            raise StepError(
                f"{self.id}: {design.instance_names[worst]} sees a drop of {percent:.2f} %"
                f" of {SUPPLY_V} V, more than {self.config['IR_DROP_PERCENT']} %"
            )
        return {}, tidy(
            {
                "ir__drop__worst": float(drop.total[worst]),
                "ir__drop__avg": float(drop.total.mean()),
                "ir__voltage__worst": SUPPLY_V - float(drop.total[worst]),
                "ir__current__total": sum(current.values()),
            }
        )
