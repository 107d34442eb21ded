"""From LibreLane's configuration to the plan and the cells of our place and route."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import Any

from librelane.config import Variable
from librelane.steps import Odb, OpenROAD, Step

from flow.pnr.cell_library import Library, read_library
from flow.pnr.floorplan import Floorplan, MacroPlace
from flow.pnr.pipeline import Plan
from flow.pnr.power import PowerPlan
from flow.pnr.sides import read_sides
from flow.pnr.timing.constraints import Constraints
from flow.pnr.timing.repair import TimingPlan

__all__ = ["VARIABLES", "library_of", "plan_of"]


def _stock(step: type[Step], *names: str) -> list[Variable]:
    """Variables of a stock step: ours have the same names, types and defaults."""
    known = {variable.name: variable for variable in step.config_vars}
    return [known[name] for name in names]


VARIABLES = [
    *_stock(OpenROAD.CheckSDCFiles, "PNR_SDC_FILE"),
    *_stock(OpenROAD.Floorplan, "FP_SIZING", "FP_ASPECT_RATIO", "FP_CORE_UTIL"),
    *_stock(OpenROAD.CutRows, "FP_MACRO_HORIZONTAL_HALO", "FP_MACRO_VERTICAL_HALO"),
    *_stock(OpenROAD.GeneratePDN, "PDN_VWIDTH", "PDN_VPITCH", "PDN_HPITCH", "PDN_CORE_RING"),
    *_stock(Odb.CustomIOPlacement, "IO_PIN_ORDER_CFG"),
]
"""Everything that place and route asks for beyond the variables common to all flows."""


def plan_of(config: Mapping[str, Any], ports: tuple[str, ...] = ()) -> Plan:
    """What the configuration asks for; `ports` are the names that an order of pins may hold.

    Raises ValueError for a die that does not start at the origin, an instance with a location and
    no orientation, and an order of pins that names no port.
    """
    return Plan(
        floorplan=Floorplan(
            utilisation=float(config["FP_CORE_UTIL"]) / 100,
            aspect=float(config["FP_ASPECT_RATIO"]),
            die=_die(config),
            halo=_nm(max(config["FP_MACRO_HORIZONTAL_HALO"], config["FP_MACRO_VERTICAL_HALO"])),
            macros=_places(config),
            sides=read_sides(Path(order), ports) if (order := config["IO_PIN_ORDER_CFG"]) else {},
        ),
        power=PowerPlan(
            width=_nm(config["PDN_VWIDTH"]),
            met4_pitch=_nm(config["PDN_VPITCH"]),
            met5_pitch=_nm(config["PDN_HPITCH"]),
            ring=config["PDN_CORE_RING"],
        ),
        clock=_clock(config),
        fanout=int(config["MAX_FANOUT_CONSTRAINT"] or Plan.fanout),
        timing=_timing(config) if _clock(config) else None,
    )


def _timing(config: Mapping[str, Any]) -> TimingPlan:
    """Every corner of the analysis with its files; the constraints see all plain values of the
    configuration, as they do in LibreLane's own steps."""
    macros = (config["MACROS"] or {}).values()
    views = [config["LIB"], *(macro.lib for macro in macros)]
    liberties = {
        corner: tuple(path for view in views for path in _at_corner(view, corner))
        for corner in config["STA_CORNERS"]
    }
    values = {
        name: str(value)
        for name, value in config.items()
        if isinstance(value, (str, int, float, Decimal)) and value is not None
    }
    values["CLOCK_PORT"] = _clock(config) or ""
    sdc = Path(str(config["PNR_SDC_FILE"] or config["FALLBACK_SDC"]))
    return TimingPlan(Constraints(liberties, sdc, values), _clock(config))


def _at_corner(view: Mapping[str, Iterable[Any]], corner: str) -> list[Path]:
    """The files of a view whose pattern fits a corner."""
    return [Path(str(p)) for glob, paths in view.items() if fnmatch(corner, glob) for p in paths]


def library_of(config: Mapping[str, Any]) -> Library:
    """Cells of the PDK and the macros of the configuration; read once per process."""
    macros = (config["MACROS"] or {}).values()
    lefs = tuple(Path(str(path)) for macro in macros for path in macro.lef)
    layouts = tuple(Path(str(path)) for macro in macros for path in macro.gds)
    tree = Path(str(config["PDK_ROOT"])) / config["PDK"]
    stamps = tuple(path.stat().st_mtime_ns for path in (*lefs, *layouts) if path.is_file())
    return _library(tree, lefs, layouts, stamps)


@lru_cache(maxsize=2)
def _library(tree: Path, lefs: tuple[Path, ...], layouts: tuple[Path, ...], _: Any) -> Library:
    return read_library(tree, lefs, layouts)


def _clock(config: Mapping[str, Any]) -> str | None:
    port = config["CLOCK_PORT"]
    return port[0] if isinstance(port, list) else port


def _die(config: Mapping[str, Any]) -> tuple[int, int] | None:
    area = config["DIE_AREA"]
    if config["FP_SIZING"] != "absolute":
        return None
    if area is None or area[0] or area[1]:
        raise ValueError(f"DIE_AREA must be 0 0 <width> <height> in um, not {area}")
    return _nm(area[2]), _nm(area[3])


def _places(config: Mapping[str, Any]) -> dict[str, MacroPlace]:
    """Places of the macro instances that have one."""
    places = {}
    for macro in (config["MACROS"] or {}).values():
        for name, instance in macro.instances.items():
            if instance.location is None:
                continue
            if instance.orientation is None:
                raise ValueError(f"macro {name} has a location but no orientation")
            x, y = instance.location
            places[name] = MacroPlace(_nm(x), _nm(y), str(instance.orientation))
    return places


def _nm(um: Decimal | float) -> int:
    return round(float(um) * 1000)
