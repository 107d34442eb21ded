"""From a chip's parameters to what LibreLane is told: sources, clock, macros, floorplan."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from flow import placeholder, placeholder_layout
from flow.pdk.names import CORNERS
from macros.shape import MacroShape
from macros.store import atomic_write
from macros.views import MacroMissing, find_views
from rtl.config import FLOPS, Chip
from rtl.verilog import write_verilog

__all__ = ["CLOCK", "SDC", "librelane_config", "macro_instances", "write_sources"]

CLOCK = "wb_clk_i"
LINT = Path(__file__).parents[1] / "rtl" / "lint.vlt"
SDC = Path(__file__).with_name("constraints") / "chip.sdc"


def write_sources(chip: Chip, folder: Path) -> None:
    """Write the chip's Verilog to `folder/rtl` and the views of its macros to `folder/macros`; for
    a macro that is neither shipped nor built, stand-ins with stated timing and outline."""
    write_verilog(chip, folder / "rtl")
    for name in chip.macro_counts:
        for view, path in _view_paths(name, folder).items():
            atomic_write(path, _view(name, view))


def _view_paths(name: str, folder: Path) -> dict[str, Path]:
    """View -> where the run keeps it; a Liberty view is named for its corner."""
    place = folder / "macros"
    paths = {view: place / f"{name}.{view}" for view in ("gds", "lef", "spice")}
    paths |= {corner: place / f"{name}__{corner}.lib" for corner in CORNERS}
    return paths


def _view(name: str, view: str) -> bytes | str:
    try:
        views = find_views(name)
    except MacroMissing:
        return _stand_in(name, view)
    files = {"gds": views.gds, "lef": views.lef, "spice": views.spice, **views.liberty}
    return files[view].read_bytes() if view in files else _stand_in(name, view)


def _stand_in(name: str, view: str) -> bytes | str:
    shape = MacroShape.from_name(name)
    if view in CORNERS:
        return placeholder.liberty(shape, view)
    if view == "spice":
        return placeholder.spice(shape)
    return placeholder_layout.lef(shape) if view == "lef" else placeholder_layout.gds(shape)


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
        "LINTER_VLT": str(LINT),
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
    paths = _view_paths(name, folder)
    return {
        "gds": [str(paths["gds"])],
        "lef": [str(paths["lef"])],
        "spice": [str(paths["spice"])],
        "vh": [str(folder / "rtl" / f"{name}.v")],
        "lib": {f"*_{corner}": [str(paths[corner])] for corner in CORNERS},
        "instances": instances,
    }
