"""Repair of weak drivers and long wires: no net loads its driver beyond what it can drive.

Every net's load is estimated from its pins and its likely tree. A driver with too much of it is
replaced by the smallest larger one that will do; where there is none, the tree is cut by buffers
from its leaves on, so that no buffer has too much either, and a last one at the driver takes what
is left over. Both change other loads (a larger cell has larger pins), so that this is repeated
until nothing changes. Nets with many sinks get buffer trees before (`trees.buffer_fanout`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from flow.pnr.design import Design
from flow.pnr.edit import Editor
from flow.pnr.timing.cells import Cells
from flow.pnr.timing.estimate import FARAD_PER_UM
from flow.pnr.timing.steiner import PinTrees, drivers, pin_trees

__all__ = ["BUFFERS", "Boundary", "Loads", "clock_nets", "loads_of", "repair_loads"]

BUFFERS = tuple(f"sky130_fd_sc_hd__buf_{size}" for size in (1, 2, 4, 8))
ROUNDS = 8


class Boundary(NamedTuple):
    """What stands outside: fF that each output port must drive, (master, pin) that drives each
    input port."""

    load: float = 0.0
    driver: tuple[str, str] | None = None


class Loads(NamedTuple):
    """fF: `pin` of every pin in `pin_instance` order (0 for drivers), `wire` from there towards the
    driver, `net` [M] the sum, `limit` [M] what the driver can drive. `root` [M] is the position of
    the driver, `trees` the wires assumed."""

    pin: np.ndarray
    wire: np.ndarray
    net: np.ndarray
    limit: np.ndarray
    root: np.ndarray
    trees: PinTrees


def repair_loads(
    design: Design,
    cells: Cells,
    boundary: Boundary,
    keep: Collection[int] = (),
    shares: Mapping[int, float] | None = None,
) -> tuple[Design, list[int], dict[str, float]]:
    """Size and buffer every net but those of `keep` (clocks). The instances that changed, which
    wait for a legal place, are returned beside the design.

    `shares` [net -> share of the limit that may be used] is for nets that OpenSTA finds too slow
    nevertheless.
    """
    kept = np.zeros(design.nets, bool)
    kept[[*keep]] = True
    changed: set[int] = set()
    sized = buffers = 0
    for _ in range(ROUNDS):
        loads = loads_of(design, cells, boundary)
        for net, share in (shares or {}).items():
            loads.limit[net] *= share
        heavy = loads.net > loads.limit
        heavy[: len(kept)] &= ~kept
        editor = Editor(design)
        for net in np.flatnonzero(heavy).tolist():
            larger = _larger(design, net, loads, cells, (shares or {}).get(net, 1.0))
            if larger:
                editor.resize(int(design.pin_instance[loads.root[net]]), larger)
                sized += 1
            else:
                buffers += _cut(editor, design, net, loads, cells)
        if not editor.changed:
            break
        changed |= set(editor.changed)
        design = editor.design()
    metrics = {"timing__repair__resized": float(sized), "timing__repair__buffers": float(buffers)}
    return design, sorted(changed), metrics


def loads_of(design: Design, cells: Cells, boundary: Boundary) -> Loads:
    """The loads of every net, with the wires it will probably have."""
    trees = pin_trees(design)
    root = drivers(design)
    pin = _pin_loads(design, cells, boundary)
    wire = trees.length() / 1e3 * FARAD_PER_UM
    net = np.add.reduceat(pin + wire, design.pin_start[:-1])
    return Loads(pin, wire, net, _limits(design, root, cells, boundary), root, trees)


def clock_nets(design: Design, port: str | None) -> set[int]:
    """The net of a clock port and all that buffers and inverters make of it."""
    found = {p.net for p in design.ports if p.name == port}
    driven = {int(design.pin_instance[at]): net for net, at in enumerate(drivers(design).tolist())}
    todo = list(found)
    while todo:
        for instance, _ in design.net_pins(todo.pop()):
            net = driven.get(instance, -1) if instance >= 0 else -1
            if net >= 0 and net not in found and len(design.master(instance).signal_pins) == 2:
                found.add(net)
                todo.append(net)
    return found


def _pin_loads(design: Design, cells: Cells, boundary: Boundary) -> np.ndarray:
    """fF of every pin in `pin_instance` order, 0 for drivers."""
    table = [
        [
            cells.load_of(master.name, pin.name) if pin.direction == "input" else 0.0
            for pin in master.signal_pins
        ]
        for master in design.master_objects()
    ]
    outside = [boundary.load * (port.direction == "output") for port in design.ports]
    pins = zip(design.pin_instance.tolist(), design.pin_index.tolist(), strict=True)
    master_of = design.master_of.tolist()
    return np.array(
        [table[master_of[i]][index] if i >= 0 else outside[-1 - i] for i, index in pins]
    )


def _limits(design: Design, root: np.ndarray, cells: Cells, boundary: Boundary) -> np.ndarray:
    """[M] fF that the driver of every net can drive."""
    table = [
        [cells.limit_of(master.name, pin.name) for pin in master.signal_pins]
        for master in design.master_objects()
    ]
    outside = cells.limit_of(*boundary.driver) if boundary.driver else np.inf
    pins = zip(design.pin_instance[root].tolist(), design.pin_index[root].tolist(), strict=True)
    master_of = design.master_of.tolist()
    return np.array([table[master_of[i]][index] if i >= 0 else outside for i, index in pins])


def _larger(design: Design, net: int, loads: Loads, cells: Cells, share: float) -> str | None:
    """The smallest master in place of the driver's that can drive the net, if there is one."""
    at = loads.root[net]
    instance, index = int(design.pin_instance[at]), int(design.pin_index[at])
    if instance < 0:
        return None
    master = design.master(instance)
    pin = master.signal_pins[index].name
    for larger in cells.larger(master.name):
        if loads.net[net] <= cells.limit_of(larger, pin) * share:
            return larger
    return None


