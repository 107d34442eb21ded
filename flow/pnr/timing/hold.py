"""Repair of early data: delay cells before endpoints whose data would change too soon.

An endpoint lacks, at every corner, the time from its slack up to a margin for what routing will
change. The cell, or the row of equal cells, that makes up for it at every corner with the least
delay at the slowest is put before the endpoint, and before all endpoints of the same net that lack
time too. What the cells cost is taken from the setup slack; an endpoint that has not so much is
left alone and named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from flow.pnr.design import Design
from flow.pnr.edit import Editor
from flow.pnr.placement import pin_positions
from flow.pnr.timing.cells import Cells
from flow.pnr.timing.sta import Slacks
from flow.pnr.timing.steiner import drivers

__all__ = ["DELAYS", "HoldRepair", "Margins", "repair_hold"]

DELAYS = tuple(
    f"sky130_fd_sc_hd__{name}_1"
    for name in (
        "buf", "dlymetal6s2s", "clkdlybuf4s15", "clkdlybuf4s18", "clkdlybuf4s25",
        "clkdlybuf4s50", "dlygate4sd1", "dlygate4sd2", "dlygate4sd3",
    )
)  # fmt: skip
EARLY, LATE = 0.95, 1.15
"""What is counted on of a cell's delay: no more than a derated early path has of it, and for setup
more than a derated late one, as slower transitions and longer wires come with the cell."""
LONGEST = 4
"""Cells in a row at most."""
WIRE_SHARE = 0.5
"""Share of a delay cell's drive that the pins behind it may take; the rest is for wires."""


class Margins(NamedTuple):
    """ns: an endpoint with less hold slack than `least` gets as much as `aim` asks for, as long as
    `setup` is left of its setup slack."""

    least: float
    aim: float
    setup: float


class HoldRepair(NamedTuple):
    """The repaired design, its new instances, and what each endpoint still lacks (ns) that cannot
    be helped."""

    design: Design
    changed: list[int]
    left: dict[str, float]


class _Endpoint(NamedTuple):
    """`lacks` hold ns at each corner, `spare` ns of setup; (x, y) is half way from the driver."""

    pin: tuple[int, int]
    name: str
    lacks: dict[str, float]
    spare: float
    x: int
    y: int


def repair_hold(
    design: Design, slacks: Slacks, cells: Cells, slowest: str, margins: Margins
) -> HoldRepair:
    """Put delay cells before the endpoints whose hold slack is too small."""
    lacking = _lacking(slacks.hold, margins)
    xs, ys = pin_positions(design)
    root = drivers(design)
    editor = Editor(design)
    left: dict[str, float] = {}
    groups: dict[int, list[_Endpoint]] = defaultdict(list)
    nets = _nets_of(design, set(lacking))
    for name, lacks in sorted(lacking.items()):
        if name not in nets:
            left[name] = max(lacks.values())
            continue
        net, at = nets[name]
        spare = min(table.get(name, float("inf")) for table in slacks.setup.values())
        pin = (int(design.pin_instance[at]), int(design.pin_index[at]))
        middle = tuple(int(v[at] + v[root[net]]) // 2 for v in (xs, ys))
        groups[net].append(_Endpoint(pin, name, lacks, spare - margins.setup, *middle))
    for net, members in groups.items():
        for ends in _parts(members, cells, slowest):
            chain = _chain(_together(ends), min(e.spare for e in ends), cells, slowest)
            if chain:
                _insert(editor, net, ends, chain)
            else:
                left |= {e.name: max(e.lacks.values()) for e in ends}
    changed = editor.changed
    return HoldRepair(editor.design() if changed else design, changed, left)


def _lacking(
    hold: Mapping[str, Mapping[str, float]], margins: Margins
) -> dict[str, dict[str, float]]:
    """Endpoint -> corner -> ns up to what is aimed at, where the slack is too small."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for corner, ends in hold.items():
        for name, slack in ends.items():
            if slack < margins.least:
                found[name][corner] = margins.aim - slack
    return found


def _nets_of(design: Design, names: set[str]) -> dict[str, tuple[int, int]]:
    """Pin name -> its net and position in `pin_instance`."""
    instances = {name.rpartition("/")[0] for name in names}
    wanted = {k for k, name in enumerate(design.instance_names) if name in instances}
    wanted |= {-1 - k for k, port in enumerate(design.ports) if port.name in names}
    found = {}
    for net in range(design.nets):
        for at in range(design.pin_start[net], design.pin_start[net + 1]):
            instance = int(design.pin_instance[at])
            if instance in wanted:
                name = design.pin_name(instance, int(design.pin_index[at]))
                if name in names:
                    found[name] = (net, at)
    return found


def _together(ends: list[_Endpoint]) -> dict[str, float]:
    """The most that any of the endpoints lacks, by corner."""
    return {c: max(e.lacks.get(c, 0.0) for e in ends) for end in ends for c in end.lacks}


def _parts(members: list[_Endpoint], cells: Cells, slowest: str) -> list[list[_Endpoint]]:
    """Endpoints of one net that can share their delay: all of them where a shared one leaves each
    its setup slack and is not overloaded, else each alone."""
    shared = _chain(_together(members), min(e.spare for e in members), cells, slowest)
    few = len(members) * PIN_FF <= WIRE_SHARE * cells.limit_of(DELAYS[-1], "X")
    return [members] if shared and few else [[member] for member in members]


PIN_FF = 5.0
"""fF taken for the pin of an endpoint."""


def _chain(lacks: Mapping[str, float], spare: float, cells: Cells, slowest: str) -> list[str]:
    """The cells that add what each corner lacks and cost the least at the slowest; empty when that
    is more than `spare`."""
    best: tuple[float, int, str] | None = None
    for name in DELAYS:
        if name not in cells:
            continue
        delay = cells[name].delay
        count = max(
            (-int(-lack // (EARLY * delay[corner])) for corner, lack in lacks.items()), default=0
        )
        cost = LATE * count * delay[slowest]
        if 0 < count <= LONGEST and cost <= spare:
            # a further cell costs area: worth a tenth of a ns
            best = min(best or (9e9, 0, ""), (cost + 0.1 * count, count, name))
    return [best[2]] * best[1] if best else []


def _insert(editor: Editor, net: int, ends: list[_Endpoint], chain: list[str]) -> None:
    """Cells in a row between a net and the pins of its endpoints."""
    pins = [end.pin for end in ends]
    x, y = sum(end.x for end in ends) // len(ends), sum(end.y for end in ends) // len(ends)
    editor.pins[net] = [pin for pin in editor.pins[net] if pin not in pins]
    for master in chain:
        pin, driven = editor.add_free_buffer(f"hold_{net}", master, x, y)
        editor.pins[net].append(pin)
        net = driven
    editor.pins[net] += pins
