"""Trees of the cache that nothing has used for weeks: left over from an older Liberty or recipe."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

__all__ = ["UNUSED_DAYS", "mark", "prune"]

UNUSED_DAYS = 14
"""A tree rests this long before it goes: no run holds one for more than a day, and a second
checkout that takes turns with this one keeps its own."""


def mark(tree: Path) -> None:
    """Note that `.../<hash>/sky130A` is in use today; a cache that is read only stays as it is."""
    with contextlib.suppress(OSError):
        os.utime(tree.parent)


def prune(tree: Path) -> list[Path]:
    """Remove the trees beside `.../<hash>/sky130A` that rested too long, and return them."""
    oldest = time.time() - UNUSED_DAYS * 24 * 3600
    gone = []
    for other in sorted(tree.parent.parent.iterdir()):
        if other == tree.parent or not other.is_dir():
            continue
        with contextlib.suppress(OSError):  # another process was quicker
            if other.stat().st_mtime < oldest:
                gone.append(other.rename(other.with_name(f".unused-{other.name.lstrip('.')}")))
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)
    return gone
