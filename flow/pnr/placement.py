"""Placement of the cells with coloquinte, legal to site and row."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Iterator
from dataclasses import replace

import coloquinte
import numpy as np

from flow.pnr.design import FIXED, PLACED, Design
from flow.pnr.geometry import FS
from flow.pnr.rules import ROW, SITE

__all__ = ["check_placement", "half_perimeter", "legalise", "pin_positions", "place"]

ROW_UNITS = 6  # height of a row in coloquinte's unit of one site: 2.72 / 0.46 = 5.91
MACRO_KIND = "BLOCK"


def place(
    design: Design,
    net_weights: np.ndarray | None = None,
    effort: int = 3,
    seed: int = 1,
    wider: np.ndarray | None = None,
) -> tuple[Design, dict[str, float]]:
    """Place every movable instance; fixed ones (macros, taps, end caps) are obstacles.

    `net_weights` [M] favours some nets; `wider` [N] is how many times its width each cell takes
    while it is spread (1 or more), for room where wires crowd. Raises RuntimeError when the result
    is not legal.
    """
    return _run(design, net_weights, effort, seed, from_scratch=True, wider=wider)


def legalise(
    design: Design, net_weights: np.ndarray | None = None, effort: int = 3, seed: int = 1
) -> tuple[Design, dict[str, float]]:
    """Make a placement legal again after cells were added or resized."""
    return _run(design, net_weights, effort, seed, from_scratch=False)


def _run(
    design: Design,
    weights: np.ndarray | None,
    effort: int,
    seed: int,
    from_scratch: bool,
    wider: np.ndarray | None = None,
) -> tuple[Design, dict[str, float]]:
    movable = design.status != FIXED
    padding = _padding(design, movable)
    circuit = _circuit(design, movable, weights, padding)
    try:
        _place_circuit(circuit, design, effort, seed, from_scratch, wider)
    except RuntimeError:  # in short rows the last cells may find no gap: once more without padding
        circuit = _circuit(design, movable, weights, np.zeros_like(padding))
        try:
            _place_circuit(circuit, design, effort, seed, from_scratch, wider)
        except RuntimeError as error:
            raise RuntimeError(_crowded(design, str(error))) from None
    result = _placed_design(design, circuit, movable)
    problems = check_placement(result)
    if problems:
        raise RuntimeError(f"placement is not legal: {problems[0]} ({len(problems)} problems)")
    return result, {"route__wirelength__estimated": float(half_perimeter(result).sum()) / 1e3}


def _place_circuit(
    circuit: coloquinte.Circuit,
    design: Design,
    effort: int,
    seed: int,
    from_scratch: bool,
    wider: np.ndarray | None,
) -> None:
    with _quiet():
        parameters = coloquinte.ColoquinteParameters(effort, seed)
        if from_scratch:
            widths = circuit.cell_width
            if wider is not None:
                ports = [1.0] * (len(widths) - design.instances)
                circuit.expand_cells_by_factor([*wider.tolist(), *ports], FULLEST_SPREAD)
            circuit.expand_cells_to_density(_spread(design, design.status != FIXED))
            circuit.place_global(parameters)
            circuit.cell_width = widths
        circuit.legalize(parameters)
        circuit.place_detailed(parameters)


def _crowded(design: Design, said: str) -> str:
    """Why cells found no place, with the die and how full its rows are."""
    widths, heights = design.sizes()
    macros = np.array([master.is_macro for master in design.master_objects()])[design.master_of]
    cells = int((widths.astype(np.int64) * heights)[~macros].sum())
    rows = sum(row.sites for row in design.rows) * SITE * ROW
    die = f"{design.die[2] / 1e3:g} x {design.die[3] / 1e3:g} um"
    return (
        f"the cells do not fit: they fill {100 * cells / rows:.0f} % of {len(design.rows)} rows in"
        f" a die of {die} ({said.rstrip('.')}); lower the utilisation or enlarge the die"
    )


FULLEST = 0.80
"""Share of the rows up to which every cell keeps a free site beside it."""


def _padding(design: Design, movable: np.ndarray) -> np.ndarray:
    """Free sites [N] to the right of each cell: one where the rows have room, so that wires find
    their way down to the pins also where many small cells come together."""
    widths, _ = design.sizes()
    free = sum(row.sites for row in design.rows)
    is_cell = ~np.array([master.is_macro for master in design.master_objects()])[design.master_of]
    taken = -(-widths[is_cell].astype(np.int64) // SITE)
    room = taken.sum() + np.count_nonzero(movable & is_cell) <= FULLEST * free
    return np.where(movable & is_cell & room, 1, 0)


FULLEST_SPREAD = 0.95
"""Share of the rows that the widened cells may fill at most."""
CLUMP = 0.70
"""How densely cells may stand in the fullest places: wires and later buffers need the rest."""


def _spread(design: Design, movable: np.ndarray) -> float:
    """Share of the rows that the cells fill when each is as much wider as `CLUMP` asks for."""
    widths, heights = design.sizes()
    areas = widths.astype(np.int64) * heights
    free = sum(row.sites for row in design.rows) * SITE * ROW
    macros = np.array([master.is_macro for master in design.master_objects()])[design.master_of]
    free -= int(areas[~movable & ~macros].sum())
    return min(FULLEST_SPREAD, float(areas[movable].sum()) / max(free, 1) / CLUMP)


def _circuit(
    design: Design, movable: np.ndarray, weights: np.ndarray | None, padding: np.ndarray
) -> coloquinte.Circuit:
    """The design in sites: x in 460 nm, y in sixths of a row; ports become fixed points."""
    widths, heights = design.sizes()
    ports = [port for port in design.ports if port.rect is not None]
    count = design.instances + len(ports)
    circuit = coloquinte.Circuit(count)
    sites = -(-widths // SITE) + padding
    circuit.cell_width = [*sites.tolist(), *[0] * len(ports)]
    circuit.cell_height = [*(-(-heights // ROW) * ROW_UNITS).tolist(), *[0] * len(ports)]
    circuit.cell_is_fixed = [*(~movable).tolist(), *[True] * len(ports)]
    circuit.cell_is_obstruction = [*[True] * design.instances, *[False] * len(ports)]
    x, y = (design.x - design.core[0]) / SITE, _units(design.y - design.core[1])
    centres = [((p.rect[0] + p.rect[2]) / 2, (p.rect[1] + p.rect[3]) / 2) for p in ports if p.rect]
    circuit.cell_x = [
        *np.floor(x).astype(int).tolist(),
        *[round((c[0] - design.core[0]) / SITE) for c in centres],
    ]
    circuit.cell_y = [
        *np.round(y).astype(int).tolist(),
        *[round(float(_units(np.array(c[1] - design.core[1])))) for c in centres],
    ]
    circuit.cell_orientation = [coloquinte.CellOrientation.N] * count
    circuit.rows = [
        coloquinte.Row(
            coloquinte.Rectangle(
                (row.x - design.core[0]) // SITE,
                (row.x - design.core[0]) // SITE + row.sites,
                (row.y - design.core[1]) // ROW * ROW_UNITS,
                (row.y - design.core[1]) // ROW * ROW_UNITS + ROW_UNITS,
            ),
            coloquinte.CellOrientation.FS if row.orient == FS else coloquinte.CellOrientation.N,
        )
        for row in design.rows
    ]
    _add_nets(circuit, design, weights)
    circuit.check()
    return circuit


def _units(y: np.ndarray) -> np.ndarray:
    return y * ROW_UNITS / ROW


def _add_nets(circuit: coloquinte.Circuit, design: Design, weights: np.ndarray | None) -> None:
    centres = [
        [_pin_centre(pin.shapes) for pin in master.signal_pins]
        for master in design.master_objects()
    ]
    for net in range(design.nets):
        cells, xs, ys = [], [], []
        for instance, index in design.net_pins(net):
            if instance < 0:
                cells.append(design.instances - 1 - instance)
                xs.append(0)
                ys.append(0)
            else:
                x, y = centres[design.master_of[instance]][index]
                cells.append(instance)
                xs.append(round(x / SITE))
                ys.append(round(y * ROW_UNITS / ROW))
        if len(cells) > 1:
            circuit.add_net(cells, xs, ys, 1.0 if weights is None else float(weights[net]))


def _pin_centre(shapes: list[tuple[str, tuple[int, int, int, int]]]) -> tuple[float, float]:
    """Centre of the bounding box of a pin."""
    rects = [rect for _, rect in shapes]
    if not rects:
        return 0.0, 0.0
    return (
        (min(r[0] for r in rects) + max(r[2] for r in rects)) / 2,
        (min(r[1] for r in rects) + max(r[3] for r in rects)) / 2,
    )


def _placed_design(design: Design, circuit: coloquinte.Circuit, movable: np.ndarray) -> Design:
    count = design.instances
    x = np.array(circuit.cell_x[:count], np.int32) * SITE + design.core[0]
    row = np.array(circuit.cell_y[:count], np.int32) // ROW_UNITS
    # bit 1 mirrors in x; coloquinte names a cell mirrored in both axes S
    names = [orientation.name for orientation in circuit.cell_orientation[:count]]
    flip_x = np.array([name in ("FN", "S") for name in names])
    orient = np.where(row % 2 == 1, 1, 0) + 2 * flip_x
    return replace(
        design,
        x=np.where(movable, x, design.x).astype(np.int32),
        y=np.where(movable, row * ROW + design.core[1], design.y).astype(np.int32),
        orient=np.where(movable, orient, design.orient).astype(np.int8),
        status=np.where(movable, PLACED, design.status).astype(np.int8),
    )


def pin_positions(design: Design) -> tuple[np.ndarray, np.ndarray]:
    """x and y (nm) of every pin in `pin_instance` order: the centre of its shapes."""
    instance = design.pin_instance
    inside = design.pin_values(lambda pin: _pin_centre(pin.shapes), (0.0, 0.0))
    inside = np.rint(inside).astype(np.int32)
    turned = design.orient[instance]
    widths, heights = design.sizes()
    xs = design.x[instance] + np.where(turned & 2, widths[instance] - inside[:, 0], inside[:, 0])
    ys = design.y[instance] + np.where(turned & 1, heights[instance] - inside[:, 1], inside[:, 1])
    for k in np.flatnonzero(instance < 0).tolist():
        rect = design.ports[-1 - instance[k]].rect
        assert rect is not None
        xs[k], ys[k] = (rect[0] + rect[2]) // 2, (rect[1] + rect[3]) // 2
    return xs, ys


def half_perimeter(design: Design) -> np.ndarray:
    """Half perimeter of the pin bounding box of every net [M], nm."""
    xs, ys = pin_positions(design)
    starts = design.pin_start[:-1]
    spans = [
        np.maximum.reduceat(v, starts).astype(np.int64) - np.minimum.reduceat(v, starts)
        for v in (xs, ys)
    ]
    return spans[0] + spans[1]


def check_placement(design: Design) -> list[str]:
    """What is wrong: cells off site, off row, outside, turned the wrong way, overlapping."""
    problems = []
    rows: dict[int, list[tuple[int, int, int]]] = {}
    for row in design.rows:
        rows.setdefault(row.y, []).append((row.x, row.x + row.sites * SITE, row.orient))
    widths, _ = design.sizes()
    spans: dict[int, list[tuple[int, int, int]]] = {}
    for k, name in enumerate(design.instance_names):
        if design.master(k).is_macro:
            continue
        x, y, width = int(design.x[k]), int(design.y[k]), int(widths[k])
        home = [r for r in rows.get(y, []) if r[0] <= x and x + width <= r[1]]
        if not home:
            problems.append(f"{name} at ({x}, {y}) is in no row")
        elif (x - home[0][0]) % SITE:
            problems.append(f"{name} at ({x}, {y}) is off site")
        elif (design.orient[k] & 1) != home[0][2]:
            problems.append(f"{name} at ({x}, {y}) is turned against its row")
        spans.setdefault(y, []).append((x, x + width, k))
    for cells in spans.values():
        cells.sort()
        for (_, end, a), (start, _, b) in itertools.pairwise(cells):
            if start < end:
                problems.append(f"{design.instance_names[a]} overlaps {design.instance_names[b]}")
    return problems


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep coloquinte's own progress off standard output."""
    sys.stdout.flush()
    saved = os.dup(1)
    try:
        with open(os.devnull, "w") as sink:
            os.dup2(sink.fileno(), 1)
            yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
