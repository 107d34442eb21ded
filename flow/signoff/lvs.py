"""Layout against netlist of a chip: the final GDS alone against the powered netlist.

The metal of the GDS is extracted (`connectivity`) and every net compared with the netlist as a set
of pins, both ways, supplies included. Instances pair by the names the GDS gives them; a pairing
under which every cell has its master and every net its pins is an equality of the two graphs, so
a wrong name can only make the check fail. Wells and substrate are compared apart from the metal:
each well must be tied, by contacted taps, to the net that the netlist gives the wells of its cells.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from flow.signoff.connectivity import Connectivity, extract_connectivity
from flow.signoff.gds import read_gds
from flow.signoff.powered_netlist import Gates, read_gates
from flow.signoff.verdict import NoVerdict, Verdict
from flow.signoff.wells import WELL_PINS, compare_wells
from macros.store import atomic_write
from macros.verify.lvs import compare

__all__ = ["Comparison", "check_device_lvs", "check_lvs", "compare_gates"]


@dataclass(frozen=True)
class Comparison:
    """Differences, one sentence each with its place, and what was compared."""

    differences: tuple[str, ...]
    cells: int
    nets: int
    pins: int
    wells: int


def check_lvs(gds: Path, netlist: Path, out: Path, top: str | None = None) -> Verdict:
    """Compare the layout in `gds` with the powered netlist; sentences go to `out`/lvs.txt.

    Raises `NoVerdict` for files that are damaged, of another process, or of two designs.
    """
    gates = read_gates(netlist, top)
    layout, cell = read_gds(gds, top or gates.name)
    result = compare_gates(layout, cell, gates)
    figure = (
        f"{len(result.differences)} differences; {result.cells} cells, {result.nets} nets, "
        f"{result.pins} pins, {result.wells} wells"
    )
    report = out / "lvs.txt"
    atomic_write(report, "\n".join([f"{cell.name}: {figure}", *result.differences, ""]))
    metrics = {
        "design__lvs_error__count": len(result.differences),
        "lvs__cells": result.cells,
        "lvs__nets": result.nets,
        "lvs__pins": result.pins,
        "lvs__wells": result.wells,
    }
    return Verdict("lvs", not result.differences, figure, report, metrics)


def check_device_lvs(gds: Path, netlist: Path, out: Path, top: str | None = None) -> Verdict:
    """Compare the transistors of a macro or a cell with its SPICE netlist: kind, width, length,
    every terminal, and the pins by name. KLayout's database goes to `out`/lvs.lvsdb.

    Raises `NoVerdict` for files that are damaged, of another process, or of two designs.
    """
    layout, cell = read_gds(gds, top)
    report = out / "lvs.lvsdb"
    out.mkdir(parents=True, exist_ok=True)
    try:
        result = compare(layout, cell, netlist, report=report)
    except (ValueError, RuntimeError) as error:
        raise NoVerdict(f"{gds.name} and {netlist.name} cannot be compared: {error}") from None
    count = len(result.differences)
    figure = f"{count} differences; {result.devices} devices, {result.nets} nets"
    if count:
        figure += f": {result.differences[0]}"
    metrics = {
        "design__lvs_error__count": count,
        "lvs__devices": result.devices,
        "lvs__nets": result.nets,
    }
    return Verdict("lvs", result.match, figure, report, metrics)


def compare_gates(layout: kdb.Layout, top: kdb.Cell, gates: Gates) -> Comparison:
    """Compare `top` with a netlist."""
    found = extract_connectivity(layout, top, frozenset(gates.cells.values()))
    number = {cell.name: index for index, cell in enumerate(found.cells) if cell.name}
    shared = number.keys() & gates.cells.keys()
    if 2 * len(shared) < len(gates.cells):
        raise NoVerdict(
            f"layout {top.name} and netlist {gates.name} are two designs: of"
            f" {len(gates.cells)} instances the layout names {len(shared)}"
        )
    differences = [
        *_compare_cells(found, number, gates),
        *_compare_pins(found, gates),
        *_compare_nets(found, number, gates),
        *found.inner,
    ]
    wells, well_differences = compare_wells(layout, top, found, number, gates)
    pins = sum(pin not in WELL_PINS for _, pin in gates.pins) + len(gates.ports)
    nets = len(set(gates.pins.values()) | set(gates.ports.values()))
    return Comparison((*differences, *well_differences), len(found.cells), nets, pins, wells)


def _compare_cells(found: Connectivity, number: dict[str, int], gates: Gates) -> list[str]:
    """Instances of one side only, and instances of different cells."""
    result = []
    for name, master in gates.cells.items():
        if name not in number:
            result.append(f"{name} ({master}) is not in the layout")
        elif found.cells[number[name]].master != master:
            drawn = found.cells[number[name]].master
            result.append(f"{name} is {drawn} in the layout, {master} in the netlist")
    counts = Counter(cell.name for cell in found.cells)
    for cell in found.cells:
        if not cell.name or cell.name not in gates.cells:
            where = _um(cell.place.disp.x, cell.place.disp.y)
            result.append(f"{cell.name or cell.master} at {where} is not in the netlist")
        elif counts[cell.name] > 1:
            result.append(f"{cell.name} is {counts[cell.name]} times in the layout")
            counts[cell.name] = 1
    return result


def _compare_pins(found: Connectivity, gates: Gates) -> list[str]:
    """Pins that a netlist connects and the cell's layout has not; ports of one side only."""
    missing = {
        (gates.cells[name], pin)
        for name, pin in gates.pins
        if pin not in WELL_PINS and pin not in found.masters.get(gates.cells[name], {pin})
    }
    result = [f"{master} has no pin {pin} in the layout" for master, pin in sorted(missing)]
    result += [f"port {port} has no label" for port in sorted(gates.ports.keys() - found.ports)]
    result += [f"label {port} is no port" for port in sorted(found.ports.keys() - gates.ports)]
    return result