class _Branch(NamedTuple):
    """What hangs on a point of a tree: load in fF, and the pins it stands for."""

    load: float
    pins: list[tuple[int, int]]


def _cut(editor: Editor, design: Design, net: int, loads: Loads, cells: Cells) -> int:
    """Put buffers into the tree of a net so that its driver and each of them drive no more than
    they can; returns how many."""
    trees = loads.trees
    first, last = int(design.pin_start[net]), int(design.pin_start[net + 1])
    most = cells.limit_of(BUFFERS[-1], "X")
    hanging: dict[int, list[_Branch]] = {k: [] for k in range(first, last)}
    count = 0
    for k in reversed(trees.order[first:last].tolist()):
        place = int(trees.x[k]), int(trees.y[k])
        branches = sorted(hanging[k], reverse=True)
        load = float(loads.pin[k]) + sum(branch.load for branch in branches)
        pin = (int(design.pin_instance[k]), int(design.pin_index[k]))
        if k == loads.root[net]:
            groups = _packed(branches, most) if load > loads.limit[net] else []
            branches = [_buffered(editor, net, group, cells, place) for group in groups] or branches
            count += len(groups)
            editor.pins[net] = [pin, *(p for branch in branches for p in branch.pins)]
            break
        for number, branch in enumerate(branches):
            if load > most:
                branches[number] = _buffered(editor, net, [branch], cells, place)
                load += branches[number].load - branch.load
                count += 1
        pins = [pin, *(p for branch in branches for p in branch.pins)]
        hanging[int(trees.parent[k])].append(_Branch(load + float(loads.wire[k]), pins))
    return count


def _packed(branches: list[_Branch], most: float) -> list[list[_Branch]]:
    """Branches, the heaviest first, in groups of at most `most` fF."""
    groups: list[list[_Branch]] = []
    for branch in branches:
        for group in groups:
            if sum(member.load for member in group) + branch.load <= most:
                group.append(branch)
                break
        else:
            groups.append([branch])
    return groups


def _buffered(
    editor: Editor, net: int, branches: list[_Branch], cells: Cells, place: tuple[int, int]
) -> _Branch:
    """The branches behind a new buffer, the smallest that can drive them."""
    load = sum(branch.load for branch in branches)
    master = next((m for m in BUFFERS if load <= cells.limit_of(m, "X")), BUFFERS[-1])
    pin, driven = editor.add_free_buffer(f"repair_{net}", master, *place)
    editor.pins[driven] += [p for branch in branches for p in branch.pins]
    return _Branch(cells.load_of(master, "A"), [pin])
