"""Build a macro: OpenRAM places and wires it, we join supplies and pins, checkers judge it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from macros.characterize import CORNERS, characterise
from macros.generator.assemble import assemble
from macros.generator.place import place
from macros.generator.spares import hide_spares, spare_pins
from macros.lef import write_lef
from macros.sealed import is_sound, seal
from macros.shape import MacroShape
from macros.spice import find_ngspice
from macros.store import atomic_directory, content_hash, lock
from macros.technology.bitcell import HEIGHT, WIDTH
from macros.technology.foundry import FoundryCell, foundry_boxes
from macros.verify.drc import Marker, check_layout, summary
from macros.verify.macro_lvs import compare_macro
from macros.views import COMPLETE, Views, home_of, views_in
from macros.views.verilog import behavioural_verilog

__all__ = ["Evidence", "build", "examine", "outside", "source_key", "words_per_row"]

ROOM = Path(__file__).parents[1]
SOURCES = ("generator", "technology", "views", "verify", "characterize", "spice")
LEAST_ROWS, MOST_ROWS = 16, 128
MOST_VERTICES = 200
"""Of a polygon in the GDS; the format's own limit is far higher, that of its readers not."""
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Evidence:
    """What the checkers said about the layout of a macro.

    Members
    -------
    markers, rules : broken design rules, in all and of each name
    foundry_markers : those within the foundry's bit cells and ends, which ordinary rules do not
        judge; not counted above, and no macro of our own cells has any
    foundry_stubs : diffusions there that end under poly, left out of the foundry's netlist, too
    """

    markers: int
    rules: dict[str, int]
    devices: int
    nets: int
    differences: tuple[str, ...]
    width_nm: int
    height_nm: int
    foundry_markers: int = 0
    foundry_stubs: int = 0

    @property
    def clean(self) -> bool:
        return not self.markers and not self.differences

    @property
    def area_mm2(self) -> float:
        return self.width_nm * self.height_nm / 1e12


def words_per_row(shape: MacroShape) -> int:
    """The power of two that makes the array nearly square, with 16 rows at least, and at most
    MOST_ROWS where that is possible: longer bit lines are slow."""
    choices = [n for n in (1, 2, 4, 8) if shape.words // n >= LEAST_ROWS]
    short = [n for n in choices if shape.words // n <= MOST_ROWS] or choices[-1:]
    return min(short, key=lambda n: abs(math.log(_aspect(shape, n))))


def _aspect(shape: MacroShape, n: int) -> float:
    """Width over height of the array of bit cells with `n` words in a row."""
    return shape.bits * n * WIDTH / (shape.words // n * HEIGHT)


def source_key(name: str, foundry: Sequence[FoundryCell] = ()) -> str:
    """Hash of everything that a macro of this name is made from."""
    files = sorted(path for room in SOURCES for path in (ROOM / room).rglob("*.py"))
    cells = [path for cell in foundry for path in (cell.gds, cell.spice)]
    return content_hash(name, *(path.read_text() for path in files), *cells)


def build(
    shape: MacroShape,
    pdk: Path | None = None,
    report: Progress = lambda _: None,
    foundry: Sequence[FoundryCell] = (),
) -> tuple[Views, Evidence | None]:
    """The views of a macro, out of the cache when it has them (then without evidence); of our own
    cells, or of the `foundry`'s.

    Liberty needs a `pdk` with device models; without one the views have none. Raises RuntimeError
    when ngspice is missing then, OpenRAM fails, a rail or pin cannot be wired, or a checker finds a
    fault: nothing is kept. `ValueError` for timing of the foundry's cells, which is not measured.
    """
    if pdk is not None and foundry:
        raise ValueError("timing of macros of the foundry's cells is not measured: --no-timing")
    if pdk is not None:
        find_ngspice()
    home = home_of(shape.name, source_key(shape.name, foundry))
    with lock(home.parent / f".{home.name}.lock"):
        if (home / COMPLETE).is_file() and is_sound(home):
            return views_in(home, shape.name), None
        with atomic_directory(home) as fresh:
            evidence = _make(shape, fresh, pdk, report, foundry)
            (fresh / COMPLETE).touch()
            seal(fresh)
    return views_in(home, shape.name), evidence


def _make(
    shape: MacroShape,
    folder: Path,
    pdk: Path | None,
    report: Progress,
    foundry: Sequence[FoundryCell],
) -> Evidence:
    name, work = shape.name, folder / "openram"
    report("OpenRAM places and wires")
    raw = place(shape, work, words_per_row(shape), foundry)
    netlist = raw.with_name(f"{name}.lvs.sp").read_text()
    report("supplies and pins")
    layout = kdb.Layout()
    layout.read(str(raw))
    top = assemble(layout, layout.cell(name), name, spare_pins(shape) if foundry else {})
    options = kdb.SaveLayoutOptions()
    options.gds2_write_timestamps = False
    options.gds2_max_vertex_count = MOST_VERTICES
    options.clear_cells()
    options.add_cell(top.cell_index())
    layout.write(str(folder / f"{name}.gds"), options)
    (folder / f"{name}.spice").write_text(hide_spares(netlist, shape) if foundry else netlist)
    (folder / f"{name}.lef").write_text(write_lef(layout, top, shape))
    (folder / f"{name}.v").write_text(behavioural_verilog(shape))
    report("design rules and LVS")
    evidence = examine(folder / f"{name}.gds", folder / f"{name}.spice", name)
    if not evidence.clean:
        first = f"markers {evidence.rules}" if evidence.markers else evidence.differences[0]
        raise RuntimeError(f"{name} is not clean: {first}")
    shutil.rmtree(work)
    if pdk is not None:
        _measure(shape, folder, pdk, evidence.area_mm2 * 1e6, report)
    return evidence


def _measure(shape: MacroShape, folder: Path, pdk: Path, area_um2: float, report: Progress) -> None:
    """Liberty at every corner, and the datasheet that says in short what is in it."""
    from macros.datasheet import write_datasheet  # loads matplotlib, which few callers need

    texts = {}
    for corner in CORNERS:
        report(f"timing at {corner}")
        texts[corner] = characterise(
            folder / f"{shape.name}.spice",
            shape,
            corner,
            pdk,
            area_um2=area_um2,
            words_per_row=words_per_row(shape),
            progress=report,
        )
        (folder / f"{shape.name}__{corner}.lib").write_text(texts[corner])
    report("datasheet")
    write_datasheet(folder / f"{shape.name}.png", folder / f"{shape.name}.gds", shape, texts)


def examine(gds: Path, spice: Path, name: str) -> Evidence:
    """Design rules and LVS of a finished macro, from its files alone."""
    layout = kdb.Layout()
    layout.read(str(gds))
    top = layout.cell(name)
    if top is None:
        raise ValueError(f"{gds.name} has no cell {name}")
    markers = check_layout(layout, top)
    judged = outside(markers, foundry_boxes(layout, top))
    result = compare_macro(layout, top, spice)
    box = top.bbox()
    return Evidence(
        len(judged),
        summary(judged),
        result.devices,
        result.nets,
        result.differences,
        box.width(),
        box.height(),
        len(markers) - len(judged),
        result.stubs,
    )


def outside(markers: Sequence[Marker], region: kdb.Region) -> list[Marker]:
    """The markers that do not lie wholly within a region."""
    found = []
    for marker in markers:
        left, bottom, right, top = marker.box  # a point where a vertex is off the grid
        box = kdb.Box(left, bottom, max(right, left + 1), max(top, bottom + 1))
        if not (kdb.Region(box) - region).is_empty():
            found.append(marker)
    return found
