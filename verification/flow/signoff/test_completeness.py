"""A finished run is complete; take any piece away, or make it zero, and it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flow.signoff.chip_run import read_run
from flow.signoff.completeness import CHECKS, NONZERO, PER_CORNER, ZERO, check_completeness
from flow.signoff.verdict import NoVerdict
from verification.flow.signoff import finished_run
from verification.flow.signoff.finished_run import CORNERS


@pytest.fixture
def run(tmp_path):
    return finished_run.finished_run(tmp_path)


@pytest.fixture
def verdicts(tmp_path):
    return finished_run.verdicts(tmp_path)


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
    finished_run.write_gds(tmp_path / "chip.gds", empty=True)
    assert "GDS cell inv is empty" in _missing(run, verdicts, tmp_path)


def test_a_gds_that_is_cut_off_gets_no_verdict(run, verdicts, tmp_path):
    path = tmp_path / "chip.gds"
    path.write_bytes(path.read_bytes()[:120])
    with pytest.raises(NoVerdict, match="cannot be read"):
        check_completeness(run, verdicts, tmp_path / "out")


def test_a_folder_without_a_run_gets_no_verdict(tmp_path):
    with pytest.raises(NoVerdict, match="holds no run"):
        read_run(tmp_path)
