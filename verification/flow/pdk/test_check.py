"""`spikeout pdk check`: the shipped Liberty passes; a fault in any of its corners is named."""

from __future__ import annotations

import os
import re
import shutil

import pytest

from flow import cli, pdk
from flow.pdk import check as room
from flow.pdk.names import CORNERS, PdkError, liberty_path

CELL = "sky130_fd_sc_hd__nand2_1"


@pytest.fixture(scope="module")
def timed_tree():
    return pdk.resolve()


@pytest.fixture
def copy(timed_tree, tmp_path):
    """A tree to break: links until a test writes a file anew."""
    target = tmp_path / "sky130A"
    shutil.copytree(timed_tree, target, copy_function=os.link)
    return target


def test_the_shipped_liberty_passes(timed_tree, capsys):
    assert cli.run(["pdk", "check"]) == 0
    rows = capsys.readouterr().out.splitlines()[-len(CORNERS) :]
    for corner, row in zip(CORNERS, rows, strict=True):
        name, yosys, opensta, parser, arcs, points, proved, _ = row.split()
        assert name == corner
        assert yosys == opensta == parser
        assert int(parser) >= 59
        assert int(arcs) > int(parser)
        assert int(points) > 49 * int(arcs)
        assert int(proved) >= int(parser)


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        (r"area : [\d.]+;", "area : 1;", f"area of {CELL} is 1.0, LEF says 3.7536"),
        (r'pin \("?B"?\)', 'pin ("C")', f"pin B of {CELL} differs from LEF"),
        (r"cell_leakage_power : [^;]+;", "cell_leakage_power : 0;", f"{CELL} does not leak"),
        (r'function : "[^"]*"', 'function : "A & B"', f"differ: {CELL}/Y|another function"),
        (r"(cell_rise[^}]*values[^\"]*\")[^,]+,", r"\1inf,", "cell_rise table of .* holds inf"),
    ],
)
@pytest.mark.parametrize("corner", ["tt_025C_1v80", "ff_n40C_1v95"])
def test_a_fault_in_one_cell_is_named(copy, monkeypatch, pattern, replacement, message, corner):
    for reader in ("_yosys", "_opensta"):  # their part has tests of its own
        monkeypatch.setattr(room, reader, _names)
    path = liberty_path(copy, corner)
    head, mark, rest = re.split(rf'(cell \("?{CELL}"?\))', path.read_text(), maxsplit=1)
    end = re.search(r'\n  cell \("', rest)
    body = rest[: end.start()] if end else rest
    changed = re.sub(pattern, replacement, body, count=1)
    assert changed != body
    path.unlink()
    path.write_text(head + mark + changed + rest[len(body) :])
    with pytest.raises(PdkError, match=message):
        room.check(copy)


def _names(path) -> set[str]:
    return set(re.findall(r'^\s*cell \("?(\w+)"?\)', path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("reader", ["_yosys", "_opensta"])
def test_a_file_that_a_program_cannot_read(tmp_path, reader):
    path = tmp_path / "bad.lib"
    path.write_text('library (l) {\n  cell ("a") {\n    pin (Y) {\n')
    with pytest.raises(PdkError, match=r"bad\.lib"):
        getattr(room, reader)(path)


def test_a_cell_that_one_program_does_not_see(timed_tree, monkeypatch):
    monkeypatch.setattr(room, "_yosys", _names)
    monkeypatch.setattr(room, "_opensta", lambda path: _names(path) - {CELL})
    with pytest.raises(PdkError, match=f"OpenSTA and our parser differ in {CELL}"):
        room.check(timed_tree)


def test_a_tree_without_liberty(copy):
    liberty_path(copy, "ss_100C_1v60").unlink()
    with pytest.raises(PdkError, match="no Liberty for ss_100C_1v60"):
        room.check(copy)
