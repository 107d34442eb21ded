"""Read a gate-level netlist that yosys wrote as JSON, and check it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from flow.pnr.cell_library import Library
from flow.pnr.design import UNPLACED, Design, Port

__all__ = ["read_netlist"]


def read_netlist(path: Path, library: Library, top: str | None = None) -> Design:
    """The flat gate-level module `top` (the only module with cells when None) of a yosys JSON.

    Raises ValueError naming file, module and object for: a module that is not there, a cell without
    a master, a pin the master lacks, an input pin left open, a net with no driver or several.
    """
    try:
        modules = json.loads(path.read_text())["modules"]
        for module in modules.values():
            _check_shape(module)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is no yosys JSON netlist: {error}") from None
    candidates = [n for n, m in modules.items() if m.get("cells") and not _is_library(m)]
    if top is None and len(candidates) != 1:
        raise ValueError(f"{path}: name the top module, one of {', '.join(candidates) or 'none'}")
    name = top or candidates[0]
    if name not in modules:
        raise ValueError(f"{path}: no module {name}, only {', '.join(modules)}")
    return _build(name, modules[name], library, f"{path}: {name}")


def _check_shape(module: dict[str, Any]) -> None:
    """TypeError, KeyError or AttributeError where a module is not built as yosys builds one."""
    entries = [*module["ports"].values(), *module["netnames"].values()]
    for cell in module["cells"].values():
        if not isinstance(cell["type"], str):
            raise TypeError(f"a cell's type must be text, not {cell['type']!r}")
        entries += [{"bits": bits} for bits in cell.get("connections", {}).values()]
    for entry in entries:
        for bit in entry["bits"]:
            if type(bit) not in (int, str):
                raise TypeError(f"a bit must be a number or a constant, not {bit!r}")


def _is_library(module: dict[str, Any]) -> bool:
    return any(
        key in module.get("attributes", {}) for key in ("blackbox", "whitebox", "liberty_cell")
    )


def _build(name: str, module: dict[str, Any], library: Library, where: str) -> Design:
    names = _net_names(module)
    nets: dict[int, list[tuple[int, int]]] = {}
    instances: list[str] = []
    master_of: list[int] = []
    masters: dict[str, int] = {}
    for instance, cell in sorted(module["cells"].items()):
        master = library.masters.get(cell["type"])
        if master is None:
            raise ValueError(f"{where}: cell {cell['type']} of {instance} has no LEF")
        number = {pin.name: k for k, pin in enumerate(master.signal_pins)}
        for pin, bits in _pin_bits(cell, number, where, instance):
            if isinstance(bits, str):
                if bits in "01" and pin in number:
                    raise ValueError(
                        f"{where}: {instance}/{pin} is tied to {bits}, not to a tie cell"
                    )
                continue
            nets.setdefault(bits, []).append((len(instances), number[pin]))
        instances.append(instance)
        master_of.append(masters.setdefault(master.name, len(masters)))
    ports: list[Port] = []
    for port, entry in module["ports"].items():
        for k, bit in enumerate(entry["bits"]):
            label = f"{port}[{k + entry.get('offset', 0)}]" if len(entry["bits"]) > 1 else port
            if isinstance(bit, str):
                raise ValueError(f"{where}: port {label} is the constant {bit}, not a net")
            nets.setdefault(bit, []).append((-1 - len(ports), 0))
            ports.append(Port(label, entry["direction"], bit))
    used = sorted(nets)
    index = {bit: k for k, bit in enumerate(used)}
    start = np.cumsum([0] + [len(nets[bit]) for bit in used])
    flat = [pin for bit in used for pin in nets[bit]]
    count = len(instances)
    design = Design(
        name=name,
        cell_library=library,
        masters=tuple(masters),
        instance_names=tuple(instances),
        master_of=np.array(master_of, np.int32),
        x=np.zeros(count, np.int32),
        y=np.zeros(count, np.int32),
        orient=np.zeros(count, np.int8),
        status=np.full(count, UNPLACED, np.int8),
        net_names=tuple(names[bit] for bit in used),
        pin_start=start.astype(np.int32),
        pin_instance=np.array([pin[0] for pin in flat], np.int32),
        pin_index=np.array([pin[1] for pin in flat], np.int32),
        ports=tuple(port._replace(net=index[port.net]) for port in ports),
    )
    _check(design, where)
    return design


def _pin_bits(
    cell: dict[str, Any], number: dict[str, int], where: str, instance: str
) -> list[tuple[str, Any]]:
    """(scalar pin, bit) pairs of a cell; buses of a macro become `pin[k]`."""
    result: list[tuple[str, Any]] = []
    for pin, bits in cell["connections"].items():
        for k, bit in enumerate(bits):
            label = pin if len(bits) == 1 and pin in number else f"{pin}[{k}]"
            if label not in number and not isinstance(bit, str):
                raise ValueError(
                    f"{where}: {instance} connects {label}, which {cell['type']} lacks"
                )
            result.append((label, bit))
    return result


def _net_names(module: dict[str, Any]) -> dict[int, str]:
    """The best name of each bit: a port's, else a user's, else a short generated one."""
    best: dict[int, tuple[int, int, str]] = {}
    for name, entry in module["netnames"].items():
        rank = 0 if name in module["ports"] else 2 if entry.get("hide_name") else 1
        for k, bit in enumerate(entry["bits"]):
            if isinstance(bit, str):
                continue
            label = f"{name}[{k + entry.get('offset', 0)}]" if len(entry["bits"]) > 1 else name
            best[bit] = min(best.get(bit, (9, 0, "")), (rank, len(label), label))
    result = {}
    for bit, (rank, _, label) in best.items():
        result[bit] = f"_n{bit}_" if rank == 2 else label
    return result


def _check(design: Design, where: str) -> None:
    """Every net has one driver, every input pin of a cell has a net."""
    masters = design.master_objects()
    connected = set()
    for net in range(design.nets):
        drivers = []
        for instance, index in design.net_pins(net):
            connected.add((instance, index))
            if instance < 0:
                drives = design.ports[-1 - instance].direction == "input"
            else:
                drives = (
                    masters[design.master_of[instance]].signal_pins[index].direction == "output"
                )
            if drives:
                drivers.append(design.pin_name(instance, index))
        if len(drivers) != 1:
            found = ", ".join(drivers[:3]) or "none"
            raise ValueError(f"{where}: net {design.net_names[net]} needs one driver, has {found}")
    for instance in range(design.instances):
        for index, pin in enumerate(masters[design.master_of[instance]].signal_pins):
            if pin.direction == "input" and (instance, index) not in connected:
                raise ValueError(f"{where}: input {design.pin_name(instance, index)} has no net")
