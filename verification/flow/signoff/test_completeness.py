"""A finished run is complete; take any piece away, or make it zero, and it is not."""

from __future__ import annotations

from dataclasses import replace

import klayout.db as kdb
import pytest

from flow.signoff.chip_run import ChipRun, read_run
from flow.signoff.completeness import CHECKS, NONZERO, PER_CORNER, ZERO, check_completeness
from flow.signoff.verdict import NoVerdict, Verdict

CORNERS = ("nom_tt_025C_1v80", "nom_ss_100C_1v60")


def _gds(path, empty=False):
    layout = kdb.Layout()
    top, cell = layout.create_cell("top"), layout.create_cell("inv")
    top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans()))
    if not empty:
        cell.shapes(layout.layer(68, 20)).insert(kdb.Box(0, 0, 140, 140))
    layout.write(str(path))


@pytest.fixture
def run(tmp_path):
    """A run with every view and metric."""
    state = {}
    for view in ("nl", "pnl", "def", "lef"):
        (tmp_path / view).write_text("content")
        state[view] = str(tmp_path / view)
    _gds(tmp_path / "chip.gds")
    state["gds"] = str(tmp_path / "chip.gds")
    for view in ("spef", "sdf"):
        (tmp_path / view).write_text("content")
        state[view] = {"nom_*": str(tmp_path / view)}
    metrics = dict.fromkeys(NONZERO, 1.0) | dict.fromkeys(ZERO, 0)
    metrics |= {f"{name}__corner:{corner}": 3 for name in PER_CORNER for corner in CORNERS}
    return ChipRun(tmp_path, {"STA_CORNERS": CORNERS}, {**state, "metrics": metrics})


@pytest.fixture
def verdicts(tmp_path):
    (tmp_path / "evidence").write_text("content")
    return [Verdict(name, True, "all is well", tmp_path / "evidence") for name in CHECKS]


def _missing(run, verdicts, tmp_path):
    verdict = check_completeness(run, verdicts, tmp_path / "out")
    assert verdict.passed == (not verdict.metrics["signoff__missing__count"])
    return verdict.figure if not verdict.passed else ""


def test_a_finished_run_is_complete(run, verdicts, tmp_path):
    assert _missing(run, verdicts, tmp_path) == ""


@pytest.mark.parametrize("name", [*NONZERO, f"{PER_CORNER[1]}__corner:{CORNERS[1]}"])
def test_a_metric_that_is_zero_or_not_there(run, verdicts, tmp_path, name):
    run.state["metrics"][name] = 0
    assert f"{name} is 0" in _missing(run, verdicts, tmp_path)
    del run.state["metrics"][name]
    assert f"no metric {name}" in _missing(run, verdicts, tmp_path)


@pytest.mark.parametrize("name", ZERO)
def test_a_metric_that_must_be_zero(run, verdicts, tmp_path, name):
    run.state["metrics"][name] = 2
    assert f"{name} is 2, not 0" in _missing(run, verdicts, tmp_path)


@pytest.mark.parametrize("name", CHECKS)
def test_a_verdict_that_is_not_there(run, verdicts, tmp_path, name):
    left = [verdict for verdict in verdicts if verdict.name != name]
    assert f"no verdict {name}" in _missing(run, left, tmp_path)


def test_a_verdict_without_evidence(run, verdicts, tmp_path):
    verdicts[0] = replace(verdicts[0], file=tmp_path / "lost")
    assert f"no evidence of {CHECKS[0]}" in _missing(run, verdicts, tmp_path)


def test_a_view_that_is_empty_or_not_there(run, verdicts, tmp_path):
    (tmp_path / "lef").write_text("")
    assert "view lef is empty" in _missing(run, verdicts, tmp_path)
    (tmp_path / "def").unlink()
    assert "no view def" in _missing(run, verdicts, tmp_path)


def test_a_corner_without_wires(run, verdicts, tmp_path):
    run.state["spef"] = {"nom_tt*": run.state["spef"]["nom_*"]}
    assert "no spef at nom_ss_100C_1v60" in _missing(run, verdicts, tmp_path)


def test_an_empty_cell_in_the_gds(run, verdicts, tmp_path):
    _gds(tmp_path / "chip.gds", empty=True)
    assert "GDS cell inv is empty" in _missing(run, verdicts, tmp_path)


def test_a_gds_that_is_cut_off_gets_no_verdict(run, verdicts, tmp_path):
    path = tmp_path / "chip.gds"
    path.write_bytes(path.read_bytes()[:120])
    with pytest.raises(NoVerdict, match="cannot be read"):
        check_completeness(run, verdicts, tmp_path / "out")


def test_a_folder_without_a_run_gets_no_verdict(tmp_path):
    with pytest.raises(NoVerdict, match="holds no run"):
        read_run(tmp_path)
