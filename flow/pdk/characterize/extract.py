"""Transistors and connections of a standard cell, from its drawn layers.

    layout -> `geometry` (polygons, nets, gates) -> `extract` (a `Netlist` with parasitics)

A transistor is where poly crosses diffusion; current flows along rows, as in all of
sky130_fd_sc_hd. `verify` proves the result against the PDK's own netlist, device by device.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb
import numpy as np

from flow.pdk.characterize.coupling import capacitances
from flow.pdk.characterize.netlist import Device, Netlist, differences, read_spice, refine
from flow.pdk.characterize.raster import PIXEL_NM, Layout
from flow.pdk.characterize.resistance import Resistances
from macros.technology import layers

__all__ = ["ExtractionError", "Gate", "Geometry", "extract", "geometry"]

PIXEL_UM = PIXEL_NM / 1000


class ExtractionError(RuntimeError):
    """The layout is not the circuit that the PDK says it is."""


@dataclass(frozen=True)
class Gate:
    """One transistor finger as drawn.

    Members
    -------
    kind, width_nm, length_nm: as in `Device`.
    net, ends, bulk: gate net; nets left and right; bulk net.
    polygons: numbers of the diffusion polygons left and right.
    pixels: (rows, columns) of the channel.
    stress_um: mean distance to the end of the diffusion, left and right.
    """

    kind: str
    width_nm: int
    length_nm: int
    net: str
    ends: tuple[str, str]
    bulk: str
    polygons: tuple[int, int]
    pixels: tuple[np.ndarray, np.ndarray]
    stress_um: tuple[float, float]


@dataclass(frozen=True)
class Geometry:
    """Polygons of the conducting layers and the nets they belong to.

    Members
    -------
    image: layer name (`diff`, `poly`, `li1`, `met1`) -> int[rows, columns] of polygon numbers;
        `diff` is source and drain only.
    net: (layer name, polygon number) -> net.
    cuts: (cut name `licon` or `mcon`, window, lower layer, upper layer) of each contact.
    labels: net -> [(layer name, row, column)] where it is labelled.
    wells: bool[rows, columns], true inside the n-well.
    channel: bool[rows, columns], true where poly crosses diffusion.
    """

    layout: Layout
    ports: tuple[str, ...]
    image: dict[str, np.ndarray]
    net: dict[tuple[str, int], str]
    cuts: tuple[tuple[str, tuple[slice, slice], str, str], ...]
    labels: dict[str, list[tuple[str, int, int]]]
    wells: np.ndarray
    channel: np.ndarray
    gates: tuple[Gate, ...]

    def net_image(self, layer: str) -> tuple[np.ndarray, list[str]]:
        """int[rows, columns] that indexes the returned list of nets; 0 is no polygon at all."""
        names = ["", *sorted(set(self.net.values()))]
        count = int(self.image[layer].max())
        index = {name: number for number, name in enumerate(names)}
        table = np.array([0] + [index[self.net[layer, n]] for n in range(1, count + 1)], np.int32)
        return table[self.image[layer]], names


def extract(layout: kdb.Layout, spice: str, cell: str) -> Netlist:
    """The cell's netlist with junctions, stress, resistance and capacitance; its transistors are
    proved equal to those of the SPICE text.

    Raises `ExtractionError` that names the first difference.
    """
    reference = read_spice(spice, cell)
    drawn = geometry(Layout(layout, cell), reference.ports)
    fingers = Netlist(cell, reference.ports, tuple(_finger(drawn, gate) for gate in drawn.gates))
    wrong = differences(fingers, reference)
    if wrong:
        raise ExtractionError(f"{cell}: layout and netlist differ: {wrong[0]}")
    merged, alias = _merge(drawn, fingers)
    capacitance: dict[tuple[str, str], float] = defaultdict(float)
    for (one, other), value in capacitances(drawn).items():
        one, other = sorted((alias.get(one, one), alias.get(other, other)))
        if one != other:
            capacitance[one, other] += value
    return Netlist(cell, reference.ports, merged, dict(sorted(capacitance.items())))


def geometry(layout: Layout, ports: tuple[str, ...]) -> Geometry:
    """Find polygons, nets and transistor fingers of a cell."""
    poly, diffusion = layout.region(layers.POLY), layout.region(layers.DIFF)
    image = {
        "diff": layout.paint(diffusion - poly),
        "poly": layout.paint(poly),
        "li1": layout.paint(layout.region(layers.LI1)),
        "met1": layout.paint(layout.region(layers.MET1)),
    }
    cuts = tuple(_cuts(layout, image))
    net, labels = _nets(layout, image, cuts, ports)
    wells = layout.mask(layers.NWELL)
    active = layout.mask(layers.DIFF)
    channels = layout.paint(poly & diffusion)
    gates = tuple(
        _gate(layout, number, channels, active, image, net, wells)
        for number in range(1, int(channels.max()) + 1)
    )
    return Geometry(layout, ports, image, net, cuts, labels, wells, channels > 0, gates)


def _cuts(layout: Layout, image: dict[str, np.ndarray]):
    for window in layout.boxes(layers.LICON):
        lower = "poly" if image["poly"][window].all() else "diff"
        if image[lower][window].all() and image["li1"][window].all():
            yield "licon", window, lower, "li1"
    for window in layout.boxes(layers.MCON):
        if image["li1"][window].all() and image["met1"][window].all():
            yield "mcon", window, "li1", "met1"


def _nets(layout: Layout, image: dict[str, np.ndarray], cuts, ports: tuple[str, ...]):
    """Join polygons through cuts and equal labels; name nets after ports, else `n1`, ..."""
    parent: dict = {
        (layer, number): (layer, number)
        for layer in image
        for number in range(1, int(image[layer].max()) + 1)
    }

    def root(item):
        while parent[item] != item:
            item = parent[item]
        return item

    for _, window, lower, upper in cuts:
        row, column = window[0].start, window[1].start
        low, high = (root((layer, int(image[layer][row, column]))) for layer in (lower, upper))
        parent[max(low, high)] = min(low, high)
    labels: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for text, row, column, layer in layout.texts:
        name = "li1" if layer == layers.LI1_LABEL else "met1"
        if text in ports and image[name][row, column]:
            labels[text].append((name, row, column))
    named: dict = {}
    for text, places in sorted(labels.items()):
        roots = sorted({root((name, int(image[name][r, c]))) for name, r, c in places})
        for other in roots[1:]:
            parent[other] = roots[0]
        named[roots[0]] = text
    net: dict[tuple[str, int], str] = {}
    for item in sorted(parent):
        top = root(item)
        net[item] = named.setdefault(top, f"n{len(named) + 1}")
    return net, dict(labels)


def _gate(layout, number, channels, active, image, net, wells) -> Gate:
    rows, columns = np.nonzero(channels == number)
    lines = np.unique(rows)
    left = np.array([columns[rows == line].min() for line in lines])
    right = np.array([columns[rows == line].max() for line in lines])
    sides = []
    for places in (left - 1, right + 1):
        touched = set(image["diff"][lines, places]) - {0}
        if len(touched) != 1:
            raise ExtractionError(f"{layout.cell}: a gate has no single diffusion on each side")
        sides.append(int(touched.pop()))
    length = {int(value) for value in right - left + 1}
    if len(length) != 1:
        raise ExtractionError(f"{layout.cell}: a gate is not a rectangle")
    length_um = length.pop() * PIXEL_UM
    inside = bool(wells[lines[0], left[0]])
    poly = int(image["poly"][lines[0], left[0]])
    return Gate(
        kind="pfet_01v8_hvt" if inside else "nfet_01v8",
        width_nm=len(lines) * PIXEL_NM,
        length_nm=round(length_um * 1000),
        net=net["poly", poly],
        ends=(net["diff", sides[0]], net["diff", sides[1]]),
        bulk="VPB" if inside else "VNB",
        polygons=(sides[0], sides[1]),
        pixels=(rows, columns),
        stress_um=(
            _mean_distance(_run(active, lines, left, -1), length_um),
            _mean_distance(_run(active, lines, right, +1), length_um),
        ),
    )


def _run(active: np.ndarray, rows: np.ndarray, columns: np.ndarray, step: int) -> np.ndarray:
    """Pixels of diffusion beyond each (row, column) in direction `step`."""
    line = active[rows] if step > 0 else active[rows, ::-1]
    start = columns if step > 0 else active.shape[1] - 1 - columns
    width = active.shape[1]
    empty = np.where(line, width, np.arange(width))
    ends = np.minimum.accumulate(empty[:, ::-1], axis=1)[:, ::-1]
    return ends[np.arange(len(rows)), start] - start - 1


def _mean_distance(pixels: np.ndarray, length_um: float) -> float:
    """The one distance that has the stress of all rows together: BSIM4 averages 1/(SA + L/2)."""
    inverse = np.mean(1 / (pixels * PIXEL_UM + length_um / 2))
    return float(1 / inverse - length_um / 2)


def _finger(drawn: Geometry, gate: Gate) -> Device:
    """A finger with its share of the junctions on both sides: area by width, and of the rim what is
    not a gate (BSIM4 with PERMOD = 1 takes the gate edge off again)."""
    areas, rims = zip(*(_junction(drawn, polygon, gate) for polygon in gate.polygons), strict=True)
    return Device(
        gate.kind,
        gate.width_nm,
        gate.length_nm,
        gate.net,
        gate.ends[0],
        gate.ends[1],
        gate.bulk,
        1,
        areas[0],
        areas[1],
        rims[0],
        rims[1],
        gate.stress_um,
    )


def _junction(drawn: Geometry, polygon: int, gate: Gate) -> tuple[float, float]:
    pixels = drawn.image["diff"] == polygon
    area = pixels.sum() * PIXEL_UM**2
    rim = sum(int(np.count_nonzero(np.diff(pixels, axis=axis))) for axis in (0, 1)) * PIXEL_UM
    width = sum(g.width_nm for g in drawn.gates for p in g.polygons if p == polygon) / 1000
    own = gate.width_nm / 1000
    share = own / width
    return float(area * share), float((rim - width) * share + own)


def _merge(drawn: Geometry, fingers: Netlist) -> tuple[tuple[Device, ...], dict[str, str]]:
    """Put equal fingers that share all nets into one device.

    Internal nets that no contact touches and that look alike from everywhere in the circuit (the
    middle of the parallel stacks of a large nand, say) carry equal voltages, so they become one
    net first; the returned mapping tells which.
    """
    contacted = set(drawn.labels) | {
        drawn.net[lower, int(drawn.image[lower][w[0].start, w[1].start])]
        for _, w, lower, _ in drawn.cuts
    }
    colours = refine(fingers)
    first: dict[str, str] = {}
    alias: dict[str, str] = {}
    for net in sorted(set(colours) - contacted - set(fingers.ports)):
        alias[net] = first.setdefault(colours[net], net)
    groups: dict[tuple, list[tuple[Device, Gate]]] = defaultdict(list)
    for device, gate in zip(fingers.devices, drawn.gates, strict=True):
        low, high = sorted(alias.get(end, end) for end in (device.drain, device.source))
        key = (device.kind, device.width_nm, device.length_nm, device.gate, low, high)
        groups[key].append((device, gate))
    resistances = Resistances(drawn)
    return tuple(
        _together(key, members, alias, resistances) for key, members in sorted(groups.items())
    ), alias


def _together(key: tuple, members: list[tuple[Device, Gate]], alias, resistances) -> Device:
    kind, width, length, gate, low, high = key
    sides = []
    for device, drawn in members:
        swapped = alias.get(device.drain, device.drain) != low
        left = (device.drain_area_um2, device.drain_rim_um, drawn.polygons[0])
        right = (device.source_area_um2, device.source_rim_um, drawn.polygons[1])
        sides.append((right, left) if swapped else (left, right))
    area = [float(np.mean([pair[k][0] for pair in sides])) for k in (0, 1)]
    rim = [float(np.mean([pair[k][1] for pair in sides])) for k in (0, 1)]
    ohm = [
        resistances.diffusion([pair[k][2] for pair in sides], kind.startswith("p")) for k in (0, 1)
    ]
    half = length / 2000
    near, far = (
        float(1 / np.mean([1 / (device.stress_um[k] + half) for device, _ in members]) - half)
        for k in (0, 1)
    )
    return Device(
        kind,
        width,
        length,
        gate,
        low,
        high,
        members[0][0].bulk,
        len(members),
        area[0],
        area[1],
        rim[0],
        rim[1],
        (near, far),
        resistances.gate([drawn for _, drawn in members]),
        ohm[0],
        ohm[1],
    )


def load(pdk: Path) -> tuple[kdb.Layout, str]:
    """The cell library of a sky130A tree: its layout and the text of its SPICE netlists."""
    root = pdk / "libs.ref" / "sky130_fd_sc_hd"
    layout = kdb.Layout()
    layout.read(str(root / "gds" / "sky130_fd_sc_hd.gds"))
    return layout, (root / "spice" / "sky130_fd_sc_hd.spice").read_text()
