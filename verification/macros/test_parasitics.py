"""The coefficients in `macros/technology/parasitics.py` are those of the PDK's own files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flow.pdk import build
from macros.technology.parasitics import CONTACT_OHM, SHEET_OHM, WIRE

LETTERS = {"field": "f", "diff": "d", "poly": "p1", "li1": "l1"}
LETTERS |= {f"met{k}": f"m{k}" for k in range(1, 6)}
RESISTANCES = {
    "ndiff": "rdn", "pdiff": "rdp", "poly": "rp1", "nwell": "rnw", "li1": "rl1",
    **{f"met{k}": f"rm{k}" for k in range(1, 6)},
}  # fmt: skip
CONTACTS = {
    "ndiff": "rcn", "pdiff": "rcp", "poly": "rcp1", "mcon": "rcl1",
    "via": "rcvia", "via2": "rcvia2", "via3": "rcvia3", "via4": "rcvia4",
}  # fmt: skip


@pytest.fixture(scope="module")
def models() -> Path:
    return build.build(timing=False) / "libs.tech" / "ngspice"


def test_resistances(models: Path) -> None:
    text = (models / "r+c" / "res_typical__cap_typical.spice").read_text()
    stated = {name: float(value) for name, value in re.findall(r"^\+ (r\w+)=(\S+)", text, re.M)}
    assert {name: stated[key] for name, key in RESISTANCES.items()} == SHEET_OHM
    assert {name: stated[key] for name, key in CONTACTS.items()} == CONTACT_OHM


@pytest.mark.parametrize("pair", sorted(WIRE))
def test_capacitances(models: Path, pair: tuple[str, str]) -> None:
    text = (models / "parameters" / "typical.spice").read_text()
    above, below = (LETTERS[name] for name in pair)
    rows = re.findall(
        rf"mc{above}{below}_ca_w_(\S+?)_s_(\S+) = (\S+)  "
        r"mc\w+ = (\S+)  mc\w+ = (\S+)",
        text,
    )
    narrow = min(width for width, *_ in rows)
    rows = [[s.replace("_", "."), *values] for width, s, *values in rows if width == narrow]
    spacing, area, coupling, fringe = (
        tuple(map(float, column)) for column in zip(*rows, strict=True)
    )
    wire = WIRE[pair]
    assert wire.spacing == spacing
    assert [wire.area] * len(area) == pytest.approx([1e3 * value for value in area])
    assert wire.coupling == pytest.approx([1e9 * value for value in coupling])
    assert wire.fringe == pytest.approx([1e9 * value for value in fringe])


def test_edges_between_and_beyond_the_table() -> None:
    wire = WIRE["li1", "field"]
    assert wire.edge(0.18) == (wire.coupling[0], wire.fringe[0])
    assert wire.edge(0.10) == (wire.coupling[0], wire.fringe[0])
    middle = wire.edge((0.18 + 0.225) / 2)
    assert middle[0] == pytest.approx((wire.coupling[0] + wire.coupling[1]) / 2)
    assert wire.edge(float("inf")) == (0.0, wire.fringe[-1])
