"""The store: whole files or none, hashes that tell contents apart, locks that die with us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from macros import store


def test_cache_root_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SPIKEOUT_CACHE", str(tmp_path / "mine"))
    assert store.cache_root() == tmp_path / "mine"
    monkeypatch.delenv("SPIKEOUT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert store.cache_root() == tmp_path / "spikeout"


def test_hash_tells_kinds_and_borders_apart(tmp_path):
    (tmp_path / "file").write_bytes(b"ab")
    hashes = [
        store.content_hash(tmp_path / "file"),
        store.content_hash(b"ab"),
        store.content_hash("ab"),
        store.content_hash(b"a", b"b"),
        store.content_hash({"a": 1, "b": 2}),
    ]
    assert len(set(hashes)) == len(hashes)
    assert store.content_hash({"b": 2, "a": 1}) == hashes[-1]


def test_write_replaces_the_whole_file(tmp_path):
    target = tmp_path / "new" / "file"
    store.atomic_write(target, "first")
    store.atomic_write(target, b"second")
    assert target.read_bytes() == b"second"
    assert os.listdir(target.parent) == ["file"]


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "file"
    store.atomic_write(target, "old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.atomic_write(target, "new")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_directory_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "folder"
    with store.atomic_directory(target) as made:
        (made / "first").touch()
        assert not target.exists()
    with pytest.raises(RuntimeError, match="half way"), store.atomic_directory(target) as made:
        (made / "second").touch()
        raise RuntimeError("half way")
    assert os.listdir(target) == ["first"]
    with store.atomic_directory(target) as made:
        (made / "third").touch()
    assert os.listdir(target) == ["third"]
    assert os.listdir(tmp_path) == ["folder"]


def test_lock_waits_and_is_freed_by_death(tmp_path):
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from macros.store import lock\n"
            f"with lock(Path({str(path)!r})): print('held', flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    waiter = subprocess.Popen(["flock", "--nonblock", str(path), "true"])
    assert waiter.wait() == 1
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with store.lock(path):
        pass


def test_lock_is_freed_at_once_although_a_child_has_the_file_open(tmp_path):
    path = tmp_path / "lock"
    with store.lock(path):
        child = os.fork()
        if child == 0:
            signal.pause()
    try:
        with store.lock(path, wait=False):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
