"""Findings as files: KLayout's marker database, which its browser opens, and JSON."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import klayout.db as kdb
import klayout.rdb as rdb

from macros.store import atomic_write
from macros.technology.rules import RULES
from macros.verify.drc.deck import Marker

__all__ = ["skywater_name", "write_json", "write_lyrdb"]


def skywater_name(rule: str) -> str:
    """Name of a rule as SkyWater's document spells it: `m1_2` is m1.2."""
    return rule.replace("_", ".")


def write_json(path: Path, top: kdb.Cell, markers: Iterable[Marker]) -> None:
    """Write each marker with its rule, value and unit, box and outline in nm, and the cells around
    it."""
    findings: list[dict[str, Any]] = []
    for marker in markers:
        broken = RULES[marker.rule]
        findings.append(
            {
                "rule": skywater_name(marker.rule),
                "value": broken.document_value,
                "unit": broken.unit,
                "text": broken.text,
                "box": marker.box,
                "polygon": marker.outline,
                "cells": _cells_around(top, kdb.Box(*marker.box)),
            }
        )
    atomic_write(path, json.dumps({"top": top.name, "markers": findings}, indent=1) + "\n")


def write_lyrdb(path: Path, top: kdb.Cell, markers: Iterable[Marker]) -> None:
    """Write KLayout's marker database; categories are the rules that were broken."""
    base = rdb.ReportDatabase("design rules")
    base.top_cell_name = top.name
    cell = base.create_cell(top.name)
    categories: dict[str, rdb.RdbCategory] = {}
    for marker in markers:
        if marker.rule not in categories:
            broken = RULES[marker.rule]
            category = base.create_category(skywater_name(marker.rule))
            category.description = f"{broken.text} {broken.document_value:g} {broken.unit}"
            categories[marker.rule] = category
        item = base.create_item(cell.rdb_id(), categories[marker.rule].rdb_id())
        item.add_value(_shape(marker).to_dtype(0.001))
    with tempfile.TemporaryDirectory(prefix="spikeout-drc-") as folder:
        file = Path(folder) / "findings.lyrdb"
        base.save(str(file))
        atomic_write(path, file.read_bytes())


def _shape(marker: Marker) -> kdb.Polygon:
    if len(marker.outline) > 2:
        return kdb.Polygon([kdb.Point(x, y) for x, y in marker.outline])
    return kdb.Polygon(kdb.Box(*marker.box))


def _cells_around(top: kdb.Cell, box: kdb.Box) -> list[str]:
    """Cells, outermost first, whose placement contains `box`; of several, the first drawn."""
    path, cell = [top.name], top
    while True:
        for instance in cell.each_touching_inst(box):
            if box.inside(instance.bbox()) and not instance.is_regular_array():
                box = instance.trans.inverted() * box
                cell = instance.cell
                path.append(cell.name)
                break
        else:
            return path
