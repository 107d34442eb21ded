"""Read the macros of a LEF file: size, class, pins, obstructions. Rectangles in nm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from flow.pnr.geometry import Rect

__all__ = ["Master", "Pin", "read_lef"]

SIGNAL_USES = ("signal", "clock", "analog")


@dataclass(eq=False)
class Pin:
    """A pin of a master: `shapes` are (layer, rectangle); antenna areas in um2. Equal only to
    itself."""

    name: str
    direction: str = "inout"
    use: str = "signal"
    shapes: list[tuple[str, Rect]] = field(default_factory=list)
    gate_area: float = 0.0
    diffusion_area: float = 0.0

    @property
    def is_signal(self) -> bool:
        return self.use in SIGNAL_USES


@dataclass(eq=False)
class Master:
    """A cell or macro; width and height in nm, origin at the lower left corner. Equal only to
    itself, so that what is found out about it can be kept."""

    name: str
    kind: str = "CORE"
    width: int = 0
    height: int = 0
    site: str = ""
    pins: dict[str, Pin] = field(default_factory=dict)
    obstructions: list[tuple[str, Rect]] = field(default_factory=list)

    @property
    def is_macro(self) -> bool:
        return self.kind.startswith("BLOCK")

    @cached_property
    def signal_pins(self) -> list[Pin]:
        """The pins that carry signals; not to be asked for before all pins are there."""
        return [pin for pin in self.pins.values() if pin.is_signal]


def read_lef(path: Path) -> dict[str, Master]:
    """Masters of a LEF file by name, in the order of the file.

    Raises ValueError naming the file and the macro when a macro has no SIZE or an unreadable shape.
    """
    masters: dict[str, Master] = {}
    statements = _statements(path)
    for words in statements:
        if words[0] == "MACRO":
            master = _read_macro(words[1], statements, path)
            masters[master.name] = master
    return masters


def _statements(path: Path) -> Iterator[list[str]]:
    """Statements of a LEF file as words; a block opener or END is a statement of its own."""
    for line in path.read_text().splitlines():
        text = line.split("#", 1)[0].strip()
        for part in text.split(" ;"):
            if words := part.rstrip(";").split():
                yield words


def _read_macro(name: str, statements: Iterator[list[str]], path: Path) -> Master:
    master = Master(name)
    for words in statements:
        match words[0]:
            case "END" if words[1:] == [name]:
                if not master.width or not master.height:
                    raise ValueError(f"{path}: macro {name} has no SIZE")
                return master
            case "CLASS":
                master.kind = " ".join(words[1:])
            case "SIZE":
                master.width, master.height = _nm(words[1]), _nm(words[3])
            case "SITE":
                master.site = words[1]
            case "ORIGIN" if any(float(value) for value in words[1:3]):
                raise ValueError(f"{path}: macro {name} has ORIGIN {words[1:3]}, not 0 0")
            case "PIN":
                master.pins[words[1]] = _read_pin(words[1], statements, f"{path}: macro {name}")
            case "OBS":
                master.obstructions = _read_shapes(statements, f"{path}: macro {name}: OBS")
    raise ValueError(f"{path}: macro {name} has no END")


def _read_pin(name: str, statements: Iterator[list[str]], where: str) -> Pin:
    pin = Pin(name)
    for words in statements:
        match words[0]:
            case "END" if words[1:] == [name]:
                return pin
            case "DIRECTION":
                pin.direction = words[1].lower()
            case "USE":
                pin.use = words[1].lower()
            case "ANTENNAGATEAREA":
                pin.gate_area = max(pin.gate_area, float(words[1]))
            case "ANTENNADIFFAREA":
                pin.diffusion_area = max(pin.diffusion_area, float(words[1]))
            case "PORT":
                pin.shapes += _read_shapes(statements, f"{where}: pin {name}")
    raise ValueError(f"{where}: pin {name} has no END")


def _read_shapes(statements: Iterator[list[str]], where: str) -> list[tuple[str, Rect]]:
    shapes: list[tuple[str, Rect]] = []
    layer = ""
    for words in statements:
        match words[0]:
            case "END":
                return shapes
            case "LAYER":
                layer = words[1]
            case "RECT":
                x0, y0, x1, y1 = (_nm(word) for word in words[-4:])
                shapes.append((layer, (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))))
            case "POLYGON" | "PATH" | "VIA":
                raise ValueError(f"{where}: {words[0]} is not supported, only RECT")
    raise ValueError(f"{where}: shapes have no END")


def _nm(word: str) -> int:
    return round(float(word) * 1000)
