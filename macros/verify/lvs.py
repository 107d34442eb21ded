"""Layout against schematic: the extracted circuit of a cell equals its SPICE netlist.

Compared are devices with their kind, width and length, all four terminals (so wells and substrate
must be tied), nets, and the pins of the top cell by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from macros.store import atomic_write
from macros.verify.extract import DEVICE_PREFIX, SUBSTRATE, connect_layers

__all__ = ["LvsResult", "compare", "flatten", "read_schematic"]


@dataclass(frozen=True)
class LvsResult:
    """Outcome of a comparison.

    Members
    -------
    differences: one sentence each; none when layout and schematic agree.
    devices, nets: how many the layout has, all hierarchy expanded.
    stubs: ends of diffusion under poly in the foundry's cells, neither compared nor devices.
    """

    differences: tuple[str, ...]
    devices: int
    nets: int
    stubs: int = 0

    @property
    def match(self) -> bool:
        return not self.differences


class _Schematic(kdb.NetlistSpiceReaderDelegate):
    """Turns `X... sky130_fd_pr__<device> w= l=` into transistors; sizes are um."""

    def wants_subcircuit(self, name: str) -> bool:
        return name.lower().startswith(DEVICE_PREFIX)

    def element(self, circuit, kind, name, model, value, nets, parameters) -> bool:
        if kind not in "XM" or not model.lower().startswith(DEVICE_PREFIX):
            return super().element(circuit, kind, name, model, value, nets, parameters)
        if len(nets) != 4:
            raise ValueError(f"transistor {name} has {len(nets)} terminals, not 4")
        known = circuit.netlist().device_class_by_name(model.lower())
        if known is None:
            known = kdb.DeviceClassMOS4Transistor()
            known.name = model.lower()
            circuit.netlist().add(known)
        device = circuit.create_device(known, name)
        for terminal, net in zip(("D", "G", "S", "B"), nets, strict=True):
            device.connect_terminal(terminal, net)
        fingers = parameters.get("M", 1.0)
        device.set_parameter("W", _micrometres(parameters["W"]) * fingers)
        device.set_parameter("L", _micrometres(parameters["L"]))
        return True


def read_schematic(path: Path) -> kdb.Netlist:
    """The netlist of a SPICE file of subcircuits."""
    netlist = kdb.Netlist()
    delegate = _Schematic()  # the reader does not keep it alive
    reader = kdb.NetlistSpiceReader(delegate)
    netlist.read(str(path), reader)
    return netlist


def compare(
    layout: kdb.Layout,
    top: kdb.Cell,
    schematic: Path,
    *,
    pins: Sequence[str] | None = None,
    join: Sequence[str] = (),
    report: Path | None = None,
) -> LvsResult:
    """Compare `top` with the subcircuit of its name in `schematic`, all hierarchy expanded.

    `pins`, when given, are the names the cell must have as pins; otherwise those of the
    subcircuit. Nets labelled with one name of `join` count as one: supplies of a leaf cell that
    its neighbours connect (never used on a whole macro). `report` receives
    KLayout's LVS database, which its browser opens.
    """
    lvs = kdb.LayoutVsSchematic(kdb.RecursiveShapeIterator(layout, top, []))
    connect_layers(lvs, layout)
    for name in join:
        lvs.join_net_names(name)
    lvs.extract_netlist()
    reference = read_schematic(schematic)
    wanted = reference.circuit_by_name(top.name)
    if wanted is None:
        raise ValueError(f"{schematic.name} has no subcircuit {top.name!r}")
    expected = list(pins) if pins is not None else [pin.name() for pin in wanted.each_pin()]
    found = flatten(lvs.netlist(), top.name)
    flatten(reference, top.name)
    lvs.reference = reference

    differences = _pin_differences(found, expected)
    if not lvs.compare(kdb.NetlistComparer()):
        differences += _net_differences(lvs)
    differences += _swapped_pins(lvs, expected)
    circuit = lvs.netlist().circuit_by_name(top.name)
    result = LvsResult(
        tuple(differences),
        sum(1 for _ in circuit.each_device()),
        sum(1 for _ in circuit.each_net()),
    )
    if report is not None:
        temporary = report.with_name(report.name + ".part")
        lvs.write(str(temporary))
        atomic_write(report, temporary.read_bytes())
        temporary.unlink()
    return result


def flatten(netlist: kdb.Netlist, top: str) -> kdb.Circuit:
    """Expand the hierarchy below `top`, join parallel transistors, drop what nothing uses."""
    netlist.flatten()
    circuit = netlist.circuit_by_name(top)
    if circuit is None:
        raise ValueError(f"{top!r} has no shapes to extract")
    for other in [c for c in netlist.each_circuit() if c.name.upper() != top.upper()]:
        netlist.remove(other)
    netlist.combine_devices()
    netlist.make_top_level_pins()
    netlist.purge_nets()
    return circuit


def _pin_differences(circuit: kdb.Circuit, expected: Sequence[str]) -> list[str]:
    """Labelled nets must be exactly the expected pins; the substrate has no label of its own."""
    named = {
        name
        for net in circuit.each_net()
        for name in net.name.upper().split(",")
        if name and name != SUBSTRATE
    }
    joined = [
        net.name
        for net in circuit.each_net()
        if len([n for n in net.name.upper().split(",") if n and n != SUBSTRATE]) > 1
    ]
    want = {name.upper() for name in expected}
    return (
        [f"pins {name} are shorted" for name in joined]
        + [f"pin {name} is missing in the layout" for name in sorted(want - named)]
        + [f"label {name} is no pin" for name in sorted(named - want)]
    )


def _net_differences(lvs: kdb.LayoutVsSchematic) -> list[str]:
    """What the comparison could not pair, in words."""
    differences = []
    xref = lvs.xref()
    for pair in xref.each_circuit_pair():
        for what, pairs in (
            ("net", xref.each_net_pair(pair)),
            ("device", xref.each_device_pair(pair)),
            ("pin", xref.each_pin_pair(pair)),
        ):
            for item in pairs:
                if item.status() in (xref.Match, xref.MatchWithWarning):
                    continue
                first, second = item.first(), item.second()
                differences.append(
                    f"{what} {_describe(first)} in the layout, {_describe(second)} in the schematic"
                )
    return differences or ["layout and schematic differ"]


def _swapped_pins(lvs: kdb.LayoutVsSchematic, expected: Sequence[str]) -> list[str]:
    """Symmetric circuits match with their pins exchanged; the names tell."""
    names = {name.upper() for name in expected}
    xref = lvs.xref()
    differences = []
    for circuits in xref.each_circuit_pair():
        for pair in xref.each_net_pair(circuits):
            if pair.first() is None or pair.second() is None:
                continue
            drawn = [n for n in pair.first().name.upper().split(",") if n in names]
            meant = pair.second().name.upper()
            if (drawn or meant in names) and meant not in drawn:
                label = drawn[0] if drawn else "an unnamed net"
                differences.append(f"{label} in the layout is {meant} in the schematic")
    return differences


def _describe(item: kdb.Net | kdb.Device | kdb.Pin | None) -> str:
    if item is None:
        return "nothing"
    name = item.expanded_name()
    if isinstance(item, kdb.Device):
        sizes = "/".join(f"{item.parameter(key):g}" for key in ("W", "L"))
        return f"{name} ({item.device_class().name} {sizes})"
    return str(name)


def _micrometres(value: float) -> float:
    """A size as the netlists of this technology write it: plain numbers below 1e-3 are metres."""
    return value * 1e6 if value < 1e-3 else value
