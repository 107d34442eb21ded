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

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from flow.pnr.design import Design
from flow.pnr.edit import Editor
from flow.pnr.gaps import Gaps
from flow.pnr.pieces import Pieces
from flow.pnr.rules import MET3, SITE, WIDTH
from flow.pnr.wiring import Node, Resistor, Wiring, wiring_of

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
    design: Design, wiring: dict[int, Wiring] | None = None, among: np.ndarray | None = None
) -> list[Violation]:
    """All violations of a routed design, or of the nets `among` [M]. Only nets and layers with
    metal enough to break the rule are looked at, unless their `wiring` is given."""
    layers: dict[int, Sequence[int]]
    if wiring is not None:
        layers = dict.fromkeys(wiring, range(len(THICKNESS_UM)))
    else:
        layers = suspects(design, among)
        wiring = wiring_of(design, layers)
    return [
        violation
        for net in sorted(wiring)
        for violation in _of_net(design, net, wiring[net].resistors, layers[net])
    ]


def suspects(design: Design, among: np.ndarray | None = None) -> dict[int, Sequence[int]]:
    """Nets whose whole metal of some layer would be too much for their smallest gate, and these
    layers."""
    wires = design.routes.wires
    layer = wires[:, 1]
    length = np.abs(wires[:, 4] - wires[:, 2]) + np.abs(wires[:, 5] - wires[:, 3])
    side = 2 * (length + np.array(WIDTH)[layer]) / 1e3 * np.array(THICKNESS_UM)[layer]
    area = np.zeros((design.nets, len(THICKNESS_UM)))
    np.add.at(area, (wires[:, 0], layer), side)
    # where pieces of wire meet, the exact sum counts the width of each
    if among is not None:
        area[~among] = 0
    much = 1.25 * area > LIMIT_RATIO[0] * _smallest_gates(design)[:, None]
    return {
        net: np.flatnonzero(much[net]).tolist() for net in np.flatnonzero(much.any(axis=1)).tolist()
    }


def _smallest_gates(design: Design) -> np.ndarray:
    """[M] area in um2 of the smallest gate on each net, infinite where there is none."""
    gates = design.pin_values(lambda pin: pin.gate_area or np.inf, np.inf)
    diode = design.masters.index(DIODE) if DIODE in design.masters else -1
    of_diode = (design.pin_instance >= 0) & (design.master_of[design.pin_instance] == diode)
    smallest = np.full(design.nets, np.inf)
    np.minimum.at(smallest, design.net_of_pin, np.where(of_diode, np.inf, gates))
    return smallest


def _of_net(
    design: Design, net: int, resistors: list[Resistor], layers: Iterable[int]
) -> list[Violation]:
    pins = list(design.net_pins(net))
    found = []
    for layer in layers:
        pieces = _pieces(resistors, layer)
        area: dict[Node, float] = defaultdict(float)
        for a, b, _ in resistors:
            if a[0] == b[0] == layer:
                length = (abs(b[1] - a[1]) + abs(b[2] - a[2])) / 1e3
                area[pieces[a]] += 2 * (length + WIDTH[layer] / 1e3) * THICKNESS_UM[layer]
        gates: dict[Node, list[tuple[float, tuple[int, int]]]] = defaultdict(list)
        diffusion: dict[Node, float] = defaultdict(float)
        for node, piece in pieces.items():
            instance, index = pins[node[1]] if node[0] == -1 else (-1, 0)
            if instance < 0:
                continue
            pin = design.master(instance).signal_pins[index]
            diffusion[piece] += pin.diffusion_area
            if pin.gate_area and design.master(instance).name != DIODE:  # its LEF claims a gate
                gates[piece].append((pin.gate_area, (instance, index)))
        for piece, members in gates.items():
            ratio = area[piece] / sum(gate for gate, _ in members)
            limit = ratio_limit(diffusion[piece])
            if ratio > limit:
                found.append(Violation(net, layer, ratio, limit, max(members)[1]))
    return found


def _pieces(resistors: list[Resistor], layer: int) -> dict[Node, Node]:
    """The piece of each node when only the layers up to `layer` exist; pins are always there."""
    pieces = Pieces[Node]()
    for a, b, _ in resistors:
        if a[0] <= layer and b[0] <= layer:
            pieces.join(a, b)
    return pieces.by_member()


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
