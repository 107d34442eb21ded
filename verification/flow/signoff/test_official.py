"""The official deck's rules under our names, and what happens where it cannot run."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from flow.signoff.official import common_rule, disagreements, run_official
from flow.signoff.verdict import NoVerdict
from macros.technology.rules import RULES

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<report-database><description/><original-file/><generator/><top-cell>t</top-cell><tags></tags>
<categories>
 <category><name>m1.2</name><description/><categories></categories></category>
 <category><name>via.4a_a</name><description/><categories></categories></category>
</categories>
<cells><cell><name>t</name><variant/><references></references></cell></cells>
<items>
 <item><tags/><category>'via.4a_a'</category><cell>t</cell><visited>false</visited>
 <multiplicity>1</multiplicity><image/>
 <values><value>polygon: (0,0;0,1;1,1;1,0)</value></values></item>
</items></report-database>
"""


@pytest.mark.parametrize(
    ("official", "ours"),
    [
        ("m1.2", "m1_2"),
        ("via.4a_a", "via_4a"),
        ("m1.3ab", "m1_3"),
        ("791_m1.4", "m1_4"),
        ("nsdm.1", "sd_2"),
        ("psdm.2", "sd_1"),
        ("MR_licon.SP.1", "licon_2"),
        ("poly_angle", "x_2"),
        ("m1_angle", "x_3a"),
        ("ct_OFFGRID", "x_1b"),
    ],
)
def test_rules_have_common_names(official: str, ours: str) -> None:
    assert common_rule(official) == ours
    assert ours in RULES


def test_disagreements_name_the_deck_that_is_alone() -> None:
    found = disagreements({"m1_2", "lu_2", "li_3"}, {"li_3", "m2_1"}, {"m1_2", "li_3", "m2_1"})
    assert found == {"m1_2": "ours", "m2_1": "official"}


def fake_klayout(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of that name on PATH."""
    program = folder / "klayout"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")


def test_markers_are_counted_by_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "answer").write_text(REPORT)
    fake_klayout(tmp_path, f"cp {tmp_path}/answer {tmp_path}/drc_official.lyrdb", monkeypatch)
    assert run_official(tmp_path / "a.gds", tmp_path / "d.drc", tmp_path, "t") == {"via.4a_a": 1}


def test_a_deck_that_does_not_run_gives_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_klayout(tmp_path, "echo ERROR: no such layer >&2; exit 1", monkeypatch)
    with pytest.raises(NoVerdict, match="did not run: ERROR: no such layer"):
        run_official(tmp_path / "a.gds", tmp_path / "d.drc", tmp_path, "t")
    fake_klayout(tmp_path, "exit 0", monkeypatch)  # silent, and no report
    with pytest.raises(NoVerdict, match="did not run"):
        run_official(tmp_path / "a.gds", tmp_path / "d.drc", tmp_path, "t")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoVerdict, match="needs the klayout program"):
        run_official(tmp_path / "a.gds", tmp_path / "d.drc", tmp_path, "t")
