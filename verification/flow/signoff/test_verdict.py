"""Verdicts are kept, read back and shown."""

from __future__ import annotations

import pytest

from flow.signoff.verdict import NoVerdict, Verdict, read_verdicts, table, write_verdict


def test_a_verdict_comes_back_as_it_was(tmp_path):
    report = tmp_path / "timing.json"
    verdict = Verdict("timing", False, "setup -0.1 ns", report, {"a__b": 3})
    write_verdict(verdict, tmp_path)
    assert read_verdicts(tmp_path) == [verdict]


def test_a_damaged_verdict_is_no_verdict(tmp_path):
    (tmp_path / "drc.verdict.json").write_text('{"name": "drc"')
    with pytest.raises(NoVerdict, match="is not a verdict"):
        read_verdicts(tmp_path)


def test_a_verdict_without_a_figure_is_refused():
    with pytest.raises(ValueError, match="must not be empty"):
        Verdict("drc", True, "")


def test_the_table_has_a_line_for_each(tmp_path):
    lines = table(
        [Verdict("drc", True, "0 markers", tmp_path / "a"), Verdict("lvs", False, "1 short")],
        tmp_path,
    ).splitlines()
    assert [line.split() for line in lines] == [
        ["check", "verdict", "figure", "file"],
        ["drc", "clean", "0", "markers", "a"],
        ["lvs", "FAILED", "1", "short", "-"],
    ]
