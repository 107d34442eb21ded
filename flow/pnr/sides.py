"""Order of the pins around the die: LibreLane's pin order file.

A section `#N`, `#E`, `#S` or `#W` (with R: reversed) names a side; each line below it is a regular
expression, and the ports that match it whole follow in the order of their names and bits, from west
to east or from south to north.
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["read_sides"]

SIDES = {"N": "north", "E": "east", "S": "south", "W": "west"}


def read_sides(path: Path, ports: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Side -> its ports in order.

    Raises ValueError naming file and line for a statement that is not understood, an expression
    that matches no port that is left, and for ports that no expression matches.
    """
    order: dict[str, list[str]] = {side: [] for side in SIDES.values()}
    backwards: set[str] = set()
    side = ""
    left = sorted(ports, key=_by_bit)
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = line.strip()
        if not text:
            continue
        if head := re.fullmatch(r"#([NESW])(R?)", text):
            side = SIDES[head[1]]
            backwards |= {side} if head[2] else set()
            continue
        if not side or text[0] in "#@$":
            raise ValueError(f"{path}:{number}: expected #N, #E, #S, #W or a port, not {text!r}")
        try:
            found = [name for name in left if re.fullmatch(text, name)]
        except re.error as error:
            raise ValueError(f"{path}:{number}: {text!r} is no expression ({error})") from None
        if not found:
            raise ValueError(f"{path}:{number}: {text!r} matches no port that is left")
        left = [name for name in left if name not in found]
        order[side] += found
    if left:
        raise ValueError(f"{path} names no side for {len(left)} ports, the first is {left[0]}")
    return {s: tuple(reversed(names) if s in backwards else names) for s, names in order.items()}


def _by_bit(name: str) -> tuple[str, int]:
    bit = re.fullmatch(r"(.*)\[(\d+)\]", name)
    return (bit[1], int(bit[2])) if bit else (name, -1)
