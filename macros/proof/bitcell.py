"""Margins of the bit cell by ngspice, with the PDK's own corner models and mismatch.

Each half of the cell is swept on its own, loop broken; two transfer curves make a butterfly:
    read SNM      word line and bit lines at the supply
    hold SNM      word line at 0
    write margin  the voltage at which a falling bit line flips the cell, word line at the supply
A static noise margin is the side of the largest square in the smaller eye (Seevinck, 1987).

Under mismatch (macros.proof.mismatch) every transistor draws its own parameters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from macros.proof.mismatch import LENGTH_UM, MISMATCHED, model_text, moved, parameter, sigmas
from macros.spice import simulate
from macros.technology.bitcell import ACCESS_WIDTH, PULL_DOWN_WIDTH, PULL_UP_WIDTH

__all__ = ["CORNERS", "MODES", "Corner", "Margins", "margins", "mismatch_margins", "read_current"]

STEPS = 150
MODES = ("read", "hold")
BELOW_GROUND = 0.4  # V, how far the write sweep goes on, so that a failing cell has a margin too
_TRANSISTOR = {
    # width in um, kind, drain gate source bulk; out is the swept half's node, in its input
    "pull_down": (PULL_DOWN_WIDTH / 1000, "nfet_01v8", "out in 0 0"),
    "access": (ACCESS_WIDTH / 1000, "nfet_01v8", "bl wl out 0"),
    "pull_up": (PULL_UP_WIDTH / 1000, "pfet_01v8_hvt", "out in vdd vdd"),
}
_Half = dict[tuple[str, str], float]  # (transistor, parameter) -> deviation


@dataclass(frozen=True)
class Corner:
    """Process (of macros.spice.PROCESSES), supply in V and temperature in degrees Celsius."""

    process: str
    volts: float
    celsius: float

    def __str__(self) -> str:
        return f"{self.process} {self.volts:.2f} V {self.celsius:g} C"


CORNERS = tuple(
    Corner(process, volts, celsius)
    for process in ("tt", "ss", "ff", "sf", "fs")
    for volts in (1.60, 1.80, 1.95)
    for celsius in (-40, 25, 100)
)


@dataclass(frozen=True)
class Margins:
    """Static margins in V."""

    read: float
    hold: float
    write: float


def margins(pdk: Path, corner: Corner) -> Margins:
    """Margins of the nominal cell."""
    return _margins(pdk, corner, [({}, {})])[0]


def mismatch_margins(pdk: Path, corner: Corner, samples: int, seed: int = 1) -> list[Margins]:
    """Margins of `samples` cells whose six transistors differ."""
    source = np.random.default_rng(seed)
    sigma = _sigmas(pdk)

    def half() -> _Half:
        return {key: float(source.normal(0.0, value)) for key, value in sigma.items()}

    return _margins(pdk, corner, [(half(), half()) for _ in range(samples)])


def _margins(pdk: Path, corner: Corner, cells: Sequence[tuple[_Half, _Half]]) -> list[Margins]:
    halves = [half for cell in cells for half in cell]
    curves = _transfer_curves(pdk, corner, halves)
    flips = _flip_voltages(pdk, corner, cells)
    return [
        Margins(
            read=noise_margin(*curves["read"][2 * k : 2 * k + 2]),
            hold=noise_margin(*curves["hold"][2 * k : 2 * k + 2]),
            write=flip,
        )
        for k, flip in enumerate(flips)
    ]


def read_current(pdk: Path, corner: Corner) -> float:
    """Current in A that the cell draws from a bit line at the supply while it is read."""
    volts = {"bl": corner.volts, "wl": corner.volts, "in": corner.volts}
    deck = _deck(pdk, corner, {"": ("out", "in", "bl")}, volts)
    text = simulate(
        f"{deck}\n.control\nop\nlet current = -i(vbl)\nprint current\nquit 0\n.endc\n.end\n"
    )
    match = re.search(r"^current = (\S+)", text, re.MULTILINE)
    if match is None:
        raise RuntimeError("ngspice printed no read current")
    return float(match[1])


def noise_margin(first: np.ndarray, second: np.ndarray) -> float:
    """Side in V of the largest square in the smaller eye of a butterfly.

    `first` and `second` are transfer curves, arrays [points, 2] of (input, output); the second is
    drawn with its axes exchanged. Negative when an eye is closed.
    """
    gap = _eye_openings(first, second)
    return float(min(gap.max(), -gap.min()) / np.sqrt(2))


def _eye_openings(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Distance of the curves along the diagonal, over the axis across it."""
    across_1, along_1 = first[:, 0] - first[:, 1], first[:, 0] + first[:, 1]
    across_2, along_2 = second[:, 1] - second[:, 0], second[:, 0] + second[:, 1]
    one, two = np.argsort(across_1), np.argsort(across_2)
    axis = np.linspace(
        max(across_1.min(), across_2.min()), min(across_1.max(), across_2.max()), 2001
    )
    upper = np.interp(axis, across_1[one], along_1[one])
    lower = np.interp(axis, across_2[two], along_2[two])
    return (upper - lower) / np.sqrt(2)


