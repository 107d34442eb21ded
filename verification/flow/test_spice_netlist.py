"""The netlist in SPICE, read again by KLayout: the same cells, nets and pins as the Verilog."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import klayout.db as kdb
import pytest

from flow.pdk.names import view_path
from flow.placeholder import spice as stand_in
from flow.signoff.powered_netlist import Gates, read_gates
from flow.signoff.verdict import NoVerdict
from flow.spice_netlist import pin_orders, spice_netlist
from macros.shape import MacroShape
from verification.flow.signoff.small_chip import SmallChip, small_chip


@pytest.fixture(scope="module")
def chip() -> SmallChip:
    return small_chip()


def by_nets(pins: dict[tuple[str, str], str]) -> set[frozenset[tuple[str, str]]]:
    """The nets, each as its set of (instance, pin) in lower case."""
    nets = defaultdict(set)
    for (instance, pin), net in pins.items():
        nets[net].add((instance.lower(), pin.lower()))
    return {frozenset(members) for members in nets.values()}


def read_again(text: str, orders: dict[str, list[str]], folder: Path, name: str):
    """(instance, pin) -> net, and the ports, as KLayout understands the file."""
    empty = "".join(f".subckt {cell} {' '.join(pins)}\n.ends\n" for cell, pins in orders.items())
    path = folder / "chip.spice"
    path.write_text(text + empty)
    netlist = kdb.Netlist()
    netlist.read(str(path), kdb.NetlistSpiceReader())
    circuit = netlist.circuit_by_name(name.upper())
    pins = {}
    for cell in circuit.each_subcircuit():
        master = cell.circuit_ref()
        names = orders[{key.upper(): key for key in orders}[master.name.upper()]]
        for pin, title in zip(master.each_pin(), names, strict=True):
            pins[cell.name, title] = cell.net_for_pin(pin.id()).name
    return pins, [pin.name() for pin in circuit.each_pin()]


def test_another_reader_finds_the_same_circuit(chip, timed_tree, tmp_path) -> None:
    gates = read_gates(chip.netlist)
    orders = pin_orders([view_path(timed_tree, "spice")])
    used = {master: orders[master] for master in set(gates.cells.values())}
    pins, ports = read_again(spice_netlist(gates, used), used, tmp_path, gates.name)
    assert len(pins) == sum(len(used[master]) for master in gates.cells.values())
    meant = gates.pins
    drawn = {(i, p): net for (i, p), net in pins.items() if not net.lower().startswith("open_")}
    assert len(drawn) == len(meant) > 300
    assert by_nets(drawn) == by_nets(meant)
    assert [port.lower() for port in ports] == [net.lower() for net in gates.ports.values()]


def test_nets_that_differ_by_case_alone_stay_two(tmp_path) -> None:
    pins = {("u", "A"): "net", ("u", "Y"): "NET", ("v", "A"): "NET"}
    gates = Gates("top", {"p": "net"}, {"u": "inv", "v": "inv"}, pins)
    orders = {"inv": ["A", "Y"]}
    text = spice_netlist(gates, orders)
    assert text.splitlines()[1:] == [
        ".subckt top net",
        "Xu net NET_ inv",
        "Xv NET_ open_1 inv",
        ".ends top",
    ]
    found, _ = read_again(text, orders, tmp_path, "top")
    assert by_nets({k: n for k, n in found.items() if k != ("V", "Y")}) == by_nets(pins)


def test_what_no_library_has_is_named() -> None:
    gates = Gates("top", {}, {"u": "inv"}, {("u", "Z"): "n"})
    with pytest.raises(NoVerdict, match="no SPICE library has the cell inv of u"):
        spice_netlist(gates, {})
    with pytest.raises(NoVerdict, match="subcircuit inv has no pin Z"):
        spice_netlist(gates, {"inv": ["A", "Y"]})


def test_pins_over_several_lines_and_parameters(tmp_path) -> None:
    (tmp_path / "a.sp").write_text(".SUBCKT one a[0]\n+ b\n+ c w=1 l=2\nX1 a two\n.ends\n")
    (tmp_path / "b.sp").write_text("* text\n.subckt two x\n.ends\n")
    orders = pin_orders([tmp_path / "a.sp", tmp_path / "b.sp"])
    assert orders == {"one": ["a[0]", "b", "c"], "two": ["x"]}


def test_the_stand_in_of_a_macro_has_its_pins(tmp_path) -> None:
    (tmp_path / "macro.sp").write_text(stand_in(MacroShape.from_name("sram_64x16")))
    (pins,) = pin_orders([tmp_path / "macro.sp"]).values()
    assert len(pins) == 16 + 6 + 16 + 5
    assert {"addr0[5]", "dout0[15]", "vccd1"} <= set(pins)
