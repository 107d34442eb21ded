"""Antenna rules: charge collected by metal while it is etched, against the gates it reaches.

While metal layer l is made, only the layers up to l exist. A gate sees the side area of the metal
of layer l in its own piece of the net; side area over gate area must stay below 400, or below a
limit that grows with the diffusion the piece is tied to (technology LEF, ANTENNADIFFSIDEAREARATIO;
the same for met1 to met5).

Two cures. A *hop*: the net is routed again on layers up to l only, so that the piece holds the
driver and its diffusion (`lower_tops`, used by the router itself). A *diode* beside the gate, in a
gap of the rows (`add_diodes`), where a hop is not possible: nets of input ports, and met1 and met2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from flow.pnr.antenna_pieces import LI1, Parts, charged_pieces
from flow.pnr.design import Design
from flow.pnr.edit import Editor
from flow.pnr.gaps import Gaps
from flow.pnr.groups import row_numbers
from flow.pnr.rules import LAYERS, MET3, SITE, WIDTH
from flow.pnr.wiring import pin_shapes

__all__ = [
    "DIODE",
    "Violation",
    "add_diodes",
    "antenna_violations",
    "ratio_limit",
    "suspects",
    "top_after_hop",
]

DIODE = "sky130_fd_sc_hd__diode_2"
THICKNESS_UM = (0.35, 0.35, 0.8, 0.8)  # met1..met4, technology LEF
ALL = tuple(range(len(THICKNESS_UM)))
LIMIT_DIFFUSION_UM2 = (0.0, 0.0125, 0.0225, 22.5)
LIMIT_RATIO = (400.0, 400.0, 2609.0, 11600.0)


class Violation(NamedTuple):
    """A piece of a net whose `ratio` passes `limit` on `layer`; `pin` is (instance, pin index) of
    its largest gate."""

    net: int
    layer: int
    ratio: float
    limit: float
    pin: tuple[int, int]


def ratio_limit(diffusion: float) -> float:
    """Largest side area ratio of metal tied to `diffusion` um2."""
    return float(np.interp(diffusion, LIMIT_DIFFUSION_UM2, LIMIT_RATIO))


def antenna_violations(
    design: Design, among: np.ndarray | None = None, layers: Sequence[int] = ALL
) -> list[Violation]:
    """All violations of a routed design, or of the nets `among` [M], on `layers`. Only nets with
    metal enough to break the rule are looked at."""
    nets = np.array(suspects(design, among, layers), np.int64)
    found = []
    for row in charged_pieces(_parts(design, nets), LIMIT_RATIO[0] / 2 / max(THICKNESS_UM)):
        which, layer, length, gate, diffusion, pin = row
        ratio, limit = 2 * THICKNESS_UM[layer] * length / gate, ratio_limit(diffusion)
        if layer in layers and ratio > limit:
            net = int(nets[which])
            found.append(Violation(net, layer, ratio, limit, list(design.net_pins(net))[pin]))
    return found


def _parts(design: Design, nets: np.ndarray) -> Parts:
    """What the nets [M], in ascending order, are made of."""

    def rows(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rows of the nets in a table sorted by net, and where each net begins."""
        first, end = np.searchsorted(table[:, 0], [nets, nets + 1])
        own = table[row_numbers(first, end - first)][:, 1:].astype(np.int64)
        return own, np.append(0, np.cumsum(end - first))

    routes = design.routes
    size = np.diff(design.pin_start)[nets]
    pins = row_numbers(design.pin_start[nets], size)
    pin_start = np.append(0, np.cumsum(size))
    shapes = [
        (net, k - first, LI1 if name == "li1" else LAYERS.index(name), *rect)
        for net, first, end in zip(range(len(nets)), pin_start[:-1], pin_start[1:], strict=True)
        for k in range(first, end)
        for name, rect in pin_shapes(
            design, int(design.pin_instance[pins[k]]), int(design.pin_index[pins[k]])
        )
    ]
    table = np.array(shapes, np.int64).reshape(-1, 7)
    return Parts(
        *rows(routes.wires),
        *rows(routes.vias),
        *rows(routes.patches),
        table[:, 1:],
        np.searchsorted(table[:, 0], np.arange(len(nets) + 1)),
        pin_start,
        _gates(design)[pins],
        design.pin_values(lambda pin: pin.diffusion_area)[pins],
    )


