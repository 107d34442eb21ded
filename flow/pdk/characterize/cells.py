"""Which cells are characterised, and what each sequential one does.

Combinational functions are read off the transistors; only clocked and three-state cells are
described here.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

__all__ = [
    "CELLS",
    "LIBRARY",
    "SEQUENTIAL",
    "WIDE",
    "Flop",
    "Gater",
    "Latch",
    "Tristate",
    "kind",
    "select",
]

LIBRARY = "sky130_fd_sc_hd"

_DRIVES = {
    "inv": "1 2 4 6 8 12 16",
    "buf": "1 2 4 6 8 12 16",
    "clkbuf": "1 2 4 8 16",
    "clkinv": "1 2 4 8 16",
    "clkdlybuf4s15": "1",
    "clkdlybuf4s18": "1",
    "clkdlybuf4s25": "1",
    "clkdlybuf4s50": "1",
    "dlygate4sd1": "1",
    "dlygate4sd2": "1",
    "dlygate4sd3": "1",
    "dlymetal6s2s": "1",
    "nand2": "1 2 4 8",
    "nand2b": "1 2",
    "nand3": "1 2 4",
    "nand3b": "1",
    "nand4": "1",
    "nand4b": "1",
    "nor2": "1 2 4 8",
    "nor2b": "1 2",
    "nor3": "1 2 4",
    "nor3b": "1",
    "nor4": "1",
    "nor4b": "1",
    "and2": "0 1 2 4",
    "and2b": "1 2",
    "and3": "1 2 4",
    "and3b": "1",
    "and4": "1",
    "and4b": "1",
    "or2": "0 1 2 4",
    "or2b": "1 2",
    "or3": "1 2 4",
    "or3b": "1",
    "or4": "1",
    "or4b": "1",
    "xor2": "1 2",
    "xnor2": "1 2",
    "a21o": "1 2",
    "a21oi": "1 2 4",
    "a21bo": "1",
    "a21boi": "0",
    "a22o": "1",
    "a22oi": "1",
    "a31o": "1",
    "a31oi": "1",
    "a32o": "1",
    "a211o": "1",
    "a211oi": "1",
    "a221o": "1",
    "o21a": "1 2",
    "o21ai": "1 2 4",
    "o21ba": "1",
    "o21bai": "1",
    "o22a": "1",
    "o22ai": "1",
    "o31a": "1",
    "o31ai": "1",
    "o211a": "1",
    "o211ai": "1",
    "mux2": "1 2 4",
    "mux2i": "1",
    "mux4": "1",
    "maj3": "1",
    "ha": "1",
    "fa": "1",
    "ebufn": "1 2 4 8",
    "dfxtp": "1 2 4",
    "dfrtp": "1 2 4",
    "dfstp": "1 2 4",
    "edfxtp": "1",
    "dlxtp": "1",
    "dlclkp": "1 2 4",
    "conb": "1",
    "diode": "2",
}
CELLS = tuple(
    f"{LIBRARY}__{family}_{drive}" for family, drives in _DRIVES.items() for drive in drives.split()
)
WIDE = tuple(f"{LIBRARY}__buf_{drive}" for drive in (8, 12, 16))
"""Cells that the released library characterises for slower inputs and heavier loads."""


@dataclass(frozen=True)
class Flop:
    """Rising-edge flip-flop: `next_state` in Liberty; `data` pins with, for each, what the other
    data pins must be to let it through; an asynchronous active-low `clear` or `preset` pin."""

    clock: str
    next_state: str
    data: dict[str, dict[str, bool]]
    clear: str = ""
    preset: str = ""
    output: str = "Q"


@dataclass(frozen=True)
class Latch:
    """Latch, transparent while `enable` is high."""

    enable: str
    data: str
    output: str = "Q"


@dataclass(frozen=True)
class Gater:
    """Clock gate: a latch, transparent while `clock` is low, and an AND."""

    clock: str
    enable: str
    output: str


@dataclass(frozen=True)
class Tristate:
    """Buffer that drives `output` while `disable` is low."""

    data: str
    disable: str
    output: str


SEQUENTIAL: dict[str, Flop | Latch | Gater | Tristate] = {
    "dfxtp": Flop("CLK", "D", {"D": {}}),
    "dfrtp": Flop("CLK", "D", {"D": {}}, clear="RESET_B"),
    "dfstp": Flop("CLK", "D", {"D": {}}, preset="SET_B"),
    "edfxtp": Flop("CLK", "(D&DE) | (IQ&!DE)", {"D": {"DE": True}}),
    "dlxtp": Latch("GATE", "D"),
    "dlclkp": Gater("CLK", "GATE", "GCLK"),
    "ebufn": Tristate("A", "TE_B", "Z"),
}


def kind(cell: str) -> str:
    """Family of a cell: `sky130_fd_sc_hd__nand2_1` -> `nand2`."""
    return cell.removeprefix(f"{LIBRARY}__").rpartition("_")[0]


def select(pattern: str) -> tuple[str, ...]:
    """Characterised cells whose name, with or without the library prefix, matches a glob."""
    chosen = tuple(
        cell
        for cell in CELLS
        if fnmatchcase(cell, pattern) or fnmatchcase(cell.removeprefix(f"{LIBRARY}__"), pattern)
    )
    if not chosen:
        raise ValueError(f"cells must match at least one characterised cell, not {pattern!r}")
    return chosen
