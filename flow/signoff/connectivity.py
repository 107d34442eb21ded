"""Nets of a layout by extraction: which pins of which placed cells its metal joins.

Everything from poly to met5 conducts, hierarchically: the inside of a cell is its own circuit, a
pin is a labelled net of it, and a net that the chip touches without a label is reported. Wells
conduct nothing here: a supply that holds together through a well only is broken.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import klayout.db as kdb

from macros.technology import layers
from macros.technology.layers import Layer

__all__ = ["Connectivity", "Placed", "extract_connectivity"]

STACK = (
    # wire, its labels, cut up to the next wire
    (layers.POLY, None, layers.LICON),
    (layers.LI1, layers.LI1_LABEL, layers.MCON),
    (layers.MET1, layers.MET1_LABEL, layers.VIA),
    (layers.MET2, layers.MET2_LABEL, layers.VIA2),
    (layers.MET3, layers.MET3_LABEL, layers.VIA3),
    (layers.MET4, layers.MET4_LABEL, layers.VIA4),
    (layers.MET5, layers.MET5_LABEL, None),
)
NAME_PROPERTIES = (61, 1)
"""GDS properties that hold an instance's name: ours, and that of KLayout's DEF reader."""


@dataclass(frozen=True)
class Placed:
    """A placed cell: its name ("" where the GDS gives none), master and transformation."""

    name: str
    master: str
    place: kdb.Trans


@dataclass
class Connectivity:
    """What the metal of a layout joins.

    Members
    -------
    cells : every placed black box
    pins : (index into cells, pin) -> net number; pins that nothing touches are absent
    masters : black box -> its labelled pins
    ports : label on the top cell -> net numbers
    inner : sentences on wires that touch the inside of a cell elsewhere than at a pin
    nets : how many nets the top cell has
    """

    cells: list[Placed] = field(default_factory=list)
    pins: dict[tuple[int, str], int] = field(default_factory=dict)
    masters: dict[str, set[str]] = field(default_factory=dict)
    ports: dict[str, set[int]] = field(default_factory=dict)
    inner: list[str] = field(default_factory=list)
    nets: int = 0
    _database: kdb.LayoutToNetlist | None = None
    _li1: kdb.Region | None = None

    def net_at(self, point: kdb.Point) -> int | None:
        """Net of the top cell whose li1 covers a point."""
        assert self._database is not None
        assert self._li1 is not None
        net = self._database.probe_net(self._li1, point)
        return None if net is None else int(net.cluster_id)


def extract_connectivity(
    layout: kdb.Layout, top: kdb.Cell, black_boxes: frozenset[str]
) -> Connectivity:
    """Connectivity of `top`, whose cells named in `black_boxes` count as wholes; others are
    expanded (vias, say)."""
    database = kdb.LayoutToNetlist(kdb.RecursiveShapeIterator(layout, top, []))
    li1 = _connect(database, layout)
    database.extract_netlist()
    netlist = database.netlist()
    result = Connectivity(_database=database, _li1=li1)
    _expand(netlist, top.name, black_boxes)
    circuit = netlist.circuit_by_name(top.name)
    if circuit is None:
        return result
    for net in circuit.each_net():
        result.nets += 1
        for label in _labels(net):
            result.ports.setdefault(label, set()).add(int(net.cluster_id))
    _read_pins(result, circuit, _names(top))
    return result


def _connect(database: kdb.LayoutToNetlist, layout: kdb.Layout) -> kdb.Region:
    """Declare wires, labels and cuts; the li1 region serves to probe nets."""
    below, li1 = None, None
    for wire, label, cut in STACK:
        metal = database.make_polygon_layer(layout.layer(*wire), _layer_name(wire))
        li1 = metal if wire == layers.LI1 else li1
        database.connect(metal)
        if label is not None:
            texts = database.make_text_layer(layout.layer(*label), _layer_name(label))
            database.connect(metal, texts)
        if below is not None:
            database.connect(below, metal)
        if cut is not None:
            below = database.make_polygon_layer(layout.layer(*cut), _layer_name(cut))
            database.connect(below)
            database.connect(metal, below)
    assert li1 is not None
    return li1


def _expand(netlist: kdb.Netlist, top: str, black_boxes: frozenset[str]) -> None:
    """Flatten every circuit above or beside the black boxes into the top circuit."""
    for circuit in list(netlist.each_circuit_top_down()):
        if circuit.name != top and circuit.name not in black_boxes:
            inside = any(ref.circuit().name in black_boxes for ref in circuit.each_ref())
            if not inside and any(True for _ in circuit.each_ref()):
                netlist.flatten_circuit(circuit)


def _read_pins(
    result: Connectivity, circuit: kdb.Circuit, names: dict[tuple[str, str], str]
) -> None:
    for subcircuit in circuit.each_subcircuit():
        master = subcircuit.circuit_ref()
        place = kdb.Trans(subcircuit.trans.s_trans().to_itype(0.001))
        index = len(result.cells)
        result.cells.append(Placed(names.get((master.name, str(place)), ""), master.name, place))
        if master.name not in result.masters:
            result.masters[master.name] = {
                label for net in master.each_net() for label in _labels(net)
            }
        for pin in master.each_pin():
            outer = subcircuit.net_for_pin(pin.id())
            if outer is None:
                continue
            labels = _labels(master.net_for_pin(pin.id()))
            for label in labels:
                result.pins[index, label] = int(outer.cluster_id)
            if not labels and outer.terminal_count() + outer.subcircuit_pin_count() > 1:
                result.inner.append(
                    f"a wire touches the inside of {result.cells[index].name or master.name}"
                    f" ({master.name}) at {_um(place.disp.x, place.disp.y)}"
                )


def _labels(net: kdb.Net | None) -> list[str]:
    return [] if net is None else [name for name in net.name.split(",") if name]


def _names(top: kdb.Cell) -> dict[tuple[str, str], str]:
    """(master, transformation) -> instance name, for what stands in the top cell."""
    names = {}
    for instance in top.each_inst():
        for key in NAME_PROPERTIES:
            name = instance.property(key)
            if name is not None:
                names[instance.cell.name, str(instance.trans)] = str(name)
                break
    return names


def _layer_name(layer: Layer) -> str:
    return f"l{layer.layer}_{layer.datatype}"


def _um(x: int, y: int) -> str:
    return f"({x / 1000:.3f}, {y / 1000:.3f}) um"
