"""Pictures of a design: placement, density, clock tree, congestion, IR drop."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from flow.pnr.design import FIXED, Design
from flow.pnr.placement import pin_positions
from flow.pnr.rules import COLUMN, TRACK
from macros.store import atomic_write

__all__ = [
    "draw_clock",
    "draw_congestion",
    "draw_density",
    "draw_heat",
    "draw_ir_drop",
    "draw_placement",
]

COLOURS = {
    "fixed": "#d9d9d9",
    "gate": "#7fb2d9",
    "flop": "#e8a04c",
    "buffer": "#c03a3a",
    "macro": "#8c8c8c",
}
BIN = 24  # columns and tracks per square of the congestion map


def draw_placement(design: Design, path: Path) -> None:
    """Cells by kind, and ports, as PNG."""
    figure, axes = _figure(design)
    kinds = np.array([_kind(design, k) for k in range(design.instances)])
    for kind, colour in COLOURS.items():
        some = _corners(design)[kinds == kind]
        if len(some):
            axes.add_collection(
                PolyCollection(
                    list(some), facecolors=colour, edgecolors="white", linewidths=0.1, label=kind
                )
            )
    ports = [port.rect for port in design.ports if port.rect]
    xs, ys = ([(r[k] + r[k + 2]) / 2e3 for r in ports] for k in (0, 1))
    axes.plot(xs, ys, "k.", ms=2, label="port")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7, frameon=False)
    _save(figure, path)


def draw_density(design: Design, path: Path) -> None:
    """Share of each square of the die that signal cells and macros fill, as PNG."""
    figure, axes = _figure(design)
    rows, columns = -(-design.die[3] // SQUARE), -(-design.die[2] // SQUARE)
    filled = np.zeros((rows, columns))
    for k in range(design.instances):
        if design.master(k).signal_pins:
            x0, y0, x1, y1 = design.box(k)
            x = _overlaps(x0, x1, columns)
            filled += np.outer(_overlaps(y0, y1, rows), x)
    extent = (0, columns * SQUARE / 1e3, 0, rows * SQUARE / 1e3)
    share = filled / SQUARE**2
    image = axes.imshow(share, origin="lower", extent=extent, cmap="viridis", vmin=0, vmax=1)
    figure.colorbar(image, fraction=0.046, pad=0.03, label="share of the area that cells fill")
    _save(figure, path)


def draw_clock(design: Design, path: Path) -> None:
    """The clock tree as lines from each buffer to its sinks, over pale cells, as PNG."""
    figure, axes = _figure(design)
    axes.add_collection(PolyCollection(list(_corners(design)), facecolors="#ececec"))
    tree = _clock_lines(design)
    for level, colour in enumerate(LEVELS):
        lines = [line for depth, line in tree if min(depth, len(LEVELS) - 1) == level]
        width = 1.6 / (level + 1)
        axes.add_collection(
            LineCollection(lines, colors=colour, linewidths=width, zorder=9 - level)
        )
        if lines:
            axes.plot(*lines[0][0], "o", color=colour, ms=0, label=f"level {level}")
            starts = np.array([line[0] for line in lines])
            axes.plot(starts[:, 0], starts[:, 1], "o", color=colour, ms=3, zorder=10)
    _save(figure, path)


LEVELS = ("#b1182b", "#e08214", "#2166ac", "#4d9221")
"""Colours of the levels of the clock tree, from the root on."""
SQUARE = 10_000  # nm, side of the squares of the density map


def _corners(design: Design) -> np.ndarray:
    """Corners [N, 4, 2] of every instance, um."""
    boxes = np.array([design.box(k) for k in range(design.instances)]) / 1e3
    x0, y0, x1, y1 = boxes.T
    return np.stack([x0, y0, x1, y0, x1, y1, x0, y1], axis=1).reshape(-1, 4, 2)


def _overlaps(low: int, high: int, count: int) -> np.ndarray:
    """Length of [low, high] within each of `count` squares side by side, nm."""
    edges = np.arange(count) * SQUARE
    return np.clip(np.minimum(edges + SQUARE, high) - np.maximum(edges, low), 0, None)


def _kind(design: Design, k: int) -> str:
    master = design.master(k)
    if master.is_macro:
        return "macro"
    if design.status[k] == FIXED:
        return "fixed"
    if any(pin.use == "clock" for pin in master.signal_pins):
        return "flop"
    return "buffer" if "buf" in master.name else "gate"


def _clock_lines(design: Design) -> list[tuple[int, list[tuple[float, float]]]]:
    """(level of the driver, from every clock buffer to each of its sinks), um."""
    xs, ys = pin_positions(design)
    sinks: dict[int, list[tuple[int, int]]] = {}
    fed = set()
    for net in range(design.nets):
        pins = range(int(design.pin_start[net]), int(design.pin_start[net + 1]))
        for driver in pins:
            instance, index = int(design.pin_instance[driver]), int(design.pin_index[driver])
            if instance < 0 or not design.instance_names[instance].startswith("clock_"):
                continue
            if design.master(instance).signal_pins[index].direction == "output":
                sinks[instance] = [(driver, k) for k in pins if k != driver]
                fed |= {int(design.pin_instance[k]) for k in pins if k != driver}
    lines = []
    level = [instance for instance in sinks if instance not in fed]
    depth = 0
    while level:
        following = []
        for instance in level:
            for driver, k in sinks[instance]:
                ends = [(xs[driver] / 1e3, ys[driver] / 1e3), (xs[k] / 1e3, ys[k] / 1e3)]
                lines.append((depth, ends))
                if int(design.pin_instance[k]) in sinks:
                    following.append(int(design.pin_instance[k]))
        level, depth = following, depth + 1
    return lines


def draw_congestion(design: Design, path: Path) -> None:
    """Share of the wire tracks of met1 to met4 in use, per square of the die, as PNG."""
    figure, axes = _figure(design)
    rows = -(-design.die[3] // (TRACK * BIN))
    columns = -(-design.die[2] // (COLUMN * BIN))
    used = np.zeros((rows, columns))
    for _, layer, x0, y0, x1, y1 in design.routes.wires.tolist():
        steps = max((x1 - x0) // COLUMN, (y1 - y0) // TRACK)
        if steps == 0:
            continue
        weight = (1 / COLUMN if layer in (0, 2) else 1 / TRACK) * (x1 - x0 + y1 - y0) / (steps + 1)
        at = np.arange(steps + 1) / steps
        i = ((x0 + at * (x1 - x0)) // (COLUMN * BIN)).astype(int)
        j = ((y0 + at * (y1 - y0)) // (TRACK * BIN)).astype(int)
        np.add.at(used, (j, i), weight)
    # met1 and met2 have a node everywhere, met3 on every second track, met4 on every second column
    share = used / (BIN * BIN * (1 + 1 + 0.5 + 0.5))
    extent = (0, columns * COLUMN * BIN / 1e3, 0, rows * TRACK * BIN / 1e3)
    image = axes.imshow(share, origin="lower", extent=extent, cmap="viridis", vmin=0, vmax=1)
    figure.colorbar(image, fraction=0.046, pad=0.03, label="share of tracks in use")
    _save(figure, path)


def draw_heat(design: Design, heat: tuple[np.ndarray, int], path: Path) -> None:
    """Conflicts per square of the die, as PNG: `heat` is ([rows, columns] counts, side in nm)."""
    figure, axes = _figure(design)
    counts, side = heat
    extent = (0, counts.shape[1] * side / 1e3, 0, counts.shape[0] * side / 1e3)
    image = axes.imshow(counts, origin="lower", extent=extent, cmap="inferno")
    for k in range(design.instances):
        if design.master(k).is_macro:
            x0, y0, x1, y1 = (value / 1e3 for value in design.box(k))
            axes.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color="white", linewidth=0.8)
    figure.colorbar(image, fraction=0.046, pad=0.03, label="places wanted by more than one net")
    _save(figure, path)


def draw_ir_drop(design: Design, drop_v: np.ndarray, path: Path) -> None:
    """Every instance in the colour of its drop [N] in V, as PNG."""
    figure, axes = _figure(design)
    cells = PolyCollection(list(_corners(design)), array=1e3 * drop_v, cmap="inferno")
    axes.add_collection(cells)
    figure.colorbar(cells, fraction=0.046, pad=0.03, label="IR drop of both supplies, mV")
    _save(figure, path)


def _figure(design: Design) -> tuple[Figure, Any]:
    figure = Figure(figsize=(8, 8 * min(3, max(0.3, design.die[3] / design.die[2]))), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlim(0, design.die[2] / 1e3)
    axes.set_ylim(0, design.die[3] / 1e3)
    axes.set_aspect("equal")
    axes.set_xlabel("um")
    axes.set_ylabel("um")
    axes.set_title(design.name)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", bbox_inches="tight", metadata={"Software": None})
    atomic_write(path, stream.getvalue())
