"""The checks by name, and the command that runs them."""

from __future__ import annotations

import json

import pytest

from flow.chips import chip_file
from flow.cli import run as spikeout
from flow.signoff import checks
from flow.signoff.checks import CHECKS, Context, run_check
from flow.signoff.chip_run import ChipRun
from flow.signoff.completeness import CHECKS as EXPECTED
from flow.signoff.verdict import NoVerdict, Verdict, read_verdicts
from flow.steps.signoff import SIGNOFF
from rtl.config import load_chip
from rtl.verilog import write_verilog


@pytest.fixture
def context(tmp_path):
    return Context(ChipRun(tmp_path, {}, {}), load_chip(chip_file("digits")), tmp_path / "signoff")


def test_completeness_expects_every_check_before_it():
    assert (*EXPECTED, "completeness") == tuple(
        sorted(CHECKS, key=[*EXPECTED, "completeness"].index)
    )
    assert [*CHECKS][-1] == "completeness"


def test_every_check_is_a_step_of_the_flow_in_the_same_order():
    assert [step.check for step in SIGNOFF] == [*CHECKS]


def test_a_check_that_cannot_judge_leaves_no_verdict_from_before(context, monkeypatch):
    monkeypatch.setitem(checks.CHECKS, "timing", lambda _: Verdict("timing", True, "all is well"))
    run_check("timing", context)
    assert [verdict.name for verdict in read_verdicts(context.folder)] == ["timing"]

    def refuse(_):
        raise NoVerdict("another design")

    monkeypatch.setitem(checks.CHECKS, "timing", refuse)
    with pytest.raises(NoVerdict):
        run_check("timing", context)
    assert read_verdicts(context.folder) == []


def test_a_check_that_does_not_exist(context):
    with pytest.raises(ValueError, match="check must be one of"):
        run_check("beauty", context)


def test_without_a_run_it_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert spikeout(["signoff", "digits"]) == 1
    assert "holds no run: `spikeout run digits` makes one" in capsys.readouterr().err
    assert spikeout(["signoff", "digits", "--tag", "fast"]) == 1
    assert "holds no run: `spikeout run digits --tag fast` makes one" in capsys.readouterr().err


def test_the_table_has_a_line_for_a_check_without_verdict(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "build" / "digits" / "run"
    (source, *_) = write_verilog(load_chip(chip_file("digits")), folder / "rtl")
    config = {"DESIGN_NAME": "digits", "VERILOG_FILES": [str(source)]}
    (folder / "resolved.json").write_text(json.dumps(config))
    (folder / "01-step").mkdir()
    (folder / "01-step" / "state_out.json").write_text("{}")
    assert spikeout(["signoff", "digits", "--only", "lvs"]) == 1
    out = capsys.readouterr().out
    assert "lvs" in out
    assert "NO VERDICT" in out

    def fail(_):
        raise RuntimeError("the simulation failed")

    monkeypatch.setitem(checks.CHECKS, "gates", fail)
    assert spikeout(["signoff", "digits", "--only", "gates"]) == 1
    streams = capsys.readouterr()
    assert "NO VERDICT: the simulation failed" in streams.out
    assert "CPU s" in streams.err
    source.write_text(source.read_text() + "// changed\n")
    assert spikeout(["signoff", "digits", "--only", "lvs"]) == 1
    assert "is of older RTL" in capsys.readouterr().err