Pin = tuple[str, str]
"""(instance, pin); a port has no instance."""


def _compare_nets(found: Connectivity, number: dict[str, int], gates: Gates) -> list[str]:
    """Opens and shorts: pins of one net on several nets of the layout, and the reverse."""
    drawn, meant = _nets_of_pins(found, number, gates)
    parts: dict[str, dict[object, list[Pin]]] = defaultdict(lambda: defaultdict(list))
    for pin, net in meant.items():
        parts[net][drawn.get(pin, pin)].append(pin)  # an untouched pin is a part of its own
    merged: dict[int, dict[str, Pin]] = defaultdict(dict)
    for pin, metal in drawn.items():
        merged[metal].setdefault(meant.get(pin, f"open pin {_name(pin)}"), pin)

    def place(pin: Pin) -> str:
        if pin[0] not in number:
            return _name(pin)
        spot = found.cells[number[pin[0]]].place.disp
        return f"{_name(pin)} at {_um(spot.x, spot.y)}"

    result = []
    for net, groups in parts.items():
        if len(groups) > 1:
            by_size = sorted(groups.values(), key=len)
            ends = f"{place(by_size[0][0])}; {place(by_size[-1][0])}"
            result.append(f"net {net} is open, in {len(groups)} parts: {ends}")
    for nets in merged.values():
        if len(nets) > 1:
            ends = "; ".join(f"{net} ({place(pin)})" for net, pin in sorted(nets.items())[:4])
            result.append(f"{len(nets)} nets are shorted: {ends}")
    return result


def _nets_of_pins(
    found: Connectivity, number: dict[str, int], gates: Gates
) -> tuple[dict[Pin, int], dict[Pin, str]]:
    """Pin -> net of the layout, and pin -> net of the netlist, for what both sides have. Labels of
    one port at several places are as many pins."""
    drawn = {
        (found.cells[index].name, pin): net
        for (index, pin), net in found.pins.items()
        if found.cells[index].name in gates.cells
    }
    meant = {
        (name, pin): net
        for (name, pin), net in gates.pins.items()
        if pin not in WELL_PINS and name in number
    }
    for port, net in gates.ports.items():
        meant["", port] = net
        for part, metal in enumerate(sorted(found.ports.get(port, ()))):
            label = port if part == 0 else f"{port} (label {part + 1})"
            drawn["", label] = metal
            meant["", label] = net
    return drawn, meant


def _name(pin: Pin) -> str:
    return f"{pin[0]}/{pin[1]}" if pin[0] else f"port {pin[1]}"


def _um(x: int, y: int) -> str:
    return f"({x / 1000:.3f}, {y / 1000:.3f}) um"
