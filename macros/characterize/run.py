"""Characterisation of a macro as its generator calls it: cached, and reporting progress."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from macros.characterize.corners import CORNERS, Corner
from macros.characterize.functional import Functional, march, march_circuit
from macros.characterize.liberty import liberty_text
from macros.characterize.netlist import read_macro
from macros.characterize.timing import Figures, measure
from macros.sealed import keep, kept
from macros.shape import MacroShape
from macros.spice import device_models, find_ngspice
from macros.store import cache_root, content_hash

__all__ = ["characterise", "figures", "functional_run"]

_DEVICES = ("nfet_01v8", "pfet_01v8_hvt")
_ROOM = Path(__file__).parent
_SOURCES = (
    *(_ROOM / f"{name}.py" for name in ("bench", "corners", "cycles", "netlist", "timing")),
    *(_ROOM / f"{name}.py" for name in ("trim", "wires")),
    *(_ROOM.parent / "technology" / f"{name}.py" for name in ("parasitics", "bitcell")),
)


def characterise(
    netlist: Path,
    shape: MacroShape,
    corner: str,
    pdk: Path,
    *,
    area_um2: float,
    words_per_row: int = 1,
    progress: Callable[[str], None] | None = None,
) -> str:
    """Liberty text of a macro at a corner.

    Parameters
    ----------
    netlist: SPICE file of subcircuits with the macro's schematic, as its layout was compared with.
    corner: a name out of CORNERS.
    pdk: a sky130A tree.
    progress: receives a sentence at every step.

    Raises `SpiceError` (one line) when ngspice is missing, fails, or shows that the macro does not
    work; `ValueError` for an unknown corner or a netlist without the macro.
    """
    found = figures(netlist, shape, corner, pdk, words_per_row=words_per_row, progress=progress)
    return liberty_text(shape, _corner(corner), found, area_um2)


def figures(
    netlist: Path,
    shape: MacroShape,
    corner: str,
    pdk: Path,
    *,
    words_per_row: int = 1,
    progress: Callable[[str], None] | None = None,
) -> Figures:
    """The figures of a macro at a corner, kept in the cache by the content of netlist, models
    and our sources."""
    where = _corner(corner)
    macro = read_macro(netlist, shape.name)
    models = [
        device_models(pdk, process, _DEVICES) for process in (where.process, where.leakage_process)
    ]
    key = content_hash(netlist, words_per_row, asdict(where), *models, *_SOURCES)
    entry = cache_root() / "macros" / "figures" / f"{shape.name}_{corner}_{key[:16]}.json"
    if (data := kept(entry)) is not None:
        return _figures(json.loads(data))
    find_ngspice()
    found = measure(macro, shape, words_per_row, where, pdk, progress or _silent)
    keep(entry, json.dumps(asdict(found), indent=1, sort_keys=True))
    return found


def functional_run(
    netlist: Path,
    shape: MacroShape,
    corner: str,
    pdk: Path,
    *,
    words_per_row: int = 1,
    margin: float = 0.0,
    extra: tuple[str, ...] = (),
    seed: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Functional:
    """March over some addresses at the rated phases (longer by `margin`, a share), from a random
    state with a `seed`; never from the cache. `extra` are lines for the deck: planted faults."""
    where = _corner(corner)
    rated = figures(netlist, shape, corner, pdk, words_per_row=words_per_row, progress=progress)
    (progress or _silent)(f"march at {rated.period_ns:.2f} ns")
    circuit = march_circuit(read_macro(netlist, shape.name), shape, words_per_row)
    phases = (rated.high_ns * (1 + margin), rated.low_ns * (1 + margin))
    return march(pdk, where, circuit, shape, phases, extra, seed)


def _corner(name: str) -> Corner:
    if name not in CORNERS:
        raise ValueError(f"corner must be one of {', '.join(CORNERS)}, not {name!r}")
    return CORNERS[name]


def _figures(kept: dict[str, Any]) -> Figures:
    tables = {
        name: {edge: tuple(map(tuple, rows)) for edge, rows in kept[name].items()}
        for name in ("delay", "slew", "setup", "hold")
    }
    return Figures(**{**kept, **tables})


def _silent(_: str) -> None:
    pass
