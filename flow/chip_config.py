"""From a chip's parameters to what LibreLane is told: sources, clock, macros, floorplan."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from flow import placeholder
from flow.pdk.names import CORNERS
from macros.shape import MacroShape
from macros.store import atomic_write
from rtl.config import FLOPS, Chip
from rtl.verilog import write_verilog

__all__ = ["CLOCK", "SDC", "librelane_config", "macro_instances", "write_sources"]

CLOCK = "wb_clk_i"
SDC = Path(__file__).with_name("constraints") / "chip.sdc"
NOT_BUILT = "__librelane_dummy_path"
"""LibreLane's name of a view that is not there; it wants a GDS and a LEF of every macro."""


def write_sources(chip: Chip, folder: Path) -> None:
    """Write the chip's Verilog to `folder/rtl` and each macro's Liberty to `folder/macros`."""
    write_verilog(chip, folder / "rtl")
    for name in chip.macro_counts:
        for corner in CORNERS:
            text = placeholder.liberty(MacroShape.from_name(name), corner)
            atomic_write(folder / "macros" / f"{name}__{corner}.lib", text)


def librelane_config(chip: Chip, folder: Path) -> dict[str, Any]:
    """The LibreLane configuration of a chip whose sources stand in `folder`.

    DELAY 4 with buffers: on digits 8 % more cells than AREA 0, and 4.9 ns more slack at ss, which
    the wires will need.
    """
    period_ns = Decimal(chip.clock_period_ps) / 1000
    config: dict[str, Any] = {
        "DESIGN_NAME": chip.name,
        "VERILOG_FILES": [str(folder / "rtl" / f"{chip.name}.v")],
        "CLOCK_PORT": CLOCK,
        "CLOCK_PERIOD": period_ns,
        "PNR_SDC_FILE": str(SDC),
        "SIGNOFF_SDC_FILE": str(SDC),
        "SYNTH_STRATEGY": "DELAY 4",
        "SYNTH_ABC_BUFFERING": True,
        "FP_CORE_UTIL": chip.floorplan.utilisation_percent,
        "FP_ASPECT_RATIO": Decimal(chip.floorplan.aspect_percent) / 100,
    }
    if chip.floorplan.die_nm:
        width, height = (Decimal(side) / 1000 for side in chip.floorplan.die_nm)
        config |= {"FP_SIZING": "absolute", "DIE_AREA": [0, 0, width, height]}
    if chip.macro_counts:
        config["MACROS"] = {name: _macro(chip, name, folder) for name in chip.macro_counts}
    return config


def macro_instances(chip: Chip) -> dict[str, str]:
    """Instance in the flat netlist -> macro, as the RTL names its memories."""
    found = {}
    for role, memory in chip.memories.items():
        if memory.macro == FLOPS:
            continue
        for column in range(chip.columns(role)):
            for row in range(memory.words // memory.macro_words):
                found[f"{role}.storage.sram_{column}_{row}"] = memory.macro
    return found


def _macro(chip: Chip, name: str, folder: Path) -> dict[str, Any]:
    instances: dict[str, Any] = {}
    for instance, macro in macro_instances(chip).items():
        place = chip.floorplan.macros.get(instance)
        if macro == name:
            instances[instance] = {
                "location": [Decimal(place.x_nm) / 1000, Decimal(place.y_nm) / 1000]
                if place
                else None,
                "orientation": place.orientation if place else None,
            }
    libraries = {corner: folder / "macros" / f"{name}__{corner}.lib" for corner in CORNERS}
    return {
        "gds": [NOT_BUILT],
        "lef": [NOT_BUILT],
        "vh": [str(folder / "rtl" / f"{name}.v")],
        "lib": {f"*_{corner}": [str(path)] for corner, path in libraries.items()},
        "instances": instances,
    }
