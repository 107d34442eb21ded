"""Repair of late data: larger cells along the paths that arrive too late.

Each round gives the cells on the failing paths that wait longest for their load the next size up.
Larger pins slow the cells before them, so the caller measures again and keeps the better design.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from flow.pnr.design import Design
from flow.pnr.edit import Editor
from flow.pnr.timing.cells import Cells
from flow.pnr.timing.sta import Slacks

__all__ = ["repair_setup"]

SHARE = 0.4
"""Share of the driving cells of a failing path, the slowest first, that a round makes larger."""


def repair_setup(
    design: Design, slacks: Slacks, cells: Cells, margin: float
) -> tuple[Design, list[int]]:
    """Enlarge cells on the worst paths with less setup slack than `margin` (ns); the changed
    instances, without a legal place, are returned beside the design."""
    waits: dict[str, float] = defaultdict(float)
    for slack, steps in slacks.paths:
        if slack >= margin:
            continue
        stages = [
            (after.arrival - before.arrival, before.pin.rpartition("/")[0])
            for before, after in pairwise(steps)
            if before.pin.rpartition("/")[0] == after.pin.rpartition("/")[0]
        ]
        if steps:  # the register at the start
            stages.append((steps[0].arrival, steps[0].pin.rpartition("/")[0]))
        stages.sort(reverse=True)
        for wait, name in stages[: max(1, round(SHARE * len(stages)))]:
            waits[name] = max(waits[name], wait)
    editor = Editor(design)
    for instance, name in enumerate(design.instance_names):
        if name in waits and (larger := cells.larger(design.master(instance).name)):
            editor.resize(instance, larger[0])
    changed = editor.changed
    return (editor.design() if changed else design), changed
