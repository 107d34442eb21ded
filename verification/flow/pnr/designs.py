"""Designs for tests and benchmarks: netlists made without a synthesiser, and a macro.

Everything is deterministic in its arguments.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import klayout.db as kdb

from macros.technology import layers

__all__ = [
    "Netlist",
    "array_multiplier",
    "fifo",
    "mac_array",
    "macro_system",
    "random_logic",
    "shift_register",
    "write_macro",
    "write_netlist",
]

CELL = "sky130_fd_sc_hd__"
GATES = {
    "inv_1": ("A", "Y"),
    "nand2_1": ("A B", "Y"),
    "nor2_1": ("A B", "Y"),
    "and2_1": ("A B", "X"),
    "or2_1": ("A B", "X"),
    "xor2_1": ("A B", "X"),
    "xnor2_1": ("A B", "Y"),
    "nand3_1": ("A B C", "Y"),
    "nor3_1": ("A B C", "Y"),
    "a21oi_1": ("A1 A2 B1", "Y"),
    "o21ai_1": ("A1 A2 B1", "Y"),
    "a22oi_1": ("A1 A2 B1 B2", "Y"),
    "mux2_1": ("A0 A1 S", "X"),
    "maj3_1": ("A B C", "X"),
    "a2bb2o_2": ("A1_N A2_N B1 B2", "X"),
    "or4_4": ("A B C D", "X"),
}


class Netlist:
    """A flat module under construction, in the shape of yosys' JSON."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ports: dict[str, dict[str, Any]] = {}
        self.cells: dict[str, dict[str, Any]] = {}
        self._bits = 1

    def bit(self) -> int:
        self._bits += 1
        return self._bits

    def input(self, name: str, width: int = 1) -> list[int]:
        bits = [self.bit() for _ in range(width)]
        self.ports[name] = {"direction": "input", "bits": bits}
        return bits

    def output(self, name: str, bits: list[int]) -> None:
        self.ports[name] = {"direction": "output", "bits": bits}

    def cell(self, master: str, output: str = "", **pins: int) -> int:
        """A cell named after its number; with `output` its new output bit is returned."""
        bit = 0
        if output:
            bit = pins[output] = self.bit()
        connections = {pin: [value] for pin, value in pins.items()}
        self.cells[f"u{len(self.cells)}"] = {"type": master, "connections": connections}
        return bit

    def gate(self, kind: str, *inputs: int) -> int:
        names, output = GATES[kind]
        return self.cell(CELL + kind, output, **dict(zip(names.split(), inputs, strict=True)))

    def flop(self, clock: int, data: int) -> int:
        return self.cell(CELL + "dfxtp_1", "Q", CLK=clock, D=data)

    def module(self) -> dict[str, Any]:
        names = {port: {"bits": entry["bits"]} for port, entry in self.ports.items()}
        used = {
            bit
            for cell in self.cells.values()
            for bits in cell["connections"].values()
            for bit in bits
        }
        known = {bit for entry in names.values() for bit in entry["bits"]}
        names |= {f"n{bit}": {"bits": [bit], "hide_name": 0} for bit in sorted(used - known)}
        return {"ports": self.ports, "cells": self.cells, "netnames": names}


def random_logic(cells: int, seed: int = 1, name: str = "random_logic") -> Netlist:
    """About `cells` gates and flops; each takes most inputs from its neighbours, some from afar."""
    rng = random.Random(seed)
    net = Netlist(name)
    (clock,) = net.input("clk")
    signals = list(net.input("a", 16))
    kinds = list(GATES)
    while len(net.cells) < cells:

        def pick() -> int:
            if rng.random() < 0.03:
                return rng.choice(signals)
            return signals[-1 - min(int(rng.expovariate(1 / 40)), len(signals) - 1)]

        if rng.random() < 0.18:
            signals.append(net.flop(clock, pick()))
        else:
            kind = rng.choice(kinds)
            inputs = [pick() for _ in GATES[kind][0].split()]
            signals.append(net.gate(kind, *inputs))
    net.output("y", signals[-16:])
    return net


