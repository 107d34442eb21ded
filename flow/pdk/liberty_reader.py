"""A parser of the Liberty format, independent of Yosys' and OpenSTA's.

    library = read(path)
    for cell in library.groups("cell"):
        print(cell.name, cell.number("area"))
        for pin in cell.groups("pin"):
            print(pin.name, pin.text("function"))

Grammar (Synopsys Liberty user guide): a group is `kind (arguments) { statements }`; a statement is
a group, `name : value ;` or `name (arguments) ;`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Group", "parse", "read"]

TOKEN = re.compile(
    r"""\s+ | /\*.*?\*/ | //[^\n]* | \\\n
      | "((?:[^"\\]|\\.)*)"
      | ([(){};:,])
      | ([^\s(){};:,"]+)""",
    re.VERBOSE | re.DOTALL,
)
NUMBERS = re.compile(r"[\s,\\]+")


@dataclass
class Group:
    """One group: its kind (`cell`), arguments, simple attributes, complex attributes, subgroups."""

    kind: str
    arguments: list[str]
    simple: dict[str, str] = field(default_factory=dict)
    complex: dict[str, list[str]] = field(default_factory=dict)
    children: list[Group] = field(default_factory=list)

    @property
    def name(self) -> str:
        """First argument, `""` where there is none."""
        return self.arguments[0] if self.arguments else ""

    def groups(self, kind: str) -> Iterator[Group]:
        """Subgroups of a kind, in order."""
        return (child for child in self.children if child.kind == kind)

    def text(self, attribute: str, default: str = "") -> str:
        """Value of a simple attribute."""
        return self.simple.get(attribute, default)

    def number(self, attribute: str) -> float:
        """Value of a simple attribute that must be there and a number."""
        value = self.simple.get(attribute)
        try:
            return float(value or "")
        except ValueError:
            raise ValueError(
                f"{self.kind} {self.name}: {attribute} is {value!r}, no number"
            ) from None

    def numbers(self, attribute: str) -> list[list[float]]:
        """Rows of a complex attribute: `values ("1, 2", "3, 4")` -> [[1, 2], [3, 4]]."""
        rows = self.complex.get(attribute, [])
        return [[float(number) for number in NUMBERS.split(row.strip()) if number] for row in rows]


def read(path: Path) -> Group:
    """The library group of a file; `ValueError` names file, line and what is wrong."""
    try:
        return parse(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


def parse(text: str) -> Group:
    """The one top-level group of a Liberty text."""
    tokens = _Tokens(text)
    kind = tokens.word()
    library = _group(tokens, kind, _arguments(tokens))
    if tokens.peek():
        raise tokens.error("the library has ended", tokens.peek())
    return library


class _Tokens:
    """Token stream: punctuation as it is, words and strings marked by their first character."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._next: str | None = None

    def peek(self) -> str:
        """Next token without taking it, `""` at the end; a word or string starts with a space."""
        if self._next is None:
            self._next = self._scan()
        return self._next

    def take(self, expected: str = "") -> str:
        """Next token, which must be `expected` when that is given."""
        token = self.peek()
        if expected and token != expected:
            raise self.error(f"{expected!r} is missing", token)
        self._next = None
        return token

    def word(self) -> str:
        """Next token, which must be a word or a string."""
        token = self.take()
        if not token.startswith(" "):
            raise self.error("a name or value is missing", token)
        return token[1:]

    def error(self, what: str, token: str) -> ValueError:
        line = self._text.count("\n", 0, self._place) + 1
        return ValueError(f"line {line}: {what} before {token.strip()[:40] or 'the end'!r}")

    def _scan(self) -> str:
        while self._place < len(self._text):
            found = TOKEN.match(self._text, self._place)
            if found is None:
                raise self.error("a quote is not closed", self._text[self._place :])
            self._place = found.end()
            quoted, mark, word = found.groups()
            if mark:
                return mark
            if quoted is not None or word:
                return " " + (word or quoted)
        return ""


def _group(tokens: _Tokens, kind: str, arguments: list[str]) -> Group:
    group = Group(kind, arguments)
    tokens.take("{")
    while tokens.peek() != "}":
        if tokens.peek() == ";":
            tokens.take()
            continue
        _statement(tokens, group)
    tokens.take("}")
    return group


def _statement(tokens: _Tokens, group: Group) -> None:
    name = tokens.word()
    if tokens.peek() == ":":
        tokens.take()
        group.simple[name] = tokens.word()
        tokens.take(";")
        return
    arguments = _arguments(tokens)
    if tokens.peek() == "{":
        group.children.append(_group(tokens, name, arguments))
    else:
        group.complex[name] = arguments


def _arguments(tokens: _Tokens) -> list[str]:
    tokens.take("(")
    arguments = []
    while tokens.peek() != ")":
        if tokens.peek() == ",":
            tokens.take()
        else:
            arguments.append(tokens.word())
    tokens.take(")")
    return arguments
