"""Read back a DEF that `def_writer` wrote, so that any stage can start from disk."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from flow.pnr.cell_library import Library
from flow.pnr.def_writer import CORE_SIDES
from flow.pnr.design import FIXED, PLACED, UNPLACED, Design, Port, Routes, Row, Supply
from flow.pnr.geometry import ORIENTATIONS, Rect
from flow.pnr.rules import LAYERS, VIAS

__all__ = ["read_def"]

BELOW = {"li1": 0, **{name: k + 1 for k, name in enumerate(LAYERS)}}
VIA_NUMBER = {via.name: k for k, via in enumerate(VIAS)}
STATUS = {"FIXED": FIXED, "PLACED": PLACED}
KINDS = {"FOLLOWPIN": "rail", "STRIPE": "strap"}


def read_def(path: Path, library: Library) -> Design:
    """The design in a DEF file.

    Raises ValueError naming file and statement for a master without LEF or an unknown pin; wiring
    of other writers (bends, other vias, VIRTUAL) is refused likewise.
    """
    reader = _Reader(path, library)
    try:
        return reader.read()
    except (IndexError, KeyError) as error:
        raise ValueError(
            f"{path}: cannot understand {' '.join(reader.last)[:80]!r} ({error})"
        ) from None


def unescaped(name: str) -> str:
    return name.replace("\\", "")


class _Reader:
    """Statements of one file, section by section."""

    def __init__(self, path: Path, library: Library) -> None:
        self.path, self.cell_library = path, library
        self.last: list[str] = []
        self.values: dict[str, Any] = {"rows": [], "supplies": [], "ports": []}
        self.components: list[tuple[str, str, int, int, int, int]] = []
        self.port_nets: list[str] = []
        self.net_names: list[str] = []
        self.pins: list[list[tuple[str, str]]] = []
        self.wires: list[tuple[int, ...]] = []
        self.vias: list[tuple[int, ...]] = []
        self.patches: list[tuple[int, ...]] = []

    def read(self) -> Design:
        statements = self._statements()
        for words in statements:
            match words[0]:
                case "DESIGN":
                    self.values["name"] = words[1]
                case "DIEAREA":
                    self.values["die"] = _rect(words)
                case "ROW":
                    x, y, sites = int(words[3]), int(words[4]), int(words[7])
                    self.values["rows"].append(Row(x, y, sites, ORIENTATIONS.index(words[5])))
                case "PROPERTYDEFINITIONS":
                    self.values["core"] = _core(itertools.chain([words[1:]], statements))
                case "VIAS" | "NONDEFAULTRULES" | "COMPONENTS" | "PINS" | "SPECIALNETS" | "NETS":
                    for item in statements:
                        if item[0] == "END":
                            break
                        getattr(self, f"_{words[0].lower()}", lambda _: None)(item[1:])
        return self._design()

    def _statements(self) -> Iterator[list[str]]:
        """Statements up to each semicolon; END lines have none."""
        words: list[str] = []
        for line in self.path.read_text().splitlines():
            parts = line.split()
            if not words and parts[:1] == ["END"]:
                self.last = parts
                yield parts
                continue
            for word in parts:
                if word == ";":
                    self.last = words
                    yield words
                    words = []
                else:
                    words.append(word)

    def _components(self, words: list[str]) -> None:
        name, master = unescaped(words[0]), words[1]
        if master not in self.cell_library.masters:
            raise ValueError(f"{self.path}: cell {master} of {name} has no LEF")
        if len(words) > 2:
            status, x, y, orient = words[3], int(words[5]), int(words[6]), words[8]
            place = (x, y, ORIENTATIONS.index(orient), STATUS[status])
        else:
            place = (0, 0, 0, UNPLACED)
        self.components.append((name, master, *place))

    def _pins(self, words: list[str]) -> None:
        if "SPECIAL" in words:
            return
        layer, rect = None, None
        if "LAYER" in words:
            at = words.index("LAYER")
            layer = LAYERS.index(words[at + 1])
            x0, y0, x1, y1 = _rect(words[at + 2 :])
            fixed = words.index("FIXED")
            cx, cy = int(words[fixed + 2]), int(words[fixed + 3])
            rect = (x0 + cx, y0 + cy, x1 + cx, y1 + cy)
        self.port_nets.append(unescaped(words[words.index("NET") + 1]))
        direction = words[words.index("DIRECTION") + 1].lower()
        self.values["ports"].append(Port(words[0], direction, -1, layer, rect))

    def _specialnets(self, words: list[str]) -> None:
        for segment in _routing(words):
            layer, width = LAYERS.index(segment[0]), int(segment[1])
            points = _point_list(segment)
            if len(points) == 1:
                size = re.fullmatch(r"power_\w+_(\d+)x(\d+)", segment[-1])
                if size is None:
                    raise ValueError(f"{self.path}: via {segment[-1]} of {words[0]} is not known")
                half = int(size[1]) // 2, int(size[2]) // 2
                (x, y) = points[0]
                rect = (x - half[0], y - half[1], x + half[0], y + half[1])
                self.values["supplies"].append(Supply(words[0], "via", layer + 1, rect))
                continue
            (x0, y0), (x1, y1) = points
            dx, dy = (0, width // 2) if y0 == y1 else (width // 2, 0)
            kind = KINDS[segment[segment.index("SHAPE") + 1]]
            rect = (x0 - dx, y0 - dy, x1 + dx, y1 + dy)
            self.values["supplies"].append(Supply(words[0], kind, layer, rect))

    def _nets(self, words: list[str]) -> None:
        net = len(self.net_names)
        self.net_names.append(unescaped(words[0]))
        plus = words.index("+")
        self.pins.append([(words[k + 1], words[k + 2]) for k in range(1, plus, 4)])
        for segment in _routing(words):
            points = _point_list(segment)
            if "RECT" in segment:
                at = segment.index("RECT")
                dx0, dy0, dx1, dy1 = (int(word) for word in segment[at + 2 : at + 6])
                x, y = points[0]
                layer = LAYERS.index(segment[0])
                self.patches.append((net, layer, x + dx0, y + dy0, x + dx1, y + dy1))
            elif len(points) == 1:
                self.vias.append((net, VIA_NUMBER[segment[-1]], *points[0]))
            else:
                self.wires.append((net, LAYERS.index(segment[0]), *points[0], *points[1]))

    def _design(self) -> Design:
        index = {component[0]: k for k, component in enumerate(self.components)}
        port_index = {port.name: k for k, port in enumerate(self.values["ports"])}
        net_index = {name: k for k, name in enumerate(self.net_names)}
        masters = list(dict.fromkeys(component[1] for component in self.components))
        number = {name: k for k, name in enumerate(masters)}
        positions = {
            name: {pin.name: k for k, pin in enumerate(self.cell_library.masters[name].signal_pins)}
            for name in masters
        }
        instances, indices = [], []
        for pins in self.pins:
            for instance, pin in pins:
                if instance == "PIN":
                    instances.append(-1 - port_index[pin])
                    indices.append(0)
                else:
                    k = index[unescaped(instance)]
                    instances.append(k)
                    indices.append(positions[self.components[k][1]][pin])
        columns = list(zip(*self.components, strict=True)) or [()] * 6
        rows = tuple(self.values["rows"])
        return Design(
            name=self.values["name"],
            cell_library=self.cell_library,
            masters=tuple(masters),
            instance_names=tuple(columns[0]),
            master_of=np.array([number[name] for name in columns[1]], np.int32),
            x=np.array(columns[2], np.int32),
            y=np.array(columns[3], np.int32),
            orient=np.array(columns[4], np.int8),
            status=np.array(columns[5], np.int8),
            net_names=tuple(self.net_names),
            pin_start=np.cumsum([0, *(len(pins) for pins in self.pins)]).astype(np.int32),
            pin_instance=np.array(instances, np.int32),
            pin_index=np.array(indices, np.int32),
            ports=tuple(
                port._replace(net=net_index[net])
                for port, net in zip(self.values["ports"], self.port_nets, strict=True)
            ),
            die=self.values["die"],
            core=self.values["core"],
            rows=rows,
            supplies=tuple(self.values["supplies"]),
            routes=Routes(_table(self.wires, 6), _table(self.vias, 4), _table(self.patches, 6)),
        )


def _table(rows: list[tuple[int, ...]], width: int) -> np.ndarray:
    return np.array(rows, np.int32).reshape(-1, width)


def _core(statements: Iterator[list[str]]) -> Rect:
    """The core among the properties, up to their end."""
    found = {}
    for words in itertools.takewhile(lambda words: words[0] != "END", statements):
        found[words[1]] = round(float(words[3]) * 1000)
    x0, y0, x1, y1 = (found[side] for side in CORE_SIDES)
    return x0, y0, x1, y1


def _routing(words: list[str]) -> list[list[str]]:
    """Wiring statements of a net, each from its layer on."""
    if "ROUTED" not in words:
        return []
    segments: list[list[str]] = []
    for word in ["NEW", *words[words.index("ROUTED") + 1 :]]:
        if word == "NEW":
            segments.append([])
        else:
            segments[-1].append(word)
    return segments


def _point_list(words: list[str]) -> list[tuple[int, int]]:
    """Points `( x y )` of a wiring statement; the four numbers of a RECT are none."""
    return [
        (int(words[k + 1]), int(words[k + 2]))
        for k in range(len(words) - 3)
        if words[k] == "(" and words[k + 3] == ")" and words[k - 1] != "RECT"
    ]


def _rect(words: list[str]) -> Rect:
    """The first two points of a statement as a rectangle."""
    (x0, y0), (x1, y1) = _point_list(words)[:2]
    return x0, y0, x1, y1
