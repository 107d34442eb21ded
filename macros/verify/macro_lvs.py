"""Layout against schematic for a whole macro.

`macros.verify.flat` extracts the transistors, `macros.verify.isomorphism` pairs them with the
schematic's: devices with model, width and length, all four terminals, all nets, and the pins by
name. Both supplies must be one piece of metal each.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import klayout.db as kdb

from macros.verify.extract import DEVICE_PREFIX
from macros.verify.flat import NOWHERE, Extraction, Transistor, extract_flat, joined
from macros.verify.isomorphism import Circuit, differences
from macros.verify.lvs import LvsResult, flatten, read_schematic
from macros.verify.supplies import pieces

__all__ = ["circuit_of", "compare_macro"]

SHOWN = 20
SPECIAL = {f"{DEVICE_PREFIX}special_{kind}" for kind in ("nfet_pass", "nfet_latch", "pfet_pass")}
"""Models of the foundry's bit cell; in a layout only the width tells pass from latch."""


def compare_macro(layout: kdb.Layout, top: kdb.Cell, schematic: Path) -> LvsResult:
    """Compare a macro with the subcircuit of its name, both expanded to transistors.

    Raises `ValueError` when the schematic has no such subcircuit.
    """
    reference = read_schematic(schematic)
    if reference.circuit_by_name(top.name) is None:
        raise ValueError(f"{schematic.name} has no subcircuit {top.name!r}")
    drawn = extract_flat(layout, top)
    faults = [*_pin_faults(drawn), *drawn.oddities[:SHOWN]]
    faults += [
        f"{net} is in {count} pieces of metal"
        for net, count in pieces(layout, top).items()
        if count != 1
    ]
    labels = {net: label for label, nets in drawn.pins.items() for net in nets if net != NOWHERE}
    faults += differences(
        Circuit(drawn.transistors, labels, {}), circuit_of(flatten(reference, top.name))
    )
    return LvsResult(tuple(faults), len(drawn.transistors), len(drawn.nets), drawn.stubs)


def _pin_faults(drawn: Extraction) -> list[str]:
    """Every label lies on one net, every net has one label."""
    faults = []
    owner: dict[int, str] = {}
    for name, nets in drawn.pins.items():
        if len(nets) != 1:
            faults.append(f"pin {name} is on {len(nets)} nets")
        for net in nets:
            if net == NOWHERE:
                faults.append(f"the label of pin {name} lies on no metal")
            elif net in owner:
                faults.append(f"pins {owner[net]} and {name} are shorted")
            owner[net] = name
    return faults


def circuit_of(flat: kdb.Circuit) -> Circuit:
    """A flat circuit of KLayout's, its parallel transistors joined."""
    nets: dict[int, dict[str, int]] = defaultdict(dict)  # of each device by terminal
    pins, names = {}, {}
    for number, net in enumerate(flat.each_net()):
        names[number] = net.expanded_name()
        for terminal in net.each_terminal():
            nets[terminal.device().id()][terminal.terminal_def().name] = number
        for pin in net.each_pin():
            pins[number] = pin.pin().name()
    found = []
    for device in flat.each_device():
        gate, source, drain, bulk = (nets[device.id()][name] for name in "GSDB")
        width, length = (round(device.parameter(name) * 1000) for name in "WL")
        model = device.device_class().name.lower()
        model = model.rpartition("_")[0] if model in SPECIAL else model
        found.append(Transistor(model, gate, (source, drain), bulk, length, width))
    return Circuit(joined(found), pins, names)
