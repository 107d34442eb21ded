"""The tables in `macros/technology/wire_tables.py` are those of the PDK's own files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flow.pdk import build
from macros.technology.parasitics import CONTACT_OHM, SHEET_OHM, WIRE
from macros.technology.wire_tables import CORNERS, CUT_OHM, SANDWICH, SHEET_OHM_AT

LETTERS = {"none": "", "field": "f", "li1": "l1", **{f"met{k}": f"m{k}" for k in range(1, 6)}}
FILES = {"min": "fast", "nom": "typical", "max": "slow"}
NAMES = {"min": "low", "nom": "typical", "max": "high"}
CUTS = {"mcon": "rcl1", "via": "rcvia", "via2": "rcvia2", "via3": "rcvia3", "via4": "rcvia4"}


@pytest.fixture(scope="module")
def models() -> Path:
    return build.build(timing=False) / "libs.tech" / "ngspice"


@pytest.mark.parametrize("corner", CORNERS)
def test_capacitances(models: Path, corner: str) -> None:
    text = (models / "parameters" / f"{FILES[corner]}.spice").read_text()
    stated: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for name, width, *row in re.findall(
        r"(mc\w+)_ca_w_(\S+?)_s_(\S+) = (\S+)\s+\w+ = (\S+)\s+\w+ = (\S+)", text
    ):
        numbers = (float(row[0].replace("_", ".")), *map(float, row[1:]))
        stated.setdefault((name, width), []).append(numbers)
    tables = {key: wire for key, wire in SANDWICH.items() if key[0] == corner}
    assert len(tables) == 35
    for (_, above, layer, below), wire in tables.items():
        name = f"mc{LETTERS[above]}{LETTERS[layer]}{LETTERS[below]}"
        rows = stated[name, min(width for known, width in stated if known == name)]
        assert wire.spacing == tuple(row[0] for row in rows)
        assert [wire.area] * len(rows) == pytest.approx([1e3 * row[1] for row in rows], rel=1e-3)
        assert wire.coupling == pytest.approx([1e9 * row[2] for row in rows], rel=1e-3)
        assert wire.fringe == pytest.approx([1e9 * row[3] for row in rows], rel=1e-3)


@pytest.mark.parametrize("corner", CORNERS)
def test_resistances(models: Path, corner: str) -> None:
    name = f"res_{NAMES[corner]}__cap_{NAMES[corner]}.spice"
    text = (models / "r+c" / name).read_text()
    stated = {key: float(value) for key, value in re.findall(r"^\+ (r\w+)\s*=\s*(\S+)", text, re.M)}
    assert SHEET_OHM_AT[corner] == {f"met{k}": stated[f"rm{k}"] for k in range(1, 6)}
    assert CUT_OHM[corner] == {cut: stated[key] for cut, key in CUTS.items()}


def test_nominal_is_what_cells_are_characterised_with() -> None:
    for key, wire in WIRE.items():
        if ("nom", "none", *key) in SANDWICH:
            assert SANDWICH["nom", "none", *key] == wire
    assert all(SHEET_OHM[metal] == ohm for metal, ohm in SHEET_OHM_AT["nom"].items())
    assert all(CONTACT_OHM[cut] == ohm for cut, ohm in CUT_OHM["nom"].items())