def array_multiplier(width: int, name: str = "multiplier") -> Netlist:
    """A registered array multiplier of full adders, `width` x `width` bits."""
    net = Netlist(name)
    (clock,) = net.input("clk")
    a = [net.flop(clock, bit) for bit in net.input("a", width)]
    b = [net.flop(clock, bit) for bit in net.input("b", width)]
    row = [net.gate("and2_1", a[0], bit) for bit in b]
    product = [row[0]]
    carry: list[int] = []
    for k in range(1, width):
        partial = [net.gate("and2_1", a[k], bit) for bit in b]
        shifted = row[1:] + carry[-1:] if carry else row[1:]
        total, carry = _add(net, shifted, partial)
        row = total
        product.append(row[0])
    product += row[1:] + carry[-1:]
    net.output("p", [net.flop(clock, bit) for bit in product])
    return net


def _add(net: Netlist, a: list[int], b: list[int]) -> tuple[list[int], list[int]]:
    """Ripple sum of two vectors (the shorter one padded by passing b through), and the carries."""
    total, carries = [], []
    carry = None
    for k, bit in enumerate(b):
        if k < len(a) and carry is not None:
            total.append(net.gate("xor2_1", net.gate("xor2_1", a[k], bit), carry))
            carry = net.gate("maj3_1", a[k], bit, carry)
        elif k < len(a):
            total.append(net.gate("xor2_1", a[k], bit))
            carry = net.gate("and2_1", a[k], bit)
        else:
            assert carry is not None
            total.append(net.gate("xor2_1", bit, carry))
            carry = net.gate("and2_1", bit, carry)
        carries.append(carry)
    return total, carries


def shift_register(length: int, name: str = "shift") -> Netlist:
    """A chain of flops."""
    net = Netlist(name)
    (clock,) = net.input("clk")
    (bit,) = net.input("d")
    for _ in range(length):
        bit = net.flop(clock, bit)
    net.output("q", [bit])
    return net


def fifo(depth: int, width: int, name: str = "fifo") -> Netlist:
    """Words shift in and out by a tree of multiplexers: `depth` (a power of two) x `width` bits."""
    net = Netlist(name)
    (clock,) = net.input("clk")
    data = net.input("d", width)
    enable = net.input("we", depth)
    select = [net.flop(clock, bit) for bit in net.input("ra", depth.bit_length() - 1)]
    words = []
    for k in range(depth):
        word = [net.bit() for _ in range(width)]
        for bit, new in zip(word, data, strict=True):
            held = net.gate("mux2_1", bit, new, enable[k])
            net.cell(CELL + "dfxtp_1", CLK=clock, D=held, Q=bit)
        words.append(word)
    for bit in select:
        pairs = zip(words[::2], words[1::2], strict=True)
        words = [
            [net.gate("mux2_1", a, b, bit) for a, b in zip(low, high, strict=True)]
            for low, high in pairs
        ]
    net.output("q", [net.flop(clock, bit) for bit in words[0]])
    return net


def mac_array(rows: int, columns: int, width: int = 4, name: str = "mac_array") -> Netlist:
    """Multiply and accumulate in every place of an array; data move along rows and columns."""
    net = Netlist(name)
    (clock,) = net.input("clk")
    across = [net.input(f"a{r}", width) for r in range(rows)]
    down = [net.input(f"b{c}", width) for c in range(columns)]
    for r in range(rows):
        for c in range(columns):
            across[r] = [net.flop(clock, bit) for bit in across[r]]
            down[c] = [net.flop(clock, bit) for bit in down[c]]
            product = _product(net, across[r], down[c])
            total = [net.bit() for _ in product]
            summed, _ = _add(net, total, product)
            for bit, new in zip(total, summed, strict=True):
                net.cell(CELL + "dfxtp_1", CLK=clock, D=new, Q=bit)
            if c == columns - 1:
                net.output(f"y{r}", total)
    return net


def _product(net: Netlist, a: list[int], b: list[int]) -> list[int]:
    """The lower bits of a product, row by row."""
    row = [net.gate("and2_1", a[0], bit) for bit in b]
    result = [row[0]]
    for k in range(1, len(a)):
        partial = [net.gate("and2_1", a[k], bit) for bit in b]
        row, _ = _add(net, row[1:], partial)
        result.append(row[0])
    return result + row[1:]


def write_netlist(net: Netlist, folder: Path) -> Path:
    """Write the netlist as yosys would."""
    path = folder / f"{net.name}.json"
    path.write_text(json.dumps({"modules": {net.name: net.module()}}))
    return path


