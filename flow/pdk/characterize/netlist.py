"""Transistor netlists: as data, read from SPICE, and compared device by device."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Device", "Netlist", "differences", "read_spice"]

_ALIASES = {
    "special_nfet_01v8": "nfet_01v8",
    "special_pfet_01v8_hvt": "pfet_01v8_hvt",
}


@dataclass(frozen=True)
class Device:
    """`fingers` equal MOS transistors in parallel.

    Members
    -------
    kind: `nfet_01v8` or `pfet_01v8_hvt`.
    width_nm, length_nm: of one finger.
    gate, drain, source, bulk: nets.
    drain_area_um2, source_area_um2, drain_rim_um, source_rim_um: junction of one finger.
    stress_um: distance from the gate to the end of the diffusion on its two sides.
    gate_ohm, drain_ohm, source_ohm: resistance between the net and all fingers together.
    """

    kind: str
    width_nm: int
    length_nm: int
    gate: str
    drain: str
    source: str
    bulk: str
    fingers: int = 1
    drain_area_um2: float = 0.0
    source_area_um2: float = 0.0
    drain_rim_um: float = 0.0
    source_rim_um: float = 0.0
    stress_um: tuple[float, float] = (0.0, 0.0)
    gate_ohm: float = 0.0
    drain_ohm: float = 0.0
    source_ohm: float = 0.0


@dataclass(frozen=True)
class Netlist:
    """A cell: ports, transistors and the capacitance between pairs of nets.

    Members
    -------
    capacitance_ff: (net, net), in alphabetical order -> fF.
    """

    name: str
    ports: tuple[str, ...]
    devices: tuple[Device, ...]
    capacitance_ff: dict[tuple[str, str], float] = field(default_factory=dict)

    @property
    def signals(self) -> tuple[str, ...]:
        return tuple(port for port in self.ports if port not in ("VPWR", "VGND", "VPB", "VNB"))


def read_spice(text: str, cell: str) -> Netlist:
    """The subcircuit `cell` of a SPICE file as the PDK writes it (`w=650000u` means 650 nm)."""
    found = re.search(rf"^\.subckt {cell} (.*?)^\.ends", text, re.MULTILINE | re.DOTALL | re.I)
    if found is None:
        raise ValueError(f"cell must be one of the library's, not {cell!r}")
    ports, *cards = re.sub(r"\n\+", " ", found[1]).strip().splitlines()
    devices = []
    for card in cards:
        if not card.startswith(("X", "x")):
            continue
        _, drain, gate, source, bulk, model, *parameters = card.split()
        kind = model.removeprefix("sky130_fd_pr__")
        value = dict(parameter.lower().split("=") for parameter in parameters)
        devices.append(
            Device(
                _ALIASES.get(kind, kind),
                _nanometres(value["w"]),
                _nanometres(value["l"]),
                gate,
                drain,
                source,
                bulk,
            )
        )
    return Netlist(cell, tuple(ports.split()), tuple(devices))


def _nanometres(text: str) -> int:
    return round(float(text.removesuffix("u")) / 1000)


def differences(ours: Netlist, reference: Netlist) -> list[str]:
    """Sentences that tell how two netlists differ; none when every finger of one has its like in
    the other: same kind, width, length and the same place in the circuit.

    Nets take their identity from the ports by colour refinement (as LVS tools do), so internal
    names do not matter.
    """
    if sorted(ours.ports) != sorted(reference.ports):
        return [f"ports are {sorted(ours.ports)}, not {sorted(reference.ports)}"]
    found, wanted = (_coloured(netlist) for netlist in (ours, reference))
    missing, extra = wanted - found, found - wanted
    return [f"missing: {count} x {_describe(key)}" for key, count in sorted(missing.items())] + [
        f"extra: {count} x {_describe(key)}" for key, count in sorted(extra.items())
    ]


def _describe(key: tuple) -> str:
    kind, width, length, *_ = key
    return f"{kind} w={width} nm l={length} nm in another place of the circuit"


def _coloured(netlist: Netlist) -> Counter:
    colours = refine(netlist)
    return Counter(
        {
            key: sum(count for _, count in group)
            for key, group in _grouped(
                (_signature(device, colours), device.fingers) for device in netlist.devices
            )
        }
    )


def _grouped(pairs):
    groups: dict = {}
    for key, count in pairs:
        groups.setdefault(key, []).append((key, count))
    return groups.items()


def refine(netlist: Netlist) -> dict[str, str]:
    """Net -> colour: a port has its name, an internal net the multiset of what touches it, refined
    until nothing changes."""
    nets = {net for device in netlist.devices for net in (device.gate, device.drain, device.source)}
    colours = {net: net if net in netlist.ports else "" for net in nets | set(netlist.ports)}
    for _ in range(len(nets)):
        touching: dict[str, list] = {net: [] for net in colours}
        for device in netlist.devices:
            kind = (device.kind, device.width_nm, device.length_nm)
            ends = sorted((colours[device.drain], colours[device.source]))
            for _ in range(device.fingers):
                touching[device.gate].append(repr((*kind, "gate", ends)))
                for end, other in (
                    (device.drain, device.source),
                    (device.source, device.drain),
                ):
                    touching[end].append(repr((*kind, colours[device.gate], colours[other])))
        fresh = {
            net: net if net in netlist.ports else _digest(colours[net], sorted(touching[net]))
            for net in colours
        }
        if len(set(fresh.values())) == len(set(colours.values())):
            return fresh
        colours = fresh
    return colours


def _signature(device: Device, colours: dict[str, str]) -> tuple:
    ends = sorted((colours[device.drain], colours[device.source]))
    return (
        device.kind,
        device.width_nm,
        device.length_nm,
        colours[device.gate],
        *ends,
        device.bulk,
    )


def _digest(*parts: object) -> str:
    import hashlib

    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
