"""What a flat gate-level Verilog netlist holds: Yosys writes one pin a line, our place and route
one instance a line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["Cell", "cells", "histogram", "instances"]

NAME = r"\\\S+(?=\s)|[\w$]+"
INSTANCE = re.compile(rf"^  (\w+) ({NAME}) *\(", re.MULTILINE)
DECLARATION = {"module", "input", "output", "inout", "wire", "assign", "reg", "always"}
PIN = re.compile(rf"\.({NAME})\s*\(([^()]*)\)")
RANGE = re.compile(
    rf"^\s*(?:input|output|inout|wire)\s+(?:wire\s+)?\[(\d+):(\d+)\]\s*({NAME})\s*[;,)\n]", re.M
)
SLICE = re.compile(rf"({NAME})\s*(?:\[(\d+)(?::(\d+))?\])?\s*(?:,|$)")


class Cell(NamedTuple):
    """An instance: `pins` maps pin, with its index if it has several bits, to net; names are
    without the backslash of Verilog, a bit of a bus is `bus[3]`."""

    name: str
    master: str
    pins: dict[str, str]


def instances(netlist: Path) -> dict[str, str]:
    """Instance -> master; escaped names without their backslash."""
    pairs = INSTANCE.findall(netlist.read_text())
    return {name.lstrip("\\"): master for master, name in pairs if master not in DECLARATION}


def histogram(netlist: Path) -> dict[str, int]:
    """Master -> number of its instances, sorted by name."""
    return dict(sorted(Counter(instances(netlist).values()).items()))


def cells(netlist: Path) -> Iterator[Cell]:
    """Every instance with the nets at its pins, in the order of the file."""
    text = netlist.read_text()
    ranges = {name.lstrip("\\"): (int(a), int(b)) for a, b, name in RANGE.findall(text)}
    for found in INSTANCE.finditer(text):
        master, name = found.groups()
        if master in DECLARATION:
            continue
        pins: dict[str, str] = {}
        for pin, nets in PIN.findall(text, found.end(), text.index(";", found.end())):
            pin, bits = pin.lstrip("\\"), _bits(nets, ranges)
            if len(bits) == 1 and not nets.lstrip().startswith("{"):
                pins[pin] = bits[0]
            else:
                top = len(bits) - 1
                pins |= {f"{pin}[{top - place}]": net for place, net in enumerate(bits)}
        yield Cell(name.lstrip("\\"), master, pins)


def _bits(nets: str, ranges: dict[str, tuple[int, int]]) -> list[str]:
    """The nets of a connection from the leftmost on; none for an open pin."""
    found: list[str] = []
    for raw, first, last in SLICE.findall(nets.strip().strip("{}") + " "):
        name = raw.lstrip("\\")
        if first and last:
            found += (f"{name}[{bit}]" for bit in _span(int(first), int(last)))
        elif first:
            found.append(f"{name}[{first}]")
        elif name in ranges:
            found += (f"{name}[{bit}]" for bit in _span(*ranges[name]))
        else:
            found.append(name)
    return found


def _span(first: int, last: int) -> range:
    return range(first, last - 1, -1) if first >= last else range(first, last + 1)
