"""The state of an unfinished routing on disk, so that a run that was killed goes on where it was.

Kept is what the next pass depends on: routes and history, and the passes so far. A file of another
design or plan is ignored.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from flow.pnr.groups import row_numbers
from flow.pnr.route.nets import count_users
from flow.pnr.route.state import State
from macros.store import atomic_write

__all__ = ["load", "save"]

PLAIN = ("access", "path_start", "path_count", "attach", "failed", "top")
"""Arrays of the state that are kept as they are."""


def save(path: Path, key: str, state: State, passes: np.ndarray) -> None:
    """Write the state after a pass; `passes` [n, 6] are the figures of all passes so far."""
    stream = io.BytesIO()
    some = np.flatnonzero(state.history)
    np.savez(
        stream,
        key=np.array(key),
        passes=passes,
        history_at=some,
        history=state.history[some],
        edges=state.edges[row_numbers(state.edge_start, state.edge_count)],
        edge_count=state.edge_count,
        taken=state.taken[row_numbers(state.taken_start, state.taken_count)],
        taken_count=state.taken_count,
        **{name: getattr(state, name) for name in PLAIN},
    )
    atomic_write(path, stream.getvalue())


def load(path: Path, key: str, state: State) -> np.ndarray | None:
    """Fill an empty state; returns the passes, or None when there is no state of this `key`."""
    if not path.is_file():
        return None
    try:
        with np.load(path) as kept:
            if str(kept["key"]) != key:
                return None
            return _fill(kept, state)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None  # not ours, or damaged: routing starts anew


def _fill(kept: Any, state: State) -> np.ndarray:
    state.history[kept["history_at"]] = kept["history"]
    for pool, start, count, name in (
        (state.edges, state.edge_start, state.edge_count, "edge"),
        (state.taken, state.taken_start, state.taken_count, "taken"),
    ):
        count[:] = kept[f"{name}_count"]
        start[:] = np.cumsum(count, dtype=np.int64) - count
        values = kept["edges" if name == "edge" else "taken"]
        pool[: len(values)] = values
    count_users(state.users, kept["taken"])
    for name in PLAIN:
        getattr(state, name)[:] = kept[name]
    return kept["passes"]
