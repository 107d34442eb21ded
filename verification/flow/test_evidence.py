"""Verdicts and their reports, beside the views of a finished run."""

from __future__ import annotations

from pathlib import Path

from flow.evidence import EVIDENCE, keep_evidence
from flow.signoff.verdict import Verdict, read_verdicts


def a_verdict(folder: Path, name: str, *endings: str) -> Verdict:
    """A verdict with reports of the endings; the first is its file."""
    folder.mkdir(parents=True, exist_ok=True)
    for ending in endings:
        (folder / f"{name}.{ending}").write_text(f"{name} as {ending}")
    (folder / "other.log").write_text("not evidence")
    file = folder / f"{name}.{endings[0]}" if endings else None
    return Verdict(name, True, "nothing found", file, {f"{name}__count": 0})


def test_verdicts_and_reports_are_copied(tmp_path):
    drc = a_verdict(tmp_path / "32-drc", "drc", "json", "lyrdb")
    timing = a_verdict(tmp_path / "34-timing" / "timing", "timing", "json")
    bare = a_verdict(tmp_path / "35-bare", "bare")
    keep_evidence(tmp_path, [drc, timing, bare])
    names = {path.name for path in (tmp_path / EVIDENCE).iterdir()}
    assert names == {
        *("drc.json", "drc.lyrdb", "drc.verdict.json"),
        *("timing.json", "timing.verdict.json", "bare.verdict.json"),
    }
    kept = {verdict.name: verdict for verdict in read_verdicts(tmp_path / EVIDENCE)}
    assert kept["drc"].file == tmp_path / EVIDENCE / "drc.json"
    assert kept["drc"].metrics == drc.metrics
    assert kept["bare"].file is None


def test_what_an_earlier_run_left_is_gone(tmp_path):
    keep_evidence(tmp_path, [a_verdict(tmp_path / "1-lvs", "lvs", "txt")])
    keep_evidence(tmp_path, [a_verdict(tmp_path / "1-drc", "drc", "json")])
    assert [verdict.name for verdict in read_verdicts(tmp_path / EVIDENCE)] == ["drc"]
    keep_evidence(tmp_path, [])
    assert not (tmp_path / EVIDENCE).exists()
