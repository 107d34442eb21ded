"""Schematics of the technology's cells, written on their own: layouts are compared with them.

Transistor lines read `xname drain gate source bulk model w= l=`, sizes in um.
"""

from __future__ import annotations

from macros.technology.bitcell import ACCESS_WIDTH, PULL_DOWN_WIDTH, PULL_UP_WIDTH

__all__ = ["SCHEMATICS"]

NFET = "sky130_fd_pr__nfet_01v8"
PFET = "sky130_fd_pr__pfet_01v8_hvt"


def _cell(name: str, pins: str, *devices: str) -> str:
    """A subcircuit; a device is `n|p drain gate source width`, bulk and length follow."""
    lines = [f".subckt {name} {pins}"]
    for number, device in enumerate(devices):
        kind, drain, gate, source, width = device.split()
        bulk, model = ("gnd", NFET) if kind == "n" else ("vdd", PFET)
        lines.append(f"x{number} {drain} {gate} {source} {bulk} {model} w={width} l=0.15")
    return "\n".join([*lines, f".ends {name}", ""])


def _bitcell(name: str, q: str, qb: str, *, has_access: bool) -> str:
    down, up, access = (w / 1000 for w in (PULL_DOWN_WIDTH, PULL_UP_WIDTH, ACCESS_WIDTH))
    return _cell(
        name,
        "bl br wl vdd gnd",
        f"n {q} {qb} gnd {down}",
        f"n {qb} {q} gnd {down}",
        f"p {q} {qb} vdd {up}",
        f"p {qb} {q} vdd {up}",
        *((f"n bl wl {q} {access}", f"n br wl {qb} {access}") if has_access else ()),
    )


def _inverter(inp: str, out: str, fingers: int = 1, n: float = 0.74, p: float = 1.12) -> list[str]:
    return [f"n {out} {inp} gnd {n * fingers:g}", f"p {out} {inp} vdd {p * fingers:g}"]


def _clocked_inverter(inp: str, out: str, on: str, off: str) -> list[str]:
    """Drives `out` while `on` is high and `off` low."""
    low, high = f"{out}_{inp}_n", f"{out}_{inp}_p"
    return [
        f"n {low} {inp} gnd 0.74",
        f"n {out} {on} {low} 0.74",
        f"p {high} {inp} vdd 1.12",
        f"p {out} {off} {high} 1.12",
    ]


def _nand2(a: str, b: str, out: str) -> list[str]:
    return [
        f"n {out}_x {a} gnd 0.74",
        f"n {out} {b} {out}_x 0.74",
        f"p {out} {a} vdd 1.12",
        f"p {out} {b} vdd 1.12",
    ]


_DFF = _cell(
    "dff",
    "D Q clk vdd gnd",
    *_inverter("clk", "ckb", 2),
    *_inverter("ckb", "ck"),
    *_clocked_inverter("D", "m", "ckb", "ck"),
    *_inverter("m", "mb", 2),
    *_clocked_inverter("mb", "m", "ck", "ckb"),
    *_clocked_inverter("mb", "s", "ck", "ckb"),
    *_inverter("s", "fb", 2),
    *_clocked_inverter("fb", "s", "ckb", "ck"),
    *_inverter("s", "Q", 2),
)

_SENSE_AMP = _cell(
    "sense_amp",
    "bl br dout en vdd gnd",
    "n tail en gnd 1.88",
    "n x1 bl tail 1.88",
    "n x2 br tail 1.88",
    "n o1 o2 x1 1.88",
    "n o2 o1 x2 1.88",
    "p bl br vdd 0.74",
    "p br bl vdd 0.74",
    "p o1 o2 vdd 0.74",
    "p o2 o1 vdd 0.74",
    *(f"p {node} en vdd 0.74" for node in ("o1", "o2")),
    *_nand2("o1", "qb", "q"),
    *_nand2("o2", "q", "qb"),
    *_inverter("qb", "dout", 2, n=1.88),
)

_WRITE_DRIVER = _cell(
    "write_driver",
    "din bl br en vdd gnd",
    *_inverter("din", "dinb"),
    "n bl en bl_x 1.88",
    "n bl_x dinb gnd 1.88",
    "n br en br_x 1.88",
    "n br_x din gnd 1.88",
)

_NAND2_DEC = _cell(
    "nand2_dec",
    "A B Z vdd gnd",
    "n x A gnd 1",
    "n Z B x 1",
    "p Z A vdd 1",
    "p Z B vdd 1",
)

_NAND3_DEC = _cell(
    "nand3_dec",
    "A B C Z vdd gnd",
    "n x A gnd 1",
    "n y B x 1",
    "n Z C y 1",
    "p Z A vdd 1",
    "p Z B vdd 1",
    "p Z C vdd 1",
)

SCHEMATICS: dict[str, str] = {
    "cell_1rw": _bitcell("cell_1rw", "q", "qb", has_access=True),
    "replica_cell_1rw": _bitcell("replica_cell_1rw", "q", "vdd", has_access=True),
    "dummy_cell_1rw": _bitcell("dummy_cell_1rw", "q", "qb", has_access=False),
    "dff": _DFF,
    "sense_amp": _SENSE_AMP,
    "write_driver": _WRITE_DRIVER,
    "nand2_dec": _NAND2_DEC,
    "nand3_dec": _NAND3_DEC,
}
"""Name of a cell -> its subcircuit."""
