"""Read a powered gate-level netlist: one module of cells, as place and route writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flow.signoff.verdict import NoVerdict

__all__ = ["Gates", "read_gates"]

WORD = r"\\\S+|[A-Za-z_][\w$]*|\d*'?\w+|[][(){};:,.=]"
TOKEN = re.compile(rf"\s+|//[^\n]*|/\*.*?\*/|({WORD})", re.DOTALL)
CONSTANT = re.compile(r"\d+'[bdh]\w+")


@dataclass(frozen=True)
class Gates:
    """A flat netlist of cells.

    Members
    -------
    name : the module
    ports : port bit -> net
    cells : instance -> master
    pins : (instance, pin bit) -> net; pins left open are absent
    """

    name: str
    ports: dict[str, str]
    cells: dict[str, str]
    pins: dict[tuple[str, str], str]


def read_gates(path: Path, name: str | None = None) -> Gates:
    """The module `name` (the only one when None) of a structural Verilog file.

    Raises `NoVerdict` when the file is cut off, behavioural, or has no such module.
    """
    modules = {}
    try:
        tokens = _tokens(path.read_text())
        for token in tokens:
            if token == "module":
                module = _Module(next(tokens), tokens)
                modules[module.name] = module.gates()
    except (StopIteration, RuntimeError, ValueError, UnicodeDecodeError) as error:
        reason = str(error) or "it ends within a module"
        raise NoVerdict(f"{path.name} is no netlist of cells: {reason}") from None
    if name is None and len(modules) == 1:
        return next(iter(modules.values()))
    if name not in modules:
        raise NoVerdict(f"{path.name} has no module {name}; it has {sorted(modules)[:3]}")
    return modules[name]


def _tokens(text: str) -> Iterator[str]:
    """Words and signs without space and comments; escaped identifiers keep their backslash."""
    place = 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"{text[place]!r} is not expected")
        place = match.end()
        if match[1]:
            yield match[1]


class _Module:
    """Statements of one module, read until `endmodule`."""

    def __init__(self, name: str, tokens: Iterator[str]) -> None:
        self.name = _plain(name)
        self.tokens = tokens
        self.buses: dict[str, range] = {}
        self.ports: list[str] = []
        self.alias: dict[str, str] = {}
        self.cells: dict[str, str] = {}
        self.pins: dict[tuple[str, str], str] = {}
        self._until(";")  # names of the ports; their declarations follow
        for word in tokens:
            if word == "endmodule":
                return
            self._statement(word)
        raise StopIteration

    def gates(self) -> Gates:
        nets = {key: self._real(net) for key, net in self.pins.items()}
        return Gates(self.name, {p: self._real(p) for p in self.ports}, self.cells, nets)

    def _statement(self, word: str) -> None:
        if word in ("input", "output", "inout", "wire"):
            self._declare(word, self._until(";"))
        elif word == "assign":
            left, _, right = _split(self._until(";"), "=")
            pairs = zip(self._bits(left), self._bits(right), strict=True)
            self.alias |= {a: b for a, b in pairs if a is not None and b is not None}
        elif word.startswith("\\") or re.fullmatch(r"[A-Za-z_][\w$]*", word):
            self._instance(_plain(word), _plain(next(self.tokens)), self._until(";"))
        else:
            raise ValueError(f"{word!r} begins no statement of a netlist")

    def _declare(self, kind: str, words: list[str]) -> None:
        bits = None
        if words[0] == "[":
            bits = range(int(words[3]), int(words[1]) + 1)
            words = words[5:]
        for word in words:
            if word == ",":
                continue
            name = _plain(word)
            if bits is not None:
                self.buses[name] = bits
            if kind != "wire":
                self.ports += [name] if bits is None else [f"{name}[{bit}]" for bit in bits]

    def _instance(self, master: str, name: str, words: list[str]) -> None:
        if name in self.cells:
            raise ValueError(f"instance {name} is there twice")
        if not words or words[0] != "(" or words[-1] != ")":
            raise ValueError(f"{master} {name} is no instance")
        self.cells[name] = master
        place = 1
        while place < len(words) - 1:
            if words[place] == ",":
                place += 1
                continue
            if words[place] != "." or words[place + 2] != "(":
                raise ValueError(f"pins of {name} are not given by name")
            end = words.index(")", place)
            pin, value = _plain(words[place + 1]), words[place + 3 : end]
            bits = self._bits(value) if value else []
            bundle = len(bits) > 1 or value[:1] == ["{"]
            for index, net in enumerate(reversed(bits)):
                if net is not None:
                    self.pins[name, f"{pin}[{index}]" if bundle else pin] = net
            place = end + 1

    def _bits(self, words: list[str]) -> list[str | None]:
        """Nets of an expression, highest bit first; None for an open one."""
        if words[0] == "{":
            parts: list[list[str]] = [[]]
            for word in words[1:-1]:
                if word == ",":
                    parts.append([])
                else:
                    parts[-1].append(word)
            return [bit for part in parts for bit in self._bits(part)]
        if CONSTANT.fullmatch(words[0]):
            if not words[0].endswith("z"):
                raise ValueError(f"constant {words[0]} instead of a tie cell")
            return [None] * int(words[0].split("'")[0])
        name = _plain(words[0])
        if len(words) == 4:
            return [f"{name}[{words[2]}]"]
        if len(words) == 6:
            return [f"{name}[{bit}]" for bit in range(int(words[2]), int(words[4]) - 1, -1)]
        bits = self.buses.get(name) if not words[0].startswith("\\") else None
        return [name] if bits is None else [f"{name}[{bit}]" for bit in reversed(bits)]

    def _real(self, net: str) -> str:
        while net in self.alias:
            net = self.alias[net]
        return net

    def _until(self, end: str) -> list[str]:
        words: list[str] = []
        for word in self.tokens:
            if word == end:
                return words
            words.append(word)
        raise RuntimeError("it ends within a statement")


def _plain(identifier: str) -> str:
    return identifier.removeprefix("\\")


def _split(words: list[str], sign: str) -> tuple[list[str], str, list[str]]:
    place = words.index(sign)
    return words[:place], sign, words[place + 1 :]
