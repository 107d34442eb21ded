"""How far one Liberty is from another: per quantity, per cell, and in pictures.

Every table of the reference is compared point by point with ours, interpolated at the reference's
own axes. Quantities and their units:

    delay, transition   percent and ns, every arc, edge, slew and load that both libraries have
    capacitance         percent, rise and fall of every input
    leakage             percent, mean over states of every cell
    constraint          ns: setup and hold, every pair of slews
    reset               ns: recovery and removal, shown without a bar of their own
    energy              percent of what one output cycle (rise and fall) takes inside the cell,
                        the energy stated at the input included
"""

from __future__ import annotations

import csv
import io
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flow.pdk.liberty_reader import Group, parse

__all__ = ["BARS", "Bar", "Comparison", "compare", "per_cell", "plot", "read", "summary", "to_csv"]

NEGLIGIBLE_NS = 0.005
"""A delay or transition that is no further off than this is right, whatever the percentage."""


@dataclass(frozen=True)
class Bar:
    """What a quantity must meet: median and 95th percentile of the absolute error."""

    median: float
    most: float
    unit: str


BARS = {
    "delay": Bar(4, 12, "%"),
    "transition": Bar(6, 15, "%"),
    "capacitance": Bar(6, float("inf"), "%"),
    "leakage": Bar(15, float("inf"), "%"),
    "constraint": Bar(float("inf"), 0.040, "ns"),
    "reset": Bar(float("inf"), float("inf"), "ns"),
    "energy": Bar(10, float("inf"), "%"),
}
"""At the typical corner; the others may be half as much again off."""


@dataclass(frozen=True)
class Comparison:
    """One number of both libraries: where it stands, what it is, ours and the reference's."""

    cell: str
    quantity: str
    place: str
    ours: float
    reference: float

    @property
    def difference(self) -> float:
        return self.ours - self.reference

    @property
    def error(self) -> float:
        """In the unit of the quantity's bar: percent, or ns for constraints."""
        if BARS[self.quantity].unit == "ns":
            return self.difference
        if self.quantity in ("delay", "transition") and abs(self.difference) <= NEGLIGIBLE_NS:
            scale = max(abs(self.reference), 1e-9)
            return max(-4.0, min(4.0, 100 * self.difference / scale))
        return 100 * self.difference / max(abs(self.reference), 1e-12)


def read(path: Path) -> Group:
    """A Liberty file, compressed with xz or not; `ValueError` that names the file otherwise."""
    try:
        data = path.read_bytes()
        text = lzma.decompress(data) if path.suffix == ".xz" else data
        return parse(text.decode())
    except (OSError, lzma.LZMAError, UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"{path} is no readable Liberty: {error}") from error


def compare(ours: Group, reference: Group) -> list[Comparison]:
    """All numbers that both libraries have, in the order of our cells."""
    theirs = {cell.name: cell for cell in reference.groups("cell")}
    found: list[Comparison] = []
    for cell in ours.groups("cell"):
        if cell.name in theirs:
            found += _cell(cell, theirs[cell.name])
    if not found:
        raise ValueError("reference must share cells with our library, it has none of them")
    return found


def _cell(ours: Group, reference: Group) -> Iterator[Comparison]:
    name = ours.name
    if float(reference.text("cell_leakage_power", "0")) and list(ours.groups("leakage_power")):
        values = (float(cell.text("cell_leakage_power")) for cell in (ours, reference))
        yield Comparison(name, "leakage", "", *values)
    others = {pin.name: pin for pin in reference.groups("pin")}
    for pin in ours.groups("pin"):
        other = others.get(pin.name)
        if other is None:
            continue
        for edge in ("rise", "fall"):
            key = f"{edge}_capacitance"
            if key in pin.simple and key in other.simple:
                place = f"{pin.name} {edge}"
                values = (float(side.text(key)) for side in (pin, other))
                yield Comparison(name, "capacitance", place, *values)
        yield from _timing(name, pin, other)
    yield from _energy(name, ours, reference)


