"""Where the instances of a DEF stand: enough of the format to draw a path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from flow.signoff.verdict import NoVerdict

__all__ = ["Places", "read_places"]

Places = dict[str, tuple[int, int]]
"""Instance or port -> centre in nm."""

DESIGN = re.compile(r"^DESIGN (\S+) ;", re.MULTILINE)
UNITS = re.compile(r"^UNITS DISTANCE MICRONS (\d+) ;", re.MULTILINE)
COMPONENT = re.compile(
    r"^\s*- (\S+) (\S+)\s[^;]*?\+ (?:PLACED|FIXED) \( (-?\d+) (-?\d+) \) (\w+)", re.MULTILINE
)
PORT = re.compile(r"^\s*- (\S+) \+ NET [^;]*?\+ (?:PLACED|FIXED) \( (-?\d+) (-?\d+) \)", re.M)
SIZE = re.compile(r"^MACRO (\S+)|^ +SIZE +([\d.]+) +BY +([\d.]+)", re.MULTILINE)


def read_places(path: Path, design: str, lefs: Sequence[Path] = ()) -> Places:
    """Centre of every placed instance (its corner where no LEF gives a size) and of every port.

    `NoVerdict` for a DEF of another design or without its end.
    """
    text = path.read_text(errors="replace")
    named = DESIGN.search(text)
    if named is None or named.group(1) != design:
        raise NoVerdict(f"{path} is of {named.group(1) if named else 'no design'}, not of {design}")
    if "END DESIGN" not in text[-200:]:
        raise NoVerdict(f"{path} is truncated: it does not end with END DESIGN")
    units = UNITS.search(text)
    scale = 1000 / int(units.group(1) if units else 1000)
    sizes = {name: size for lef in lefs for name, size in _sizes(lef)}
    places: Places = {}
    for name, master, x, y, orientation in COMPONENT.findall(_section(text, "COMPONENTS")):
        width, height = sizes.get(master, (0.0, 0.0))
        if orientation in ("E", "W", "FE", "FW"):
            width, height = height, width
        centre = int(x) * scale + width / 2, int(y) * scale + height / 2
        places[_plain(name)] = (round(centre[0]), round(centre[1]))
    for name, x, y in PORT.findall(_section(text, "PINS")):
        places[_plain(name)] = (round(int(x) * scale), round(int(y) * scale))
    return places


def _sizes(lef: Path) -> Iterator[tuple[str, tuple[float, float]]]:
    """Master and its width and height in nm."""
    master = ""
    for name, width, height in SIZE.findall(lef.read_text()):
        if name:
            master = name
        else:
            yield master, (float(width) * 1000, float(height) * 1000)


def _section(text: str, name: str) -> str:
    return text[text.find(f"\n{name} ") : text.find(f"\nEND {name}\n")]


def _plain(name: str) -> str:
    return name.replace("\\", "")
