"""What the viewer can lay over the layout: markers, paths, clock tree, congestion, macro pins.

An overlay is a dict for `viewer.js`: `name`, `title`, `colour`, `shown`, `note`, `kind` and what
the kind needs: `boxes` and `lines` have `items`, `heat` has a grid of values. Lengths in nm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from flow.pnr.design import Design
from flow.pnr.geometry import placed
from flow.pnr.placement import pin_positions
from flow.report.blocks import CLOCK_TREE
from flow.report.collect import TimedPath

__all__ = [
    "clock_tree",
    "congestion",
    "drc_markers",
    "heat_map",
    "ir_drop",
    "macro_pins",
    "power_density",
    "timing_paths",
]

Overlay = dict[str, Any]
BIN_NM = 6900
"""Side of a square of the congestion map: 15 columns of met2."""
CELL_BIN_NM = 13800
"""Side of a square of the maps of power and of supply drop: five rows of cells."""
PATHS_SHOWN = 10


def drc_markers(markers: Iterable[Mapping[str, Any]]) -> Overlay:
    """DRC findings: each has `rule` and `box` (x0, y0, x1, y1)."""
    items = [[*marker["box"], marker["rule"]] for marker in markers]
    return _overlay(
        "drc", f"DRC markers ({len(items)})", "#e00000", "boxes", items=items, shown=True
    )


def timing_paths(paths: Sequence[TimedPath], kind: str) -> Overlay:
    """The worst paths of one kind over all corners, from pin to pin."""
    worst = sorted((p for p in paths if p.kind == kind), key=lambda p: p.slack_ns)[:PATHS_SHOWN]
    items = []
    for path in worst:
        points = [[x, y] for *_, x, y in path.points if x is not None]
        if len(points) > 1:
            items.append({"points": points, "label": f"{path.slack_ns:+.2f} ns"})
    colour = "#c2185b" if kind == "setup" else "#00695c"
    return _overlay(
        f"{kind}-paths", f"worst {kind} paths ({len(items)})", colour, "lines", items=items
    )


def clock_tree(design: Design, blocks: Sequence[str]) -> Overlay:
    """Every net that a clock buffer drives, as a star from its driver."""
    places = np.stack(pin_positions(design), axis=1).tolist()
    items = []
    for net in range(design.nets):
        pins = range(design.pin_start[net], design.pin_start[net + 1])
        for driver in (p for p in pins if _drives_clock(design, p, blocks)):
            items += [{"points": [places[driver], places[p]]} for p in pins if p != driver]
    return _overlay("clock-tree", "clock tree", "#7b1fa2", "lines", items=items, width=0.8)


def _drives_clock(design: Design, pin: int, blocks: Sequence[str]) -> bool:
    instance = int(design.pin_instance[pin])
    if instance < 0 or blocks[instance] != CLOCK_TREE:
        return False
    return design.master(instance).signal_pins[int(design.pin_index[pin])].direction == "output"


def congestion(design: Design) -> Overlay:
    """Share of the signal tracks of each square that wires fill, all layers together."""
    x0, y0, x1, y1 = design.die
    columns, rows = max(1, -(-(x1 - x0) // BIN_NM)), max(1, -(-(y1 - y0) // BIN_NM))
    length = np.zeros((rows, columns))
    for _, _, ax, ay, bx, by in design.routes.wires:
        steps = max(1, (abs(bx - ax) + abs(by - ay)) // BIN_NM + 1)
        share = (np.arange(steps) + 0.5) / steps
        column = np.clip((ax + (bx - ax) * share - x0) // BIN_NM, 0, columns - 1).astype(int)
        row = np.clip((ay + (by - ay) * share - y0) // BIN_NM, 0, rows - 1).astype(int)
        np.add.at(length, (row, column), (abs(bx - ax) + abs(by - ay)) / steps)
    tracks = sum(BIN_NM / pitch for pitch in (340, 460, 680, 920))
    values = length / (BIN_NM * tracks)
    note = "share of the tracks of met1 to met4 that wires fill"
    return heat_map("congestion", "wire density", note, design.die, values)


def power_density(design: Design, watts: Mapping[str, float]) -> Overlay:
    """mW per mm2 from the power of each instance in W, spread evenly over its outline."""
    values = np.zeros(_bins(design))
    for k, name in enumerate(design.instance_names):
        if watt := watts.get(name):
            rows, columns = _covered(design, k)
            values[rows, columns] += watt / (
                (rows.stop - rows.start) * (columns.stop - columns.start)
            )
    values *= 1e3 / (CELL_BIN_NM * 1e-6) ** 2
    note = "power while it classifies images, in mW per mm2"
    return heat_map("power-density", "power density", note, _bin_box(design), values)


def ir_drop(design: Design, volts: Mapping[str, float]) -> Overlay:
    """Largest drop in mV, of both supplies together, that a cell in each square sees."""
    values = np.zeros(_bins(design))
    for k, name in enumerate(design.instance_names):
        rows, columns = _covered(design, k)
        values[rows, columns] = np.maximum(values[rows, columns], 1e3 * volts.get(name, 0.0))
    note = "static drop of both supplies together, in mV"
    return heat_map("ir-drop", "IR drop", note, _bin_box(design), values)


def _bins(design: Design) -> tuple[int, int]:
    x0, y0, x1, y1 = design.die
    return max(1, -(-(y1 - y0) // CELL_BIN_NM)), max(1, -(-(x1 - x0) // CELL_BIN_NM))


def _bin_box(design: Design) -> tuple[int, int, int, int]:
    """The box that whole squares fill, from the lower left corner of the die."""
    rows, columns = _bins(design)
    x0, y0 = design.die[:2]
    return x0, y0, x0 + columns * CELL_BIN_NM, y0 + rows * CELL_BIN_NM


def _covered(design: Design, instance: int) -> tuple[slice, slice]:
    """Rows and columns of the squares that an instance stands on."""
    x0, y0, x1, y1 = (int(v) for v in design.box(instance))
    left, bottom = design.die[:2]
    return (
        slice((y0 - bottom) // CELL_BIN_NM, (y1 - 1 - bottom) // CELL_BIN_NM + 1),
        slice((x0 - left) // CELL_BIN_NM, (x1 - 1 - left) // CELL_BIN_NM + 1),
    )


def heat_map(name: str, title: str, note: str, box: Sequence[int], values: np.ndarray) -> Overlay:
    """A grid [rows, columns] of values >= 0 over a box, row 0 at the bottom."""
    most = float(values.max()) if values.size else 0.0
    return _overlay(
        name,
        f"{title} (most {most:.3g})",
        "#ea6a30",
        "heat",
        note=note,
        box=[int(v) for v in box],
        rows=values.shape[0],
        columns=values.shape[1],
        values=[float(f"{v:.3g}") for v in values.ravel()],
        most=most,
    )


def macro_pins(design: Design) -> Overlay:
    """Signal pins of the macros."""
    items = []
    for k in range(design.instances):
        master = design.master(k)
        if not master.is_macro:
            continue
        for pin in master.signal_pins:
            for _, rect in pin.shapes[:1]:
                box = placed(
                    rect,
                    int(design.orient[k]),
                    master.width,
                    master.height,
                    int(design.x[k]),
                    int(design.y[k]),
                )
                items.append([*map(int, box), pin.name])
    return _overlay("macro-pins", f"macro pins ({len(items)})", "#1565c0", "boxes", items=items)


def _overlay(name: str, title: str, colour: str, kind: str, **more: Any) -> Overlay:
    return {"name": name, "title": title, "colour": colour, "kind": kind, "shown": False} | more
