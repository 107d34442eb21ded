"""Write the netlist of a design as structural Verilog, with or without supply pins."""

from __future__ import annotations

import re
from pathlib import Path

from flow.pnr.design import GROUND, POWER, Design
from macros.store import atomic_write

__all__ = ["write_verilog"]

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
BIT = re.compile(r"(.*)\[(\d+)\]")


def write_verilog(design: Design, path: Path, powered: bool = False) -> None:
    """Write `path`; `powered` adds supply pins, and the cells that have nothing else."""
    buses = _buses([port.name for port in design.ports])
    directions = {port.name.split("[")[0]: port.direction for port in design.ports}
    net_port = {port.net: port.name for port in design.ports}
    net_names = [
        _bit(net_port[net]) if net in net_port else _identifier(name)
        for net, name in enumerate(design.net_names)
    ]
    supplies = [POWER, GROUND] if powered else []
    lines = [f"module {_identifier(design.name)} ("]
    lines.append(",\n".join(f"  {_identifier(name)}" for name in [*buses, *supplies]))
    lines.append(");")
    lines += [
        f"  {directions[bus]} {_range(bits)}{_identifier(bus)};" for bus, bits in buses.items()
    ]
    lines += [f"  inout {supply};" for supply in supplies]
    lines += [f"  wire {name};" for net, name in enumerate(net_names) if net not in net_port]
    lines += _cells(design, net_names, powered)
    lines += [
        f"  assign {_bit(port.name)} = {net_names[port.net]};"
        for port in design.ports
        if net_port[port.net] != port.name
    ]
    atomic_write(path, "\n".join([*lines, "endmodule", ""]))


def _cells(design: Design, net_names: list[str], powered: bool) -> list[str]:
    pins: list[dict[str, str]] = [{} for _ in range(design.instances)]
    for net in range(design.nets):
        for instance, index in design.net_pins(net):
            if instance >= 0:
                pin = design.master(instance).signal_pins[index].name
                pins[instance][pin] = net_names[net]
    lines = []
    for instance, name in enumerate(design.instance_names):
        master = design.master(instance)
        if not powered and not master.signal_pins:
            continue
        connections = _bundled(pins[instance])
        for supply in master.pins.values():
            if powered and not supply.is_signal:
                connections[supply.name] = POWER if supply.use == "power" else GROUND
        body = ", ".join(f".{_identifier(pin)}({net})" for pin, net in connections.items())
        lines.append(f"  {master.name} {_identifier(name)} ({body});")
    return lines


def _bundled(pins: dict[str, str]) -> dict[str, str]:
    """Connections with the bits `pin[k]` of a macro gathered into one concatenation."""
    result: dict[str, str] = {}
    for name, bits in _buses(list(pins)).items():
        if bits is None:
            result[name] = pins[name]
        else:
            high_to_low = range(max(bits), min(bits) - 1, -1)
            values = [pins.get(f"{name}[{bit}]", "1'bz") for bit in high_to_low]
            result[name] = "{" + ", ".join(values) + "}"
    return result


def _buses(names: list[str]) -> dict[str, list[int] | None]:
    """Bus name -> its bits, or None for a scalar."""
    buses: dict[str, list[int] | None] = {}
    for name in names:
        match = BIT.fullmatch(name)
        if match is None:
            buses[name] = None
        else:
            bits = buses.setdefault(match[1], [])
            assert bits is not None
            bits.append(int(match[2]))
    return buses


def _range(bits: list[int] | None) -> str:
    return "" if bits is None else f"[{max(bits)}:{min(bits)}] "


def _bit(name: str) -> str:
    """A port or a bit of a port, as an expression."""
    match = BIT.fullmatch(name)
    return f"{_identifier(match[1])}[{match[2]}]" if match else _identifier(name)


def _identifier(name: str) -> str:
    """A plain identifier as it is, any other name escaped."""
    return name if PLAIN.fullmatch(name) else f"\\{name} "
