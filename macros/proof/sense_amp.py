"""Input offset of the sense amplifier under mismatch, by ngspice.

An offset is the difference of the inputs at which the amplifier changes its mind when it is
enabled. Small deviations add up linearly, so that the offset's standard deviation is the root of
the summed squares of what each parameter of each transistor causes at one standard deviation. A
parameter's share is bisected, on a copy of the amplifier where it alone is moved, PROBE deviations
away. The halves are mirror images, hence only one of two transistors is moved and counted twice.

The inputs are ideal sources here; the keepers between them, which help, see nothing of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from macros.proof.bitcell import Corner
from macros.proof.mismatch import LENGTH_UM, MISMATCHED, model_text, moved, parameter, sigmas
from macros.spice import simulate
from macros.technology.schematics import SCHEMATICS

__all__ = ["offset_sigma"]

PROBE = 3.0
RANGE_V = 0.12
BISECTIONS = 8  # down to 1 mV at PROBE deviations
CLEAR_V = 0.09  # a difference at which every copy must decide
ENABLE_NS, DECIDED_NS = 1.0, 7.0
_MIRROR = {"bl": "br", "o1": "o2", "x1": "x2", "q": "qb", "q_x": "qb_x"}
_MIRROR |= {other: one for one, other in _MIRROR.items()}
_COMMON = {"vdd", "gnd", "en"}


@dataclass(frozen=True)
class _Transistor:
    """drain, gate, source, bulk; device of the PDK; width in um."""

    nets: tuple[str, ...]
    device: str
    width_um: float


def offset_sigma(pdk: Path, corner: Corner, common_mode_v: float) -> float:
    """Standard deviation in V of the offset, with inputs around `common_mode_v`."""
    parts = _transistors()
    probes = [(k, name) for k in _one_half(parts) for name in MISMATCHED]
    copies: list[tuple[int, str] | None] = [None, *probes]
    low, high = np.full(len(copies), -RANGE_V), np.full(len(copies), 1.1 * RANGE_V)
    for _ in range(BISECTIONS):
        tried = (low + high) / 2
        positive = _decisions(pdk, corner, common_mode_v, parts, copies, tried)
        high = np.where(positive, tried, high)
        low = np.where(positive, low, tried)
    found = (low + high) / 2
    if np.any(np.abs(found) > CLEAR_V):
        raise RuntimeError(f"an offset of the sense amplifier exceeds {CLEAR_V:g} V at {corner}")
    shares = (found[1:] - found[0]) / PROBE
    return float(np.sqrt(2 * np.sum(shares**2)))


def _transistors() -> list[_Transistor]:
    found = []
    for line in re.findall(r"^x\d+ (.*)", SCHEMATICS["sense_amp"], re.MULTILINE):
        *nets, model, width, _length = line.split()
        device = model.removeprefix("sky130_fd_pr__")
        found.append(_Transistor(tuple(nets), device, float(width.removeprefix("w="))))
    return found


def _one_half(parts: list[_Transistor]) -> list[int]:
    """Of every two transistors that are mirror images, the first."""
    kept: list[int] = []
    images: list[tuple[str, ...]] = []
    for number, one in enumerate(parts):
        image = tuple(_MIRROR.get(net, net) for net in one.nets)
        if image == one.nets or one.nets in images or "dout" in one.nets:
            continue
        kept.append(number)
        images.append(image)
    return kept


def _decisions(
    pdk: Path,
    corner: Corner,
    common_mode_v: float,
    parts: list[_Transistor],
    copies: list[tuple[int, str] | None],
    difference_v: np.ndarray,
) -> np.ndarray:
    """Whether each copy takes its difference bl - br for positive."""
    lines = ["* sense amplifiers", ".option scale=1.0u reltol=1e-4", f".temp {corner.celsius}"]
    lines += [f"vdd vdd 0 {corner.volts}"]
    lines += [f"ven en 0 pwl(0 0 {ENABLE_NS}n 0 {ENABLE_NS + 0.1}n {corner.volts})"]
    models: dict[tuple[str, float], str] = {}
    for one in parts:
        models.setdefault((one.device, one.width_um), f"model{len(models)}")
    for (device, width), name in models.items():
        lines.append(f".model {name} {model_text(pdk, corner.process, device, width)}")
    for k, (probe, difference) in enumerate(zip(copies, difference_v, strict=True)):
        lines += [f"vbl{k} bl{k} 0 {common_mode_v + difference / 2:.6g}"]
        lines += [f"vbr{k} br{k} 0 {common_mode_v - difference / 2:.6g}"]
        for number, one in enumerate(parts):
            model = models[one.device, one.width_um]
            if probe is not None and probe[0] == number:
                model = f"moved{k}"
                lines.append(f".model {model} {_moved_model(pdk, corner, one, probe[1])}")
            nets = " ".join(_net(net, k) for net in one.nets)
            lines.append(f"m{k}_{number} {nets} {model} w={one.width_um} l={LENGTH_UM}")
    outputs = [f"v({net}{k})" for k in range(len(copies)) for net in ("o1", "o2")]
    lines += [".control", "save " + " ".join(outputs), f"tran 0.02n {DECIDED_NS}n"]
    lines += ["set wr_singlescale", "wrdata waves.txt " + " ".join(outputs), "quit 0", ".endc"]
    text = simulate("\n".join([*lines, ".end", ""]), files=("waves.txt",))
    last = [row for line in text.splitlines() if len(row := line.split()) == len(outputs) + 1][-1]
    volts = np.array(last[1:], dtype=float).reshape(-1, 2)
    decided = volts[:, 1] - volts[:, 0]
    undecided = np.abs(decided) < corner.volts / 2
    if np.any(undecided & (np.abs(difference_v) > CLEAR_V)):
        raise RuntimeError(f"a sense amplifier did not decide at {corner}")
    return decided > 0


def _moved_model(pdk: Path, corner: Corner, one: _Transistor, name: str) -> str:
    text = model_text(pdk, corner.process, one.device, one.width_um)
    value = moved(name, float(parameter(text, name)), PROBE * _sigma(pdk, one, name))
    return re.sub(rf"\b{name} = \S+", f"{name} = {value:.9g}", text)


def _sigma(pdk: Path, one: _Transistor, name: str) -> float:
    return sigmas(pdk, one.device, one.width_um)[name]


def _net(net: str, copy: int) -> str:
    return {"gnd": "0"}.get(net, net) if net in _COMMON else f"{net}{copy}"