def _timing(cell: str, pin: Group, other: Group) -> Iterator[Comparison]:
    theirs = {_arc(timing): timing for timing in other.groups("timing")}
    for timing in pin.groups("timing"):
        match = theirs.get(_arc(timing))
        sort = timing.text("timing_type")
        if match is None or sort == "min_pulse_width":
            continue
        tables = {table.kind: table for table in match.children}
        for table in timing.children:
            reference = tables.get(table.kind)
            if reference is None or not reference.numbers("index_1"):
                continue
            quantity = _quantity(sort, table.kind)
            place = f"{timing.text('related_pin')}>{pin.name} {sort} {table.kind}"
            yield from _points(cell, quantity, place, table, reference)


def _quantity(sort: str, kind: str) -> str:
    """Quantity of a table of an arc of a timing type."""
    if kind.endswith("_constraint"):
        return "reset" if sort.startswith(("recovery", "removal")) else "constraint"
    return "transition" if kind.endswith("_transition") else "delay"


def _arc(timing: Group) -> tuple[str, str, str]:
    sort = timing.text("timing_type", "combinational")
    sense = timing.text("timing_sense") if sort == "combinational" else ""
    return timing.text("related_pin"), sort, sense


def _points(
    cell: str, quantity: str, place: str, ours: Group, reference: Group
) -> Iterator[Comparison]:
    expected = np.array(reference.numbers("values"))
    got = _at(ours, reference)
    for index in np.ndindex(expected.shape):
        where = f"{place} {list(index)}"
        yield Comparison(cell, quantity, where, float(got[index]), float(expected[index]))


def _at(ours: Group, reference: Group) -> np.ndarray:
    """Our table at the reference's axes: linear between points, and on beyond the last."""
    values = np.array(ours.numbers("values"))
    for axis, key in enumerate(("index_1", "index_2")):
        if not reference.numbers(key):
            break
        grid = np.array(ours.numbers(key)[0])
        wanted = np.array(reference.numbers(key)[0])
        values = np.moveaxis(values, axis, 0) if values.shape[0] != 1 or axis else values.T
        low = np.clip(np.searchsorted(grid, wanted) - 1, 0, len(grid) - 2)
        part = ((wanted - grid[low]) / (grid[low + 1] - grid[low])).reshape(-1, 1)
        values = values[low] * (1 - part) + values[low + 1] * part
        values = np.moveaxis(values, 0, axis)
    if not reference.numbers("index_2"):
        values = values.T
    return values


def _energy(cell: str, ours: Group, reference: Group) -> Iterator[Comparison]:
    """What an output's rise and fall together take, at the reference's slews and loads."""
    theirs = {pin.name: pin for pin in reference.groups("pin")}
    own = {pin.name: pin for pin in ours.groups("pin")}
    for name, pin in own.items():
        other = theirs.get(name)
        if other is None or pin.text("direction") != "output":
            continue
        groups = {power.text("related_pin"): power for power in other.groups("internal_power")}
        for power in pin.groups("internal_power"):
            related = power.text("related_pin")
            match = groups.get(related)
            if match is None or related not in own:
                continue
            got, expected = _cycle(power, match), _cycle(match, match)
            if got is None or expected is None:
                continue
            got = got + _input_cycle(own[related], match)
            expected = expected + _input_cycle(theirs[related], match)
            for index in np.ndindex(expected.shape):
                if expected[index]:
                    values = (float(cycle[index]) for cycle in (got, expected))
                    yield Comparison(cell, "energy", f"{related}>{name} {list(index)}", *values)


def _cycle(power: Group, reference: Group) -> np.ndarray | None:
    """[slew][load] of rise and fall together; None unless both are tables."""
    total = None
    axes = {table.kind: table for table in reference.children}
    for table in power.children:
        wanted = axes.get(table.kind)
        if wanted is None or not wanted.numbers("index_2") or not table.numbers("index_2"):
            return None
        values = _at(table, wanted)
        total = values if total is None else total + values
    return total if len(list(power.children)) == 2 else None


def _input_cycle(pin: Group, reference: Group) -> np.ndarray:
    """[slew][1]: what the input's own rise and fall take, 0 where nothing is stated."""
    slews = np.array(next(iter(reference.children)).numbers("index_1")[0])
    total = np.zeros((len(slews), 1))
    for power in list(pin.groups("internal_power"))[:1]:
        for table in power.children:
            if table.numbers("index_1"):
                grid, values = (np.array(table.numbers(key)[0]) for key in ("index_1", "values"))
                total[:, 0] += np.interp(np.log(slews), np.log(grid), values)
    return total


