"""Which layout `spikeout view` opens, and what it says when there is none."""

from __future__ import annotations

import pytest

from flow import cli
from flow.viewer import newest_layout


def test_the_latest_run_is_opened(tmp_path):
    gds = tmp_path / "digits" / "second" / "final" / "gds" / "digits.gds"
    gds.parent.mkdir(parents=True)
    gds.touch()
    (tmp_path / "digits" / "first").mkdir()
    (tmp_path / "digits" / "latest").symlink_to("second")
    assert newest_layout("digits", None, tmp_path).resolve() == gds
    with pytest.raises(ValueError, match="has no GDS yet"):
        newest_layout("digits", "first", tmp_path)
    with pytest.raises(ValueError, match="third is not there"):
        newest_layout("digits", "third", tmp_path)


def test_without_klayout_it_is_one_line(tmp_path, monkeypatch, capsys):
    gds = tmp_path / "digits" / "run" / "final" / "gds" / "digits.gds"
    gds.parent.mkdir(parents=True)
    gds.touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.run(["view", "digits", "--tag", "run", "--build", str(tmp_path)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "apt-get install klayout" in said[0]
