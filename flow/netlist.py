"""What a gate-level Verilog netlist of Yosys instantiates."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

__all__ = ["histogram", "instances"]

INSTANCE = re.compile(r"^  (\w+) (\\\S+|\w+) +\($", re.MULTILINE)
DECLARATION = {"module", "input", "output", "inout", "wire", "assign", "reg", "always"}


def instances(netlist: Path) -> dict[str, str]:
    """Instance -> master of a flat structural netlist; escaped names without their backslash."""
    pairs = INSTANCE.findall(netlist.read_text())
    return {name.lstrip("\\"): master for master, name in pairs if master not in DECLARATION}


def histogram(netlist: Path) -> dict[str, int]:
    """Master -> number of its instances, sorted by name."""
    return dict(sorted(Counter(instances(netlist).values()).items()))