def _transfer_curves(
    pdk: Path, corner: Corner, halves: Sequence[_Half]
) -> dict[str, list[np.ndarray]]:
    """Transfer curve of every half in every mode, arrays [points, 2]; one run for all."""
    deck = _deck(pdk, corner, {"": ("out", "in", "bl")}, {"bl": corner.volts, "wl": 0.0, "in": 0.0})
    runs = []
    for half in halves:
        changes = _changes(pdk, corner, "", half)
        for mode in MODES:
            word = corner.volts if mode == "read" else 0.0
            sweep = f"dc vin 0 {corner.volts} {corner.volts / STEPS:.9g}"
            runs.append(([*changes, f"alter vwl = {word}", sweep], "v(out)"))
    tables = _tables(deck, runs)
    return {mode: tables[k :: len(MODES)] for k, mode in enumerate(MODES)}


def _flip_voltages(pdk: Path, corner: Corner, cells: Sequence[tuple[_Half, _Half]]) -> list[float]:
    """Bit line voltage in V at which each cell flips, the lower of its two sides."""
    high = corner.volts
    sides = {"a": ("q", "qb", "bl"), "b": ("qb", "q", "br")}
    deck = _deck(pdk, corner, sides, {"bl": high, "br": high, "wl": high})
    deck += f"\n.nodeset v(q)={high} v(qb)=0"
    sweep = f"dc vbl {high} {-BELOW_GROUND} {-high / STEPS:.9g}"
    runs = []
    for one, other in cells:
        for left, right in ((one, other), (other, one)):
            changes = [*_changes(pdk, corner, "a", left), *_changes(pdk, corner, "b", right)]
            runs.append(([*changes, sweep], "v(q)-v(qb)"))
    flips = []
    for table in _tables(deck, runs):
        if table[0, 1] < high / 4:
            raise RuntimeError(f"the bit cell did not hold a 1 while it was read at {corner}")
        turned = np.nonzero(table[:, 1] < 0)[0]
        flips.append(float(table[turned[0], 0]) if len(turned) else -BELOW_GROUND)
    return [min(pair) for pair in zip(flips[0::2], flips[1::2], strict=True)]


def _tables(deck: str, runs: Sequence[tuple[Sequence[str], str]]) -> list[np.ndarray]:
    """Result of each run, (commands, expression), as an array [points, 2] over the sweep."""
    script = ["set wr_singlescale"]
    names: list[str] = []
    for commands, expression in runs:
        names.append(f"table_{len(names)}.txt")
        script += [*commands, f"let wanted = {expression}", f"wrdata {names[-1]} wanted"]
        script += ["echo end >> " + names[-1], "destroy all"]
    control = "\n".join([*script, "quit 0"])
    text = simulate(f"{deck}\n.control\n{control}\n.endc\n.end\n", files=tuple(names))
    found: list[list[list[float]]] = [[]]
    for line in text.splitlines():
        words = line.split()
        if words == ["end"]:
            found.append([])
        elif len(words) == 2 and re.fullmatch(r"[-+.\deE]+", words[0] + words[1]):
            found[-1].append([float(words[0]), float(words[1])])
    tables = [np.array(rows) for rows in found if rows]
    if len(tables) != len(names):
        raise RuntimeError(f"ngspice wrote {len(tables)} of {len(names)} curves")
    return tables


def _deck(
    pdk: Path,
    corner: Corner,
    sides: dict[str, tuple[str, str, str]],
    sources: dict[str, float],
) -> str:
    """Halves of a cell, name -> (output, input, bit line), each transistor with its own model."""
    lines = ["* bit cell", ".option scale=1.0u", f".temp {corner.celsius}"]
    for side, (out, inp, bit) in sides.items():
        for part, (width, device, nodes) in _TRANSISTOR.items():
            body = model_text(pdk, corner.process, device, width)
            wires = " ".join({"out": out, "in": inp, "bl": bit}.get(n, n) for n in nodes.split())
            lines += [
                f".model {part}{side} {body}",
                f"m{part}{side} {wires} {part}{side} w={width} l={LENGTH_UM} "
                f"ad={width * 0.285:.4f} as={width * 0.285:.4f} "
                f"pd={2 * width + 0.57:.3f} ps={2 * width + 0.57:.3f}",
            ]
    sources = {"vdd": corner.volts, **sources}
    return "\n".join([*lines, *(f"v{name} {name} 0 {volts}" for name, volts in sources.items())])


def _changes(pdk: Path, corner: Corner, side: str, half: _Half) -> list[str]:
    """Commands that give the transistors of a side their own parameters."""
    nominal = _nominal(pdk, corner.process) if half else {}
    return [
        f"altermod @{part}{side}[{name}] = " + f"{moved(name, nominal[part, name], d):.9g}"
        for (part, name), d in half.items()
    ]


@cache
def _nominal(pdk: Path, process: str) -> dict[tuple[str, str], float]:
    return {
        (part, name): float(parameter(model_text(pdk, process, device, width), name))
        for part, (width, device, _) in _TRANSISTOR.items()
        for name in MISMATCHED
    }


def _sigmas(pdk: Path) -> dict[tuple[str, str], float]:
    return {
        (part, name): sigma
        for part, (width, device, _) in _TRANSISTOR.items()
        for name, sigma in sigmas(pdk, device, width).items()
    }
