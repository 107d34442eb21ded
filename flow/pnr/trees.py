"""Buffer trees: the clock tree, and trees for nets that drive too many pins.

Sinks are halved along the longer side of their bounding box until a group is small enough, which
gives groups of equal size (within one) that do not overlap. Each group gets a buffer at its median;
the buffers are the sinks of the next level. All leaves of a clock tree are equally deep. The clock
pin of a macro has a leaf of its own, a strong one: its wire is longer than that of a whole group.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from flow.pnr.design import Design
from flow.pnr.edit import Editor
from flow.pnr.placement import half_perimeter, pin_positions

__all__ = ["ClockPlan", "buffer_fanout", "build_clock_tree"]

CELLS = "sky130_fd_sc_hd__"


@dataclass(frozen=True)
class ClockPlan:
    """Sinks per buffer, and the buffers at the leaves, above them and at the root."""

    group: int = 16
    leaf: str = CELLS + "clkbuf_4"
    branch: str = CELLS + "clkbuf_8"
    root: str = CELLS + "clkbuf_16"


class _Sink(NamedTuple):
    instance: int
    pin: int
    x: int
    y: int


def build_clock_tree(
    design: Design, port: str, plan: ClockPlan | None = None
) -> tuple[Design, dict[str, float]]:
    """Buffer the net of clock `port`; legalise the placement afterwards.

    Raises ValueError when there is no such input port or nothing hangs on it.
    """
    plan = plan or ClockPlan()
    net = next((p.net for p in design.ports if p.name == port and p.direction == "input"), None)
    if net is None:
        raise ValueError(f"clock: {design.name} has no input port {port}")
    sinks = _sinks(design, net, pin_positions(design))
    if not sinks:
        raise ValueError(f"clock: no cell hangs on port {port}")
    editor = Editor(design)
    _detach(editor, net, sinks)
    x, y = _middle(sinks)
    pin, root = editor.add_free_buffer("clock_root", plan.root, x, y)
    editor.pins[net].append(pin)
    macros = {s.instance for s in sinks if design.master(s.instance).is_macro}
    depth = _grow(editor, root, sinks, plan.group, "clock", (plan.leaf, plan.branch), macros)
    result = editor.design()
    metrics = {
        "clock__sinks": float(len(sinks)),
        "clock__buffers": float(result.instances - design.instances),
        "clock__depth": float(depth + 1),
    }
    return result, metrics


def buffer_fanout(
    design: Design,
    limit: int = 20,
    longest: int = 350_000,
    master: str = CELLS + "buf_4",
    keep: Sequence[int] = (),
) -> tuple[Design, dict[str, float]]:
    """Put a buffer tree on every net with more than `limit` sinks, and a buffer half way on every
    other net whose half perimeter passes `longest` (nm), but for the nets in `keep` (clocks).
    Legalise the placement afterwards."""
    editor = Editor(design)
    positions = pin_positions(design)
    spans = half_perimeter(design)
    wide = long = 0
    for net in sorted(set(range(design.nets)) - set(keep)):
        sinks = _sinks(design, net, positions)
        if len(sinks) > limit:
            _detach(editor, net, sinks)
            _grow(editor, net, sinks, limit, f"fanout_{net}", (master, master))
            wide += 1
        elif sinks and spans[net] > longest:
            _detach(editor, net, sinks)
            pins = slice(design.pin_start[net], design.pin_start[net + 1])
            x, y = (int(np.ptp(v[pins])) // 2 + int(v[pins].min()) for v in positions)
            pin, driven = editor.add_free_buffer(f"repeater_{net}", master, x, y)
            editor.pins[net].append(pin)
            editor.pins[driven] += [(sink.instance, sink.pin) for sink in sinks]
            long += 1
    result = editor.design()
    metrics = {
        "design__fanout__nets": float(wide),
        "design__long__nets": float(long),
        "design__fanout__buffers": float(result.instances - design.instances),
    }
    return result, metrics


def _sinks(design: Design, net: int, positions: tuple[np.ndarray, np.ndarray]) -> list[_Sink]:
    """Input pins of cells on a net, with their places (`positions` of all pins)."""
    xs, ys = positions
    sinks = []
    for k in range(design.pin_start[net], design.pin_start[net + 1]):
        instance, index = int(design.pin_instance[k]), int(design.pin_index[k])
        if instance >= 0 and design.master(instance).signal_pins[index].direction == "input":
            sinks.append(_Sink(instance, index, int(xs[k]), int(ys[k])))
    return sinks


def _detach(editor: Editor, net: int, sinks: list[_Sink]) -> None:
    gone = {(sink.instance, sink.pin) for sink in sinks}
    editor.pins[net] = [pin for pin in editor.pins[net] if pin not in gone]


def _grow(
    editor: Editor,
    net: int,
    sinks: list[_Sink],
    group: int,
    name: str,
    masters: tuple[str, str],
    alone: Collection[int] = (),
) -> int:
    """Hang `sinks` on `net` through levels of buffers (leaf master, branch master); those of the
    instances `alone` share their leaf with no other. Returns how many levels it took."""
    level = 0
    while len(sinks) > group:
        above = []
        for number, members in enumerate(_groups(sinks, group, alone if level == 0 else ())):
            x, y = _middle([sinks[k] for k in members])
            strong = level > 0 or sinks[members[0]].instance in alone
            master = masters[strong]
            pin, driven = editor.add_free_buffer(f"{name}_{level}_{number}", master, x, y)
            editor.pins[driven] += [(sinks[k].instance, sinks[k].pin) for k in members]
            above.append(_Sink(*pin, x, y))
        sinks = above
        level += 1
    editor.pins[net] += [(sink.instance, sink.pin) for sink in sinks]
    return level


def _groups(sinks: list[_Sink], size: int, alone: Collection[int]) -> list[list[int]]:
    """Positions of the sinks of each group."""
    single = [k for k, sink in enumerate(sinks) if sink.instance in alone]
    others = [k for k, sink in enumerate(sinks) if sink.instance not in alone]
    found = _split([sinks[k] for k in others], size) if others else []
    return [[others[k] for k in members] for members in found] + [[k] for k in single]


def _split(sinks: Sequence[_Sink], size: int) -> list[list[int]]:
    """Groups of at most `size` sinks, by halving along the longer side."""
    x = np.array([sink.x for sink in sinks])
    y = np.array([sink.y for sink in sinks])

    def halve(members: np.ndarray, parts: int) -> list[list[int]]:
        if parts == 1:
            return [members.tolist()]
        wide = np.ptp(x[members]) >= np.ptp(y[members])
        key = (x if wide else y)[members]
        ordered = members[np.lexsort((members, key))]
        left = parts // 2
        cut = round(len(members) * left / parts)
        return halve(ordered[:cut], left) + halve(ordered[cut:], parts - left)

    return halve(np.arange(len(sinks)), -(-len(sinks) // size))


def _middle(sinks: Sequence[_Sink]) -> tuple[int, int]:
    return int(np.median([s.x for s in sinks])), int(np.median([s.y for s in sinks]))
