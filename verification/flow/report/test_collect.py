"""What the report reads from a run folder, and what it says of a folder that is none."""

from __future__ import annotations

import json

import pytest

from flow.report.collect import read_run
from flow.signoff.verdict import Verdict, write_verdict


def step(folder, number, name, metrics, runtime="00:00:01.500"):
    """A finished step as LibreLane leaves it."""
    path = folder / f"{number:02d}-{name}"
    path.mkdir(parents=True)
    (path / "state_out.json").write_text(json.dumps({"metrics": metrics}))
    (path / "runtime.txt").write_text(runtime)
    return path


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "chip" / "run"
    step(folder, 1, "first", {"a": 1})
    step(folder, 10, "tenth", {"a": 2, "b": 3}, "01:02:03.250")
    (folder / "resolved.json").write_text(json.dumps({"DESIGN_NAME": "chip", "CLOCK_PERIOD": 20}))
    return folder


def test_metrics_are_those_of_the_last_step(run):
    assert read_run(run).metrics == {"a": 2, "b": 3}


def test_time_of_each_step_in_order(run):
    steps = read_run(run).steps
    assert [(s.number, s.name) for s in steps] == [(1, "first"), (10, "tenth")]
    assert [s.seconds for s in steps] == [1.5, 3723.25]


def test_the_latest_verdict_of_a_check_counts(run):
    write_verdict(Verdict("drc", False, "3 markers"), run / "01-first")
    write_verdict(Verdict("drc", True, "0 markers"), run / "10-tenth")
    assert [(v.name, v.passed) for v in read_run(run).verdicts] == [("drc", True)]


def test_paths_and_slacks_come_from_the_evidence_of_timing(run):
    point = {"pin": "u1/Q", "cell": "dfxtp_1", "arrival_ns": 0.4, "x_nm": 10, "y_nm": None}
    content = {
        "corners": {
            "ss": {
                "slacks_ns": {"setup": [1.0, 2.0]},
                "paths": [
                    {"kind": "setup", "check": "setup", "slack_ns": 1.0, "points": [point, point]}
                ],
            }
        }
    }
    evidence = run / "10-tenth" / "timing.json"
    evidence.write_text(json.dumps(content))
    write_verdict(Verdict("timing", True, "all met", evidence), run / "10-tenth")
    data = read_run(run)
    assert data.slacks == {("ss", "setup"): [1.0, 2.0]}
    assert data.paths[0].points[0] == ("u1/Q", "dfxtp_1", 0.4, 10, None)


def test_a_folder_without_a_finished_step_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no finished step"):
        read_run(tmp_path)


def test_power_and_drop_of_the_last_step_that_has_them(run):
    evidence = run / "10-tenth" / "power.json"
    evidence.write_text(json.dumps({"instance_W": {"u1": 1e-6}}))
    write_verdict(Verdict("power", True, "1 uW", evidence), run / "10-tenth")
    for step, volt in (("2-second", 0.2), ("10-tenth", 0.01)):
        (run / step).mkdir(exist_ok=True)
        (run / step / "ir_drop.json").write_text(json.dumps({"drop_V": {"u1": volt}}))
    data = read_run(run)
    assert data.power["instance_W"] == {"u1": 1e-6}
    assert data.drop_v == {"u1": 0.01}
