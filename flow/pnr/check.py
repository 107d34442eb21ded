"""Independent check of a finished layout: nets extracted from the GDS alone against the netlist.

KLayout extracts connectivity from li1 to met5 hierarchically, every cell a circuit of its own. A
pin of a cell is marked where the cell's LEF draws it, once for all instances; which instance a
circuit is follows from where the GDS places it. Nothing of the router's own data is used. A net of
the netlist must be one net of the layout (else an open) and no net of the layout may hold pins of
two nets (else a short). Of macros, whose inside has an LVS of its own, the metals are looked at
that the chip can touch, and all when that is not enough to connect a pin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

import klayout.db as kdb

from flow.pnr.design import GROUND, POWER, Design, Supply
from flow.pnr.geometry import Rect
from flow.pnr.lef import Master
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
    found, whole = _check(path, design, inside=False)
    return found if found.clean or whole else _check(path, design, inside=True)[0]


def _check(path: Path, design: Design, inside: bool) -> tuple[Extraction, bool]:
    """What the layout says, with all of the `inside` of macros or without; and whether it was."""
    layout = kdb.Layout()
    layout.read(str(path))
    top = layout.cell(design.name)
    if top is None:
        raise ValueError(f"{path} has no cell {design.name}")
    lost = _check_instances(top, design)
    whole = inside or not _hide_inside(layout, top, design)
    marks = _mark_pins(layout, top, design)
    extractor = _extract(layout, top)
    found = _pins_of_nets(extractor.netlist(), layout.dbu, design, marks)
    lost += [f"{name}: no metal at its pin" for name in _pins(design) if name not in found]
    return _compare(design, found, lost), whole


def _hide_inside(layout: kdb.Layout, top: kdb.Cell, design: Design) -> bool:
    """Take from macros the metal far below what the chip draws at them; whether there was any."""
    names = {master.name for master in design.master_objects() if master.is_macro}
    places = [place for place in top.each_inst() if place.cell.name in names]
    hidden = _with_called({place.cell.cell_index() for place in places}, layout)
    others = {place.cell.cell_index() for place in top.each_inst() if place.cell.name not in names}
    if hidden & _with_called(others, layout):
        return False
    kept = _lowest(layout, top, [place.cell for place in places], [p.bbox() for p in places]) - 1
    for pin in (pin for m in design.master_objects() if m.is_macro for pin in m.pins.values()):
        kept = min([kept, *(2 * NAMES.index(metal) for metal, _ in pin.shapes if metal in NAMES)])
    for number in hidden:
        for layer in layers.WIRES[: max(kept, 0)]:
            layout.cell(number).clear(layout.layer(*layer))
    return kept > 0 and bool(hidden)


def _with_called(cells: set[int], layout: kdb.Layout) -> set[int]:
    return cells.union(*(layout.cell(number).called_cells() for number in cells))


def _lowest(layout: kdb.Layout, top: kdb.Cell, macros: list[kdb.Cell], boxes: list[kdb.Box]) -> int:
    """Place in `WIRES` of the lowest layer that anything but these macros draws in the boxes."""
    window = kdb.Region()
    for box in boxes:
        window.insert(box)
    for k, layer in enumerate(layers.WIRES):
        shapes = kdb.RecursiveShapeIterator(layout, top, layout.layer(*layer), window, False)
        shapes.unselect_cells([cell.cell_index() for cell in macros])
        if not shapes.at_end():
            return k
    return len(layers.WIRES)


def _mark_pins(layout: kdb.Layout, top: kdb.Cell, design: Design) -> list[str]:
    """Put a number as a text on every pin of every master, port and strap; what they number."""
    marks: list[str] = []

    def mark(cell: kdb.Cell, name: str, metal: str, rect: Rect) -> None:
        text = kdb.Text(str(len(marks)), (rect[0] + rect[2]) // 2, (rect[1] + rect[3]) // 2)
        cell.shapes(_marks(layout, metal)).insert(text)
        marks.append(name)

    for master in design.master_objects():
        cell = layout.cell(master.name)
        for pin, metal, rect in _pin_shapes(master) if cell else ():
            mark(cell, pin, metal, rect)
    for name, layer, rect in _fixed_pins(design):
        mark(top, name, NAMES[layer + 1], rect)
    return marks


def _marks(layout: kdb.Layout, metal: str) -> int:
    """The layer of the marks on a metal."""
    return layout.layer(kdb.LayerInfo(f"pins of {metal}"))


def _extract(layout: kdb.Layout, top: kdb.Cell) -> kdb.LayoutToNetlist:
    """Nets by connectivity, each with the marks on it, joined by commas, for a name."""
    extractor = kdb.LayoutToNetlist(kdb.RecursiveShapeIterator(layout, top, []))
    below = None
    for name, (metal, cut) in zip(NAMES, STACK, strict=True):
        region = extractor.make_polygon_layer(layout.layer(*metal), name)
        extractor.connect(region)
        extractor.connect(region, extractor.make_text_layer(_marks(layout, name), f"{name} pins"))
        if below is not None:
            extractor.connect(below, region)
        if cut is not None:
            below = extractor.make_polygon_layer(layout.layer(*cut), f"{name} cut")
            extractor.connect(below)
            extractor.connect(region, below)
    extractor.extract_netlist()
    return extractor


def _pins_of_nets(
    netlist: kdb.Netlist, dbu: float, design: Design, marks: list[str]
) -> dict[str, Cluster]:
    """The net of the layout that every marked pin is on."""
    instances = {
        (design.master(k).name, *_origin(design, k)): name
        for k, name in enumerate(design.instance_names)
    }
    inside = {circuit.name: _marked_nets(circuit, marks) for circuit in netlist.each_circuit()}
    top = netlist.circuit_by_name(design.name)
    found = {name: ("", cluster) for _, cluster, names in inside[design.name] for name in names}
    for cell in top.each_subcircuit():
        circuit, place = cell.circuit_ref().name, cell.trans.s_trans().to_itype(dbu)
        instance = instances.get((circuit, place.rot, place.disp.x, place.disp.y))
        if instance is None:
            continue  # a cell of the layout that is none of the design's
        for pin, cluster, names in inside[circuit]:
            net = None if pin is None else cell.net_for_pin(pin)
            # a net that never leaves its cell is numbered there, once for all instances
            where = (instance, cluster) if net is None else ("", net.cluster_id)
            found |= {f"{instance}/{name}": where for name in names}
    return found


def _marked_nets(circuit: kdb.Circuit, marks: list[str]) -> list[tuple[int | None, int, list[str]]]:
    """Every net of a circuit with marks on it: the pin it leaves by if it does, its number and what
    is marked."""
    return [
        (
            next((ref.pin().id() for ref in net.each_pin()), None),
            net.cluster_id,
            [marks[int(number)] for number in net.name.split(",")],
        )
        for net in circuit.each_net()
        if net.name
    ]


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


def _pin_shapes(master: Master) -> list[tuple[str, str, Rect]]:
    """Name, metal and first shape of every pin of a master that has metal."""
    shapes = ((pin, [s for s in pin.shapes if s[0] in NAMES]) for pin in master.pins.values())
    return [(pin.name, *found[0]) for pin, found in shapes if found]


def _fixed_pins(design: Design) -> list[tuple[str, int, Rect]]:
    """Name, layer and rectangle of every port and strap."""
    ports = [(p.name, p.layer, p.rect) for p in design.ports if p.layer is not None and p.rect]
    return ports + [(_strap(s), s.layer, s.rect) for s in design.supplies if s.kind == "strap"]


def _strap(strap: Supply) -> str:
    return f"{strap.net} strap at ({strap.rect[0]}, {strap.rect[1]})"


def _pins(design: Design) -> Iterator[str]:
    """The name of every pin with metal in the design."""
    names = [[name for name, _, _ in _pin_shapes(master)] for master in design.master_objects()]
    for instance, number in zip(design.instance_names, design.master_of.tolist(), strict=True):
        for pin in names[number]:
            yield f"{instance}/{pin}"
    yield from (name for name, _, _ in _fixed_pins(design))


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
            nets[_strap(supply)] = supply.net
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
