"""Which PDK a run uses: the user's, or the embedded one, built on first use."""

from __future__ import annotations

import os
from pathlib import Path

from flow.pdk import build, prune
from flow.pdk.names import LIBRARY, PROCESS

__all__ = ["installed", "resolve"]


def resolve(*, timing: bool = True) -> Path:
    """Return the folder `sky130A` of the PDK in use.

    `$PDK_ROOT/sky130A` wins when it is there; else the embedded tree, built when it is missing. Set
    `timing` to False where Liberty is not needed: an embedded tree without all corners will do.
    Embedded trees that nothing has asked for in weeks are removed.

    Raises `ValueError` when `$PDK_ROOT/sky130A` is no PDK, `PdkError` when the build fails.
    """
    if own := installed():
        return own
    tree = build.build(timing=timing)
    prune.mark(tree)
    prune.prune(tree)
    return tree


def installed() -> Path | None:
    """The user's `$PDK_ROOT/sky130A` (ciel, open_pdks), None where there is none."""
    root = os.environ.get("PDK_ROOT")
    if not root:
        return None
    tree = Path(root).expanduser().absolute() / PROCESS
    if not tree.exists():
        return None
    for needed in (f"libs.ref/{LIBRARY}", "libs.tech"):
        if not (tree / needed).is_dir():
            raise ValueError(f"PDK_ROOT: {tree} is not an open_pdks tree, it has no {needed}")
    return tree
