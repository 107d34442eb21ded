"""Pictures of a design: placement with the clock tree, and how full the routing grid is."""

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

__all__ = ["draw_congestion", "draw_heat", "draw_ir_drop", "draw_placement"]

COLOURS = {
    "fixed": "#d9d9d9",
    "gate": "#7fb2d9",
    "flop": "#e8a04c",
    "buffer": "#c03a3a",
    "macro": "#8c8c8c",
}
BIN = 24  # columns and tracks per square of the congestion map


def draw_placement(design: Design, path: Path) -> None:
    """Cells by kind, ports, and the nets of the clock buffers as lines, as PNG."""
    figure, axes = _figure(design)
    boxes: dict[str, list[list[tuple[float, float]]]] = {}
    for k in range(design.instances):
        x0, y0, x1, y1 = (value / 1e3 for value in design.box(k))
        boxes.setdefault(_kind(design, k), []).append([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    for kind, polygons in boxes.items():
        axes.add_collection(
            PolyCollection(
                polygons, facecolors=COLOURS[kind], edgecolors="white", linewidths=0.2, label=kind
            )
        )
    axes.add_collection(LineCollection(_clock_lines(design), colors="#701070", linewidths=0.5))
    for port in design.ports:
        if port.rect:
            axes.plot(
                (port.rect[0] + port.rect[2]) / 2e3, (port.rect[1] + port.rect[3]) / 2e3, "k.", ms=2
            )
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7, frameon=False)
    _save(figure, path)


def _kind(design: Design, k: int) -> str:
    master = design.master(k)
    if master.is_macro:
        return "macro"
    if design.status[k] == FIXED:
        return "fixed"
    if any(pin.use == "clock" for pin in master.signal_pins):
        return "flop"
    return "buffer" if "buf" in master.name else "gate"


def _clock_lines(design: Design) -> list[list[tuple[float, float]]]:
    """From every clock buffer to each of its sinks, um."""
    xs, ys = pin_positions(design)
    lines = []
    for net in range(design.nets):
        pins = range(int(design.pin_start[net]), int(design.pin_start[net + 1]))
        drivers = [
            k
            for k in pins
            if design.pin_instance[k] >= 0
            and design.instance_names[design.pin_instance[k]].startswith("clock_")
            and design.master(int(design.pin_instance[k]))
            .signal_pins[design.pin_index[k]]
            .direction
            == "output"
        ]
        for driver in drivers:
            start = (xs[driver] / 1e3, ys[driver] / 1e3)
            lines += [[start, (xs[k] / 1e3, ys[k] / 1e3)] for k in pins if k != driver]
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
    figure.colorbar(image, label="share of tracks in use")
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
    figure.colorbar(image, label="places wanted by more than one net")
    _save(figure, path)


def draw_ir_drop(design: Design, drop_v: np.ndarray, path: Path) -> None:
    """Every instance in the colour of its drop [N] in V, as PNG."""
    figure, axes = _figure(design)
    boxes = np.array([design.box(k) for k in range(design.instances)]) / 1e3
    x0, y0, x1, y1 = boxes.T
    corners = np.stack([x0, y0, x1, y0, x1, y1, x0, y1], axis=1).reshape(-1, 4, 2)
    cells = PolyCollection(list(corners), array=1e3 * drop_v, cmap="inferno")
    axes.add_collection(cells)
    figure.colorbar(cells, label="IR drop of both supplies, mV")
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
