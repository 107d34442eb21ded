"""Read the three Liberty files back with three readers and hold them against the other views.

Yosys and OpenSTA are the programs that will use the files, our parser is independent of both. Then
the content: cells, pins, directions and areas against LEF, and every combinational function against
the cell's Verilog model, exhaustively, in Icarus.
"""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flow.pdk import functions, liberty_reader, verify
from flow.pdk.liberty_reader import Group
from flow.pdk.names import CORNERS, PdkError, liberty_path, view_path

__all__ = ["CornerReport", "check"]

AREA_TOLERANCE = 1e-3
"""Relative difference of a Liberty area and the LEF size's that is rounding, not an error."""


@dataclass(frozen=True)
class CornerReport:
    """What was found in one corner: cells by reader, timing arcs, table points, proved outputs."""

    corner: str
    yosys_cells: int
    opensta_cells: int
    parser_cells: int
    arcs: int
    table_points: int
    functions_proved: int


def check(tree: Path) -> list[CornerReport]:
    """Check the tree and each of its three corners; raises `PdkError` at the first fault."""
    verify.verify(tree)
    missing = [corner for corner in CORNERS if not liberty_path(tree, corner).is_file()]
    if missing:
        raise PdkError(f"the PDK has no Liberty for {', '.join(missing)}")
    abstracts = _abstracts(view_path(tree, "lef"))
    reports: list[CornerReport] = []
    logic: dict[str, object] = {}
    proved = 0
    for corner in CORNERS:
        path = liberty_path(tree, corner)
        cells = _cells(path)
        for cell in cells:
            _check_cell(path.name, cell, abstracts)
        if not reports:
            proved = functions.prove(cells, tree)
            logic = _logic(cells)
        elif odd := [name for name, stated in _logic(cells).items() if stated != logic[name]]:
            raise PdkError(f"{path.name}: {odd[0]} has another function than in {CORNERS[0]}")
        reports.append(_report(corner, path, cells, proved))
    return reports


def _cells(path: Path) -> list[Group]:
    try:
        return list(liberty_reader.read(path).groups("cell"))
    except ValueError as error:
        raise PdkError(str(error)) from error


def _report(corner: str, path: Path, cells: list[Group], proved: int) -> CornerReport:
    """Let the other readers read the file; they must find the same cells."""
    names = {cell.name for cell in cells}
    found = {"yosys": _yosys(path), "OpenSTA": _opensta(path)}
    for reader, others in found.items():
        if odd := sorted(others ^ names):
            raise PdkError(f"{path.name}: {reader} and our parser differ in {odd[0]} ({len(odd)})")
    tables = [table for cell in cells for table in _tables(cell)]
    return CornerReport(
        corner=corner,
        yosys_cells=len(found["yosys"]),
        opensta_cells=len(found["OpenSTA"]),
        parser_cells=len(cells),
        arcs=sum(1 for cell in cells for pin in cell.groups("pin") for _ in pin.groups("timing")),
        table_points=sum(len(row) for table in tables for row in table.numbers("values")),
        functions_proved=proved,
    )


def _logic(cells: list[Group]) -> dict[str, object]:
    """Everything a cell states about its function: cell -> pins' functions, registers."""
    return {
        cell.name: (
            [(p.name, p.text("function"), p.text("three_state")) for p in cell.groups("pin")],
            [group.simple for kind in ("ff", "latch") for group in cell.groups(kind)],
        )
        for cell in cells
    }


