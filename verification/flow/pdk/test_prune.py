"""Trees of the cache that go when nothing has used them for weeks, and those that stay."""

from __future__ import annotations

import os
import time
from pathlib import Path

from flow.pdk.prune import UNUSED_DAYS, mark, prune

DAY = 24 * 3600


def a_tree(root: Path, name: str, days: float) -> Path:
    """A tree that was used last so many days ago."""
    tree = root / "pdk" / name / "sky130A"
    tree.mkdir(parents=True)
    (tree / "SOURCES").write_text("wheel\n")
    then = time.time() - days * DAY
    os.utime(tree.parent, (then, then))
    return tree


def test_only_a_tree_that_rested_long_goes(tmp_path: Path) -> None:
    own = a_tree(tmp_path, "own", 10 * UNUSED_DAYS)
    fresh = a_tree(tmp_path, "fresh", UNUSED_DAYS - 1)
    old = a_tree(tmp_path, "old", UNUSED_DAYS + 1)
    (tmp_path / "pdk" / ".lock").touch()
    os.utime(tmp_path / "pdk" / ".lock", (0, 0))
    assert len(prune(own)) == 1
    assert own.is_dir()
    assert fresh.is_dir()
    assert not old.parent.exists()
    left = sorted(path.name for path in (tmp_path / "pdk").iterdir())
    assert left == [".lock", "fresh", "own"]


def test_a_tree_in_use_is_marked_and_stays(tmp_path: Path) -> None:
    own, other = a_tree(tmp_path, "own", 0), a_tree(tmp_path, "other", UNUSED_DAYS + 1)
    mark(other)
    assert prune(own) == []
    assert other.is_dir()


def test_what_an_interrupted_removal_left_goes_too(tmp_path: Path) -> None:
    own = a_tree(tmp_path, "own", 0)
    a_tree(tmp_path, ".unused-old", UNUSED_DAYS + 1)
    assert len(prune(own)) == 1
    assert sorted(path.name for path in (tmp_path / "pdk").iterdir()) == ["own"]
