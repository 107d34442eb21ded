"""Independent check of a finished layout: nets extracted from the GDS alone against the netlist.

KLayout extracts connectivity from li1 to met5 hierarchically, every cell a circuit of its own. A
pin of an instance is found by where the GDS places the instance and where the cell's LEF draws the
pin, so nothing of the router's own data is used. A net of the netlist must be one net of the layout
(else an open) and no net of the layout may hold pins of two nets (else a short).
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple, TypeAlias

import klayout.db as kdb

from flow.pnr.design import GROUND, POWER, Design
from macros.technology import layers

__all__ = ["Extraction", "check_layout"]

STACK = (
    (layers.LI1, layers.MCON),
    (layers.MET1, layers.VIA),
    (layers.MET2, layers.VIA2),
    (layers.MET3, layers.VIA3),
    (layers.MET4, layers.VIA4),
    (layers.MET5, None),
)
NAMES = ("li1", "met1", "met2", "met3", "met4", "met5")


Cluster: TypeAlias = tuple[str, int]
"""A net of the layout: the instance it never leaves, "" for all others, and its number there."""


class Extraction(NamedTuple):
    """What the layout says: pins compared, and a sentence for every open, short and lost pin."""

    pins: int
    nets: int
    opens: list[str]
    shorts: list[str]
    lost: list[str]

    @property
    def clean(self) -> bool:
        return not (self.opens or self.shorts or self.lost)


def check_layout(path: Path, design: Design) -> Extraction:
    """Compare the GDS at `path` with the netlist of `design`."""
    layout = kdb.Layout()
    layout.read(str(path))
    top = layout.cell(design.name)
    if top is None:
        raise ValueError(f"{path} has no cell {design.name}")
    extractor, regions = _extract(layout, top)
    lost = _check_instances(top, design)
    found: dict[str, Cluster] = {}
    for name, layer, x, y in _pin_points(design):
        net = extractor.probe_net(regions[layer], kdb.Point(x, y))
        if net is None:
            lost.append(f"{name}: no metal at its pin")
        else:
            # a net that never leaves its cell is numbered there, once for all instances
            inside = "" if net.circuit().name == design.name else name.rpartition("/")[0]
            found[name] = (inside, net.cluster_id)
    return _compare(design, found, lost)


def _extract(
    layout: kdb.Layout, top: kdb.Cell
) -> tuple[kdb.LayoutToNetlist, dict[str, kdb.Region]]:
    """Extracted connectivity and its region per metal."""
    extractor = kdb.LayoutToNetlist(kdb.RecursiveShapeIterator(layout, top, []))
    regions: dict[str, kdb.Region] = {}
    below = None
    for name, (metal, cut) in zip(NAMES, STACK, strict=True):
        regions[name] = extractor.make_polygon_layer(layout.layer(*metal), name)
        extractor.connect(regions[name])
        if below is not None:
            extractor.connect(below, regions[name])
        if cut is not None:
            below = extractor.make_polygon_layer(layout.layer(*cut), f"{name}_cut")
            extractor.connect(below)
            extractor.connect(regions[name], below)
    extractor.extract_netlist()
    return extractor, regions


def _check_instances(top: kdb.Cell, design: Design) -> list[str]:
    """Instances of the netlist that the GDS does not place where the design says."""
    placed: dict[tuple[str, int, int, int], int] = defaultdict(int)
    for instance in top.each_inst():
        box = instance.trans * kdb.Box(0, 0, 0, 0)
        placed[instance.cell.name, instance.trans.rot, box.left, box.bottom] += 1
    lost = []
    for k, name in enumerate(design.instance_names):
        key = (design.master(k).name, *_origin(design, k))
        placed[key] -= 1
        if placed[key] < 0:
            lost.append(f"{name}: not in the layout where it was placed")
    return lost


def _origin(design: Design, k: int) -> tuple[int, int, int]:
    """KLayout's orientation code of an instance and where its master's origin lies."""
    orient = int(design.orient[k])
    master = design.master(k)
    x = int(design.x[k]) + (master.width if orient & 2 else 0)
    y = int(design.y[k]) + (master.height if orient & 1 else 0)
    return (kdb.Trans.R0, kdb.Trans.M0, kdb.Trans.M90, kdb.Trans.R180)[orient].rot, x, y


def _pin_points(design: Design) -> list[tuple[str, str, int, int]]:
    """(pin, layer, x, y) inside a shape of every pin of every instance, and of every port."""
    points = []
    for k, name in enumerate(design.instance_names):
        _, x, y = _origin(design, k)
        orient = int(design.orient[k])
        for pin in design.master(k).pins.values():
            shapes = [(layer, rect) for layer, rect in pin.shapes if layer in NAMES]
            if not shapes:
                continue
            layer, (x0, y0, x1, y1) = shapes[0]
            dx, dy = (x0 + x1) // 2, (y0 + y1) // 2
            points.append(
                (
                    f"{name}/{pin.name}",
                    layer,
                    x - dx if orient & 2 else x + dx,
                    y - dy if orient & 1 else y + dy,
                )
            )
    for port in design.ports:
        if port.layer is not None and port.rect is not None:
            x0, y0, x1, y1 = port.rect
            points.append((port.name, NAMES[port.layer + 1], (x0 + x1) // 2, (y0 + y1) // 2))
    for supply in design.supplies:
        if supply.kind == "strap":
            x0, y0, x1, y1 = supply.rect
            label = f"{supply.net} strap at ({x0}, {y0})"
            points.append((label, NAMES[supply.layer + 1], (x0 + x1) // 2, (y0 + y1) // 2))
    return points


def _expected(design: Design) -> dict[str, str]:
    """Net of every pin by name; supply pins and straps belong to the supplies."""
    nets = {
        design.pin_name(instance, index): design.net_names[net]
        for net in range(design.nets)
        for instance, index in design.net_pins(net)
    }
    for k, name in enumerate(design.instance_names):
        for pin in design.master(k).pins.values():
            if not pin.is_signal:
                nets[f"{name}/{pin.name}"] = POWER if pin.use == "power" else GROUND
    for supply in design.supplies:
        if supply.kind == "strap":
            nets[f"{supply.net} strap at ({supply.rect[0]}, {supply.rect[1]})"] = supply.net
    return nets


def _compare(design: Design, found: dict[str, Cluster], lost: list[str]) -> Extraction:
    expected = _expected(design)
    clusters: dict[str, set[Cluster]] = defaultdict(set)
    names: dict[Cluster, set[str]] = defaultdict(set)
    for pin, cluster in found.items():
        net = expected.get(pin, f"open pin {pin}")
        clusters[net].add(cluster)
        names[cluster].add(net)
    opens = [f"{net} is in {len(parts)} parts" for net, parts in clusters.items() if len(parts) > 1]
    shorts = [" is shorted to ".join(sorted(nets)[:3]) for nets in names.values() if len(nets) > 1]
    return Extraction(len(found), len(clusters), sorted(opens), sorted(shorts), lost)
