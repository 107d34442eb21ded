"""Does a SPEF belong to a netlist, and which nets has it?"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from flow import netlist as netlists
from flow.signoff.verdict import NoVerdict

__all__ = ["unannotated"]

DESIGN = re.compile(r'^\*DESIGN\s+"([^"]*)"', re.MULTILINE)
MAPPED = re.compile(r"^\*(\d+)\s+(\S+)\s*$", re.MULTILINE)
NET = re.compile(r"^\*D_NET\s+(\S+)\s+(\S+)", re.MULTILINE)
PIN = re.compile(r"^\*I\s+(\S+):(\S+)\s", re.MULTILINE)


def unannotated(spef: Path, netlist: Path, design: str) -> list[str]:
    """Nets of the netlist with two pins or more that the SPEF gives no capacitance.

    `NoVerdict` when the file is truncated, of another design, or of another layout of it: then it
    names an instance, a pin or a net that the netlist has not.
    """
    text = spef.read_text(errors="replace")
    named = DESIGN.search(text)
    if named is None or named.group(1) != design:
        found = named.group(1) if named else "no design"
        raise NoVerdict(f"{spef} is of {found}, not of {design}")
    if text.rstrip().rsplit("\n", 1)[-1].strip() != "*END":
        raise NoVerdict(f"{spef} is truncated: it does not end with *END")
    names = dict(MAPPED.findall(text[: _first_net(text)])) if "*NAME_MAP" in text else {}
    cells = list(netlists.cells(netlist))
    pins = {f"{cell.name}:{pin}" for cell in cells for pin in cell.pins}
    for instance, pin in PIN.findall(text):
        if (label := f"{_plain(instance, names)}:{_plain(pin, names)}") not in pins:
            raise NoVerdict(f"{spef} is of another layout: the netlist has no pin {label}")
    uses = Counter(net for cell in cells for net in cell.pins.values())
    annotated = {_plain(net, names): float(farad) for net, farad in NET.findall(text)}
    return sorted(net for net, count in uses.items() if count > 1 and not annotated.get(net))


def _first_net(text: str) -> int:
    found = NET.search(text)
    return found.start() if found else len(text)


def _plain(name: str, names: dict[str, str]) -> str:
    """A name without escapes, looked up in the file's name map."""
    return (
        names.get(name[1:], name).replace("\\", "") if name[:1] == "*" else name.replace("\\", "")
    )
