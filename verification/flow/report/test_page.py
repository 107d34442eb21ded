"""The page: complete, alone, and safe against what stands in names."""

from __future__ import annotations

import json
import re

import pytest

from flow.cli import run as spikeout
from flow.report import write_comparison, write_report
from flow.report.collect import read_run
from flow.report.compare import changes
from flow.report.page import render
from flow.signoff.verdict import Verdict, write_verdict


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "chip" / "run" / "01-only"
    path.mkdir(parents=True)
    (path / "state_out.json").write_text(json.dumps({"metrics": {"power__total": 0.002}}))
    (path / "runtime.txt").write_text("00:00:02.000")
    (path.parent / "resolved.json").write_text(json.dumps({"DESIGN_NAME": "chip"}))
    return path.parent


def verdict_of(page: str) -> str:
    match = re.search(r'id="verdict">([^<]*)<', page)
    assert match
    return match.group(1)


def test_page_needs_nothing_from_elsewhere(folder):
    page = write_report(folder).read_text()
    shell = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#|data:)""", shell)
    assert "default-src 'none'" in page


def test_verdict_line(folder):
    assert verdict_of(render(read_run(folder))) == "not signed off yet"
    write_verdict(Verdict("drc", True, "0 markers"), folder / "01-only")
    assert "others have not run" in verdict_of(render(read_run(folder)))
    write_verdict(Verdict("completeness", True, "all there"), folder / "01-only")
    assert verdict_of(render(read_run(folder))).startswith("signed off: all 2 checks clean")
    write_verdict(Verdict("lvs", False, "1 net differs"), folder / "01-only")
    assert verdict_of(render(read_run(folder))) == "not clean: lvs"


def test_names_cannot_leave_their_place(folder):
    evil = "</script><img src=x onerror=alert(1)>"
    (folder / "resolved.json").write_text(json.dumps({"DESIGN_NAME": evil}))
    write_verdict(Verdict("drc", False, evil), folder / "01-only")
    page = render(read_run(folder))
    assert "<img src=x" not in page


def test_same_run_same_page(folder):
    assert render(read_run(folder)) == render(read_run(folder))


def test_comparison_shows_what_differs(folder, tmp_path):
    other = tmp_path / "chip" / "other"
    (other / "01-only").mkdir(parents=True)
    (other / "resolved.json").write_text(json.dumps({"DESIGN_NAME": "chip"}))
    (other / "01-only" / "state_out.json").write_text(
        json.dumps({"metrics": {"power__total": 3e-3}})
    )
    page = write_comparison(folder, other).read_text()
    assert "+50.0%" in page
    assert "chip/other" in page


def test_changes_of_metrics():
    found = list(changes({"a": 2, "same": 1, "gone": 0}, {"a": 3, "same": 1, "new": "x"}))
    assert found == [("a", "2", "3", "+50.0%"), ("gone", "0", "-", ""), ("new", "-", "x", "")]


def test_command_names_what_is_no_run(capsys):
    assert spikeout(["report", "nonesuch"]) == 2
    assert "neither a run folder nor a chip with a run" in capsys.readouterr().err


def test_power_by_block(folder):
    evidence = folder / "01-only" / "power.json"
    content = {
        "power_W": 4e-3,
        "block_W": {"lanes": 3e-3, "host": 1e-3},
        "group_W": {"clock": 1e-3},
    }
    content |= {"instance_W": {}, "images": 3, "corner": "tt", "seconds_per_inference": 5e-5}
    content |= {"energy_per_inference_J": 2e-7, "energy_per_synaptic_operation_J": 1e-11}
    evidence.write_text(json.dumps(content))
    write_verdict(Verdict("power", True, "4 mW", evidence), folder / "01-only")
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", render(read_run(folder)))
    at = cells.index("lanes")
    assert cells[at : at + 3] == ["lanes", "3.000", "75.0%"]
    assert cells[cells.index("all clock") + 1] == "1.000"
