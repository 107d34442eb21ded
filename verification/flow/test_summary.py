"""The table at the end of a run, from the files of its steps alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flow.summary import stage_rows, step_seconds, summary

STAGES = {"front": ("A.One", "A.Two"), "back": ("B.Three", "B.Three"), "end": ("C.Four", "C.Four")}


def step(folder: Path, name: str, runtime: str, **metrics: float) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "state_out.json").write_text(json.dumps({"metrics": metrics}))
    (folder / name / "runtime.txt").write_text(runtime)


def test_a_stage_has_the_metrics_of_its_last_step_and_the_time_of_all(tmp_path):
    step(tmp_path, "01-a-one", "00:00:02.500", design__instance__count=7)
    step(tmp_path, "02-x-other", "00:01:00.000")
    step(tmp_path, "03-a-two", "01:00:00.250\n", design__instance__count=8)
    step(tmp_path, "04-b-three", "00:00:01.000", design__instance__count=9)
    (tmp_path / "05-c-four").mkdir()  # begun, not ended
    front, back = stage_rows(tmp_path, STAGES)
    assert (front.name, back.name) == ("front", "back")
    assert front.metrics["design__instance__count"] == 8
    assert front.seconds == 3662.75
    assert back.seconds == 1.0


def test_the_table_shows_what_was_measured_and_a_dash_for_the_rest(tmp_path):
    figures = {
        "design__die__area": 333_400.0,
        "ir__drop__worst": 0.0101,
        "timing__setup__ws__corner:slow": 2.3714,
    }
    step(tmp_path, "01-b-three", "00:00:01.000", **figures)
    lines = [line.split() for line in summary(stage_rows(tmp_path, STAGES)).splitlines()]
    assert ["back", "-", "-", "-", "1.0"] in lines
    assert ["slow", "2.371", "-", "-"] in lines
    assert ["die", "mm2", "0.3334"] in lines
    assert ["worst", "IR", "drop", "mV", "10.1"] in lines
    assert ["shorts", "-"] in lines
    assert summary([]) == "no stage was finished\n"


@pytest.mark.parametrize("left", ["", "00:0", "00:00:", "ten minutes"])
def test_a_step_that_was_killed_while_its_time_was_written_took_none(tmp_path, left):
    assert step_seconds(tmp_path) == 0.0
    (tmp_path / "runtime.txt").write_text(left)
    assert step_seconds(tmp_path) == 0.0