def suspects(
    design: Design, among: np.ndarray | None = None, layers: Sequence[int] = ALL
) -> list[int]:
    """Nets whose whole metal of one of `layers` would be too much for their smallest gate."""
    wires = design.routes.wires
    layer = wires[:, 1]
    length = np.abs(wires[:, 4] - wires[:, 2]) + np.abs(wires[:, 5] - wires[:, 3])
    side = 2 * (length + np.array(WIDTH)[layer]) / 1e3 * np.array(THICKNESS_UM)[layer]
    area = np.zeros((design.nets, len(THICKNESS_UM)))
    np.add.at(area, (wires[:, 0], layer), side)
    # where pieces of wire meet, the exact sum counts the width of each
    much = 1.25 * area > LIMIT_RATIO[0] * _smallest_gates(design)[:, None]
    wanted = much[:, list(layers)].any(axis=1)
    return np.flatnonzero(wanted if among is None else wanted & among).tolist()


def _smallest_gates(design: Design) -> np.ndarray:
    """[M] area in um2 of the smallest gate on each net, infinite where there is none."""
    gates = _gates(design)
    smallest = np.full(design.nets, np.inf)
    np.minimum.at(smallest, design.net_of_pin, np.where(gates > 0, gates, np.inf))
    return smallest


def _gates(design: Design) -> np.ndarray:
    """[pins] gate area in um2; none of a diode, whose LEF claims one."""
    gates = design.pin_values(lambda pin: pin.gate_area)
    diode = design.masters.index(DIODE) if DIODE in design.masters else -1
    on_diode = (design.pin_instance >= 0) & (design.master_of[design.pin_instance] == diode)
    return np.where(on_diode, 0, gates)


def top_after_hop(design: Design, violations: Iterable[Violation]) -> dict[int, int]:
    """Nets a hop can cure, with the highest layer they may then use: met3 for what met3 collects,
    where a cell drives the net and no port or macro pin stands higher."""
    tops = {}
    for net, layer in {(v.net, v.layer) for v in violations}:
        cells = [(i, p) for i, p in design.net_pins(net) if i >= 0]
        driven = any(
            design.master(i).signal_pins[p].direction == "output" and not design.master(i).is_macro
            for i, p in cells
        )
        if layer == MET3 and driven and len(cells) == len(list(design.net_pins(net))):
            tops[net] = MET3
    return tops


def add_diodes(design: Design, violations: list[Violation]) -> tuple[Design, bool]:
    """A diode at the gate of every violation, in the nearest gap of the rows. Routes are dropped.

    Also returns whether every diode found a gap; those that did not stand on their gate, and the
    placement must be made legal again.
    """
    editor = Editor(design)
    gaps = Gaps(design)
    spots: dict[int, tuple[int, int, int] | None] = {}
    width = design.cell_library.masters[DIODE].width // SITE
    for net, pin in sorted({(violation.net, violation.pin) for violation in violations}):
        instance = pin[0]
        x, y = int(design.x[instance]), int(design.y[instance])
        spot = gaps.take(x, y, width)
        diode = editor.add_cell(f"antenna_{net}", DIODE, *(spot[:2] if spot else (x, y)))
        spots[diode] = spot
        editor.pins[net].append((diode, 0))
    changed = editor.design()
    for diode, spot in spots.items():
        if spot:
            changed.orient[diode] = spot[2]
    return changed, all(spot is not None for spot in spots.values())
