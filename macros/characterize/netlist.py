"""The schematic netlist of a macro, flattened to its leaf cells.

A leaf is a subcircuit of transistors only (bit cell, NAND, flip-flop, ...). Nets are called by
their path from the top, `bank0.wl_0_5`; a net of several levels has its highest name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Leaf", "LeafType", "Macro", "Transistor", "read_macro"]

_DEVICE = "sky130_fd_pr__"


@dataclass(frozen=True)
class Transistor:
    """One transistor of a leaf: nets of drain, gate, source, bulk; total width in um; fingers."""

    name: str
    nets: tuple[str, str, str, str]
    model: str
    width_um: float
    length_um: float
    fingers: int


@dataclass(frozen=True)
class LeafType:
    """A subcircuit of transistors: its pins in order."""

    name: str
    pins: tuple[str, ...]
    transistors: tuple[Transistor, ...]


@dataclass(frozen=True)
class Leaf:
    """A placed leaf: path, type, and pin -> net."""

    path: str
    kind: LeafType
    nets: Mapping[str, str]


@dataclass(frozen=True)
class Macro:
    """A macro: its name, pins in order, and all its leaves."""

    name: str
    pins: tuple[str, ...]
    leaves: tuple[Leaf, ...]

    @property
    def transistors(self) -> int:
        return sum(len(leaf.kind.transistors) for leaf in self.leaves)


@dataclass(frozen=True)
class _Subcircuit:
    name: str
    pins: tuple[str, ...]
    instances: tuple[tuple[str, tuple[str, ...], str], ...]  # name, nets, subcircuit
    transistors: tuple[Transistor, ...]


def read_macro(netlist: Path, top: str) -> Macro:
    """Flatten the subcircuit `top` of a SPICE file of subcircuits."""
    known = _subcircuits(netlist.read_text())
    if top not in known:
        raise ValueError(f"{netlist.name} has no subcircuit {top!r}")
    pins = known[top].pins
    kinds = {
        name: LeafType(name, cell.pins, cell.transistors)
        for name, cell in known.items()
        if cell.transistors and not cell.instances
    }
    leaves = _leaves(known, kinds, top, "", {pin: pin for pin in pins})
    return Macro(top, pins, tuple(leaves))


def _leaves(
    known: Mapping[str, _Subcircuit],
    kinds: Mapping[str, LeafType],
    cell: str,
    path: str,
    outside: Mapping[str, str],
) -> Iterator[Leaf]:
    """Leaves below `cell`, whose pins have the nets `outside`."""
    for name, nets, kind in known[cell].instances:
        inside = tuple(outside.get(net, path + net) for net in nets)
        if kind not in known:
            raise ValueError(f"{cell} places {kind!r}, which the netlist does not define")
        nets_of = dict(zip(known[kind].pins, inside, strict=True))
        if kind in kinds:
            yield Leaf(path + name, kinds[kind], nets_of)
        else:
            yield from _leaves(known, kinds, kind, f"{path}{name}.", nets_of)


def _subcircuits(text: str) -> dict[str, _Subcircuit]:
    text = re.sub(r"^\*.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\n\+", " ", text)
    found = {}
    blocks = re.findall(r"^\.subckt (.*?)^\.ends", text, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    for block in blocks:
        head, *lines = (line.split() for line in block.splitlines() if line.strip())
        placed: list[tuple[str, tuple[str, ...], str]] = []
        transistors = []
        for words in lines:
            name = words[0][1:]
            nets = [word for word in words[1:] if "=" not in word]
            if nets[-1].startswith(_DEVICE):
                transistors.append(_transistor(name, nets, words))
            else:
                placed.append((name, tuple(nets[:-1]), nets[-1]))
        if placed and transistors:
            raise ValueError(f"subcircuit {head[0]} mixes transistors and subcircuits")
        found[head[0]] = _Subcircuit(head[0], tuple(head[1:]), tuple(placed), tuple(transistors))
    return found


def _transistor(name: str, nets: list[str], words: list[str]) -> Transistor:
    given = dict(word.lower().split("=") for word in words if "=" in word)
    fingers = int(given.get("m", "1"))
    drain, gate, source, bulk, model = nets
    return Transistor(
        name,
        (drain, gate, source, bulk),
        model.removeprefix(_DEVICE),
        float(given["w"].rstrip("u")) * fingers,
        float(given["l"].rstrip("u")),
        fingers,
    )