@dataclass(frozen=True)
class Line:
    """Statistics of one quantity: number of values, median and 95th percentile of the absolute
    error, the median error with its sign, and whether the bar holds."""

    quantity: str
    unit: str
    count: int
    median: float
    most: float
    bias: float
    bar: Bar
    met: bool


def summary(found: list[Comparison], slack: float = 1.0) -> list[Line]:
    """One line per quantity; `slack` widens the bars (1.5 for the slow and fast corners)."""
    lines = []
    for quantity, bar in BARS.items():
        errors = np.array([item.error for item in found if item.quantity == quantity])
        if not len(errors):
            continue
        median = float(np.median(np.abs(errors)))
        most = float(np.percentile(np.abs(errors), 95))
        wide = Bar(bar.median * slack, bar.most * slack, bar.unit)
        met = median <= wide.median and most <= wide.most
        bias = float(np.median(errors))
        lines.append(Line(quantity, bar.unit, len(errors), median, most, bias, wide, met))
    return lines


def per_cell(found: list[Comparison]) -> list[tuple[str, dict[str, tuple[float, float, float]]]]:
    """(cell, {quantity: (median |error|, 95th percentile, largest difference in its own unit)})."""
    groups: dict[str, dict[str, list[Comparison]]] = {}
    for item in found:
        groups.setdefault(item.cell, {}).setdefault(item.quantity, []).append(item)
    return [
        (
            cell,
            {
                quantity: (
                    float(np.median([abs(item.error) for item in items])),
                    float(np.percentile([abs(item.error) for item in items], 95)),
                    max((item.difference for item in items), key=abs),
                )
                for quantity, items in quantities.items()
            },
        )
        for cell, quantities in sorted(groups.items())
    ]


def to_csv(found: list[Comparison]) -> str:
    """Every cell and quantity: number of values, median and 95th percentile, largest difference."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["cell", "quantity", "unit", "median", "p95", "largest difference"])
    for cell, quantities in per_cell(found):
        for quantity, (median, most, largest) in quantities.items():
            unit = BARS[quantity].unit
            numbers = [f"{value:.4g}" for value in (median, most, largest)]
            writer.writerow([cell, quantity, unit, *numbers])
    return stream.getvalue()


def plot(found: list[Comparison], path: Path, title: str) -> None:
    """Four panels: both libraries' delays against each other, spread of delay and transition
    errors, leakage, constraints."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    of = {q: [item for item in found if item.quantity == q] for q in BARS}
    figure, axes = plt.subplots(2, 2, figsize=(11, 9), layout="constrained")
    figure.suptitle(title)
    _scatter(axes[0, 0], of["delay"], "delay (ns)", logarithmic=True)
    panel = axes[0, 1]
    for quantity in ("delay", "transition", "capacitance", "energy"):
        if of[quantity]:
            errors = np.sort([item.error for item in of[quantity]])
            panel.plot(errors, np.linspace(0, 100, len(errors)), label=quantity)
    panel.set(xlim=(-20, 20), xlabel="error (%)", ylabel="share of values below (%)")
    panel.grid(alpha=0.3)
    panel.legend()
    _scatter(axes[1, 0], of["leakage"], "mean leakage (nW)", logarithmic=True)
    constraints = of["constraint"] + of["reset"]
    _scatter(axes[1, 1], constraints, "setup, hold, recovery, removal (ns)", logarithmic=False)
    figure.savefig(path, dpi=110, metadata={"Software": ""})
    plt.close(figure)


def _scatter(panel, items: list[Comparison], name: str, logarithmic: bool) -> None:
    if not items:
        panel.set_axis_off()
        return
    pairs = np.array([(item.reference, item.ours) for item in items])
    if logarithmic:
        pairs = pairs[(pairs > 0).all(axis=1)]
        panel.set(xscale="log", yscale="log")
    low, high = pairs.min(), pairs.max()
    panel.plot([low, high], [low, high], color="0.6", linewidth=1, zorder=0)
    panel.plot(pairs[:, 0], pairs[:, 1], ".", markersize=2, alpha=0.5, rasterized=True)
    panel.set(xlabel=f"reference: {name}", ylabel=f"ours: {name}")
    panel.grid(alpha=0.3)
