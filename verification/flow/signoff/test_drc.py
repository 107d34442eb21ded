"""A small chip is clean; what only a whole layout can break is found; bad files get no verdict."""

from __future__ import annotations

import json
from pathlib import Path

import klayout.db as kdb
import pytest

from flow.cli import run
from flow.signoff.drc import check_drc, empty_cells, foreign_layers, metal_density
from flow.signoff.verdict import NoVerdict
from macros.technology import layers
from macros.technology.layers import Layer
from verification.flow.signoff.small_chip import SmallChip, small_chip

DIE = kdb.Box(0, 0, 1_000_000, 800_000)


@pytest.fixture(scope="module")
def chip() -> SmallChip:
    return small_chip()


def shapes(layout: kdb.Layout, cell: kdb.Cell, layer: Layer) -> kdb.Shapes:
    return cell.shapes(layout.layer(*layer))


def plain() -> tuple[kdb.Layout, kdb.Cell]:
    """A die of 1.0 x 0.8 mm with one legal wire."""
    layout = kdb.Layout()
    top = layout.create_cell("plain")
    shapes(layout, top, layers.BOUNDARY).insert(DIE)
    shapes(layout, top, layers.MET1).insert(kdb.Box(0, 0, 1000, 1000))
    return layout, top


def write(layout: kdb.Layout, path: Path) -> Path:
    layout.write(str(path))
    return path


def test_a_routed_chip_is_clean(chip: SmallChip, tmp_path: Path) -> None:
    verdict = check_drc(chip.gds, tmp_path)
    assert verdict.passed, (tmp_path / "drc.json").read_text()
    assert verdict.metrics["drc__rules"] > 100
    assert json.loads((tmp_path / "drc.json").read_text())["markers"] == []


def test_a_layer_without_rules_is_found() -> None:
    layout, top = plain()
    assert foreign_layers(layout, top) == []
    shapes(layout, top, Layer(80, 20)).insert(kdb.Box(0, 0, 900, 900))
    shapes(layout, top, Layer(83, 44)).insert(kdb.Text("a label", kdb.Trans(0, 0)))
    assert [m.rule for m in foreign_layers(layout, top)] == ["x_layer"]


def test_a_cell_without_shapes_is_found() -> None:
    layout, top = plain()
    assert empty_cells(layout, top) == []
    hollow = layout.create_cell("hollow")
    shapes(layout, hollow, layers.BOUNDARY).insert(kdb.Box(0, 0, 900, 900))
    top.insert(kdb.CellInstArray(hollow.cell_index(), kdb.Trans(5000, 7000)))
    (marker,) = empty_cells(layout, top)
    assert marker[:2] == ("x_empty", (5000, 7000, 5000, 7000))


def test_density_is_that_of_the_densest_window(tmp_path: Path) -> None:
    """The left 0.7 mm hold 65 % of met3, the rest nothing: the first window is too dense."""
    layout, top = plain()
    for k in range(80):
        bar = kdb.Box(0, k * 10_000, 700_000, k * 10_000 + 6_500)
        shapes(layout, top, layers.MET3).insert(bar)
    density = metal_density(layout, top, layers.MET3)
    assert density[0, 0] == pytest.approx(0.65, abs=0.02)
    assert density[0, -1] < 0.45
    verdict = check_drc(write(layout, tmp_path / "dense.gds"), tmp_path)
    assert not verdict.passed
    assert "m3.pd.1d" in verdict.figure
    (marker,) = json.loads(verdict.file.read_text())["markers"]  # as the report reads it
    assert marker["rule"] == "m3.pd.1d"
    assert marker["box"] == [0, 0, 700_000, 700_000]


def test_bad_files_get_no_verdict(tmp_path: Path) -> None:
    layout, top = plain()
    for k in range(400):
        shapes(layout, top, layers.MET2).insert(kdb.Box(k * 1000, 0, k * 1000 + 500, 5000))
    whole = write(layout, tmp_path / "whole.gds")
    (tmp_path / "cut.gds").write_bytes(whole.read_bytes()[:9000])
    other = kdb.Layout()
    cell = other.create_cell("gf180")
    for number in (21, 22, 30, 33, 34, 35, 36):
        cell.shapes(other.layer(number, 0)).insert(kdb.Box(0, 0, 900, 900))
    write(other, tmp_path / "other.gds")
    (tmp_path / "text.gds").write_text("no GDS at all")
    for file, cell_name, words in (
        ("cut.gds", None, "is no whole GDS file"),
        ("text.gds", None, "is no whole GDS file"),
        ("other.gds", None, "of another process"),
        ("whole.gds", "digits", "has no cell digits"),
    ):
        with pytest.raises(NoVerdict, match=words):
            check_drc(tmp_path / file, tmp_path / "out", cell_name)
    assert not (tmp_path / "out").exists()


def test_the_command_ends_with_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout, top = plain()
    good = write(layout, tmp_path / "good.gds")
    assert run(["check", "drc", str(good), "--out", str(tmp_path)]) == 0
    assert "0 markers" in capsys.readouterr().out
    shapes(layout, top, layers.MET1).insert(kdb.Box(5000, 0, 5130, 5000))
    bad = write(layout, tmp_path / "bad.gds")
    assert run(["check", "drc", str(bad), "--out", str(tmp_path)]) == 1
    streams = capsys.readouterr()
    assert "1 m1.1" in streams.out
    assert streams.err.count("\n") == 1
    assert run(["check", "drc", str(bad), "--top", "nothing"]) == 1
    assert capsys.readouterr().err == "spikeout: bad.gds has no cell nothing\n"