def _yosys(path: Path) -> set[str]:
    """Cells that Yosys makes of the file; it must also understand every function in it."""
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder, "cells.txt")
        logic = f"read_liberty -ignore_miss_func {path}; design -reset"
        commands = f"{logic}; read_liberty -lib {path}; tee -o {listing} ls =*"
        answer = subprocess.run(
            [sys.executable, "-m", "flow.shims.yosys", "-p", commands],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        if answer.returncode != 0 or not listing.is_file():
            raise PdkError(f"yosys cannot read {path.name}: {answer.stderr.strip()[-200:]}")
        return set(re.findall(r"^  (\w+)$", listing.read_text(), re.MULTILINE))


def _opensta(path: Path) -> set[str]:
    """Cells that OpenSTA reads; a warning is a fault, and only the last line is success."""
    if shutil.which("sta") is None:
        raise PdkError("sta is missing; apt-get install opensta")
    script = (
        f"read_liberty {{{path}}}\n"
        'foreach cell [get_lib_cells */*] { puts "CELL [get_name $cell]" }\n'
        'puts "READ DONE"\n'
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "read.tcl")
        file.write_text(script)
        answer = subprocess.run(
            ["sta", "-no_splash", "-exit", str(file)], capture_output=True, text=True
        )
    log = answer.stdout + answer.stderr
    complaint = re.search(r"^(Warning|Error): .*", log, re.MULTILINE)
    if complaint or "READ DONE" not in log:
        raise PdkError(
            f"OpenSTA on {path.name}: {complaint.group(0) if complaint else 'no answer'}"
        )
    return set(re.findall(r"^CELL (\w+)$", log, re.MULTILINE))


@dataclass(frozen=True)
class Abstract:
    """A LEF macro: area in um2, signal pin -> direction as Liberty calls it."""

    area: float
    pins: dict[str, str]


def _abstracts(path: Path) -> dict[str, Abstract]:
    abstracts = {}
    for macro in re.split(r"^(?=MACRO )", path.read_text(), flags=re.MULTILINE)[1:]:
        size = re.search(r"SIZE\s+([\d.]+)\s+BY\s+([\d.]+)", macro)
        pins = re.findall(r"^  PIN (\S+)\n(.*?)^  END \1$", macro, re.MULTILINE | re.DOTALL)
        signals = {name: body for name, body in pins if not re.search(r"USE (POWER|GROUND)", body)}
        directions = {
            name: found.group(1).lower()
            for name, body in signals.items()
            if (found := re.search(r"DIRECTION (INPUT|OUTPUT|INOUT)", body))
        }
        if size:
            area = float(size.group(1)) * float(size.group(2))
            abstracts[macro.split(None, 2)[1]] = Abstract(area, directions)
    return abstracts


def _check_cell(file: str, cell: Group, abstracts: dict[str, Abstract]) -> None:
    """A cell must be drawn as it is timed, and every number must be one."""
    abstract = abstracts.get(cell.name)
    if abstract is None:
        raise PdkError(f"{file}: {cell.name} has no LEF macro")
    if not math.isclose(cell.number("area"), abstract.area, rel_tol=AREA_TOLERANCE):
        raise PdkError(
            f"{file}: area of {cell.name} is {cell.number('area')}, LEF says {abstract.area:.4f}"
        )
    pins = {pin.name: pin.text("direction") for pin in cell.groups("pin")}
    outside = {name: way for name, way in pins.items() if way != "internal"}
    if outside != abstract.pins:
        odd = sorted(set(outside.items()) ^ set(abstract.pins.items()))[0]
        raise PdkError(f"{file}: pin {odd[0]} of {cell.name} differs from LEF")
    if list(_tables(cell)) and cell.number("cell_leakage_power") <= 0:
        raise PdkError(f"{file}: {cell.name} does not leak")
    for table in _tables(cell):
        for number in (number for row in table.numbers("values") for number in row):
            if not math.isfinite(number):
                raise PdkError(f"{file}: a {table.kind} table of {cell.name} holds {number}")
    powers = [
        n for t in _tables(cell, "internal_power") for row in t.numbers("values") for n in row
    ]
    if powers and not any(powers):
        raise PdkError(f"{file}: all internal power of {cell.name} is 0")


def _tables(cell: Group, kind: str = "") -> Iterator[Group]:
    """Tables of the cell's timing and internal_power groups, or of one kind of them."""
    for pin in cell.groups("pin"):
        for group in pin.children:
            if group.kind in ((kind,) if kind else ("timing", "internal_power")):
                yield from group.children