MACRO_WIDTH, MACRO_HEIGHT = 90_000, 70_000
MACRO_PINS = {
    **{
        f"din[{k}]": ("input", "met3", (0, 8_110 + 4_130 * k, 900, 8_490 + 4_130 * k))
        for k in range(6)
    },
    **{
        f"dout[{k}]": ("output", "met4", (9_350 + 7_270 * k, 69_000, 9_730 + 7_270 * k, 70_000))
        for k in range(6)
    },
    "clk": ("input", "met3", (89_100, 30_000, 90_000, 30_380)),
}
"""Signal pins of the test macro: off the grid on purpose, as memory compilers draw them."""
MACRO_SUPPLIES = {
    "vccd1": [
        ("met4", (20_000 + 20_000 * k, 3_000, 21_740 + 20_000 * k, 66_000)) for k in range(3)
    ],
    "vssd1": [("met3", (3_000, 5_000 + 12_000 * k, 87_000, 6_740 + 12_000 * k)) for k in range(5)],
}


def write_macro(folder: Path, name: str = "test_macro") -> tuple[Path, Path]:
    """LEF and GDS of a macro with pins on three sides and obstructions on met1 and met2."""
    lef, gds = folder / f"{name}.lef", folder / f"{name}.gds"
    lef.write_text("\n".join(_macro_lef(name)) + "\n")
    layout = kdb.Layout()
    cell = layout.create_cell(name)
    shapes = [(layer, rect) for _, layer, rect in MACRO_PINS.values()]
    shapes += [shape for rects in MACRO_SUPPLIES.values() for shape in rects]
    shapes += [("met1", (1_000, 1_000, 89_000, 69_000)), ("met2", (1_000, 1_000, 89_000, 69_000))]
    for layer, rect in shapes:
        cell.shapes(layout.layer(*layers.BY_NAME[layer])).insert(kdb.Box(*rect))
    layout.write(str(gds))
    return lef, gds


def _macro_lef(name: str) -> list[str]:
    def um(rect: tuple[int, int, int, int]) -> str:
        return " ".join(f"{value / 1000:.3f}" for value in rect)

    lines = ["VERSION 5.7 ;", 'BUSBITCHARS "[]" ;', f"MACRO {name}", "  CLASS BLOCK ;"]
    lines += ["  ORIGIN 0 0 ;", f"  SIZE {MACRO_WIDTH / 1000} BY {MACRO_HEIGHT / 1000} ;"]
    for pin, (direction, layer, rect) in MACRO_PINS.items():
        lines += [f"  PIN {pin}", f"    DIRECTION {direction.upper()} ;", "    USE SIGNAL ;"]
        lines += ["    PORT", f"      LAYER {layer} ;", f"        RECT {um(rect)} ;", "    END"]
        lines += [f"  END {pin}"]
    for pin, rects in MACRO_SUPPLIES.items():
        use = "POWER" if pin == "vccd1" else "GROUND"
        lines += [f"  PIN {pin}", "    DIRECTION INOUT ;", f"    USE {use} ;", "    PORT"]
        for layer, rect in rects:
            lines += [f"      LAYER {layer} ;", f"        RECT {um(rect)} ;"]
        lines += ["    END", f"  END {pin}"]
    lines += ["  OBS"]
    for layer in ("met1", "met2"):
        lines += [f"    LAYER {layer} ;", f"      RECT {um((1000, 1000, 89000, 69000))} ;"]
    return [*lines, "  END", f"END {name}", "END LIBRARY"]


def macro_system(cells: int = 300, macros: int = 1, name: str = "macro_system") -> Netlist:
    """Random logic around test macros `memory`, `memory_1`, ... that it feeds and reads."""
    net = random_logic(cells, seed=5, name=name)
    data = net.ports["y"]["bits"]
    (clock,) = net.ports["clk"]["bits"]
    read: list[int] = []
    for number in range(macros):
        din = [data[(6 * number + k) % len(data)] for k in range(6)]
        dout = [net.bit() for _ in range(6)]
        net.cells[f"memory_{number}" if number else "memory"] = {
            "type": "test_macro",
            "connections": {"din": din, "dout": dout, "clk": [clock]},
        }
        read += dout
    net.output("r", [net.flop(clock, bit) for bit in read])
    return net
