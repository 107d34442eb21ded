"""Leak and neuron update equal their specification for every input: proved by yosys' SAT."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Cat, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

import rtl.neuron
from rtl.neuron import Neuron, leak
from rtl.verilog import yosys

SPECIFICATION = Path(__file__).with_name("neuron_specification.v")


class Leak(wiring.Component):
    """`leak` with ports; a beta above 8, which no network has, counts as 0."""

    def __init__(self, bits: int) -> None:
        super().__init__({"u": In(bits + 1), "beta": In(4), "leaked": Out(bits + 1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beta = Mux(self.beta > 8, 0, self.beta)
        m.d.comb += self.leaked.eq(leak(self.u.as_signed(), beta))
        return m


class AnyNeuron(wiring.Component):
    """`Neuron` with the names of the specification; its range has `magnitude_bits` bits."""

    INPUTS: ClassVar = {"magnitude_bits": 5, "is_signed": 1, "hysteresis": 2, "reset": 2, "once": 1}

    def __init__(self, bits: int, total: int) -> None:
        self._shape = bits, total
        inputs = {name: In(width) for name, width in self.INPUTS.items()}
        inputs |= {"leaked": In(bits + 1), "accumulator": In(total), "armed": In(1), "spent": In(1)}
        inputs |= {"theta_high": In(bits + 1), "theta_low": In(bits + 1)}
        outputs = {name: Out(1) for name in ("next_armed", "next_spent", "spike")}
        super().__init__({**inputs, **outputs, "potential": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.neuron = neuron = Neuron(*self._shape)
        for name in ("theta_high", "theta_low", "hysteresis", "reset", "once"):
            m.d.comb += getattr(neuron.mode, name).eq(getattr(self, name))
        for name in ("leaked", "accumulator", "armed", "spent"):
            m.d.comb += getattr(neuron, name).eq(getattr(self, name))
        for name in ("potential", "next_armed", "next_spent", "spike"):
            m.d.comb += getattr(self, name).eq(getattr(neuron, name))
        m.d.comb += [
            neuron.mode.signed.eq(self.is_signed),
            neuron.mode.magnitude.eq(Cat(self.magnitude_bits > i for i in range(self._shape[0]))),
        ]
        return m


def prove(folder: Path, design: wiring.Component, name: str, **parameters: int) -> None:
    """RuntimeError unless `design` equals module `<name>_specification` for every input."""
    (folder / "design.il").write_text(rtlil.convert(design, name="design", emit_src=False))
    chosen = " ".join(f"-chparam {key} {value}" for key, value in parameters.items())
    yosys(
        f"""
read_verilog -sv {SPECIFICATION}
hierarchy -top {name}_specification {chosen}
proc
rename -top gold
design -stash gold
read_rtlil {folder}/design.il
hierarchy -top design
proc
flatten
rename -top gate
design -stash gate
design -copy-from gold -as gold gold
design -copy-from gate -as gate gate
miter -equiv -flatten gold gate miter
hierarchy -top miter
opt -full
sat -verify -prove trigger 0 miter
"""
    )


@pytest.mark.parametrize("bits", [8, 10, 16])
def test_leak(bits: int, tmp_path: Path) -> None:
    prove(tmp_path, Leak(bits), "leak", BITS=bits)


@pytest.mark.parametrize(("bits", "total"), [(8, 9), (10, 12), (16, 14)])
def test_neuron(bits: int, total: int, tmp_path: Path) -> None:
    prove(tmp_path, AnyNeuron(bits, total), "neuron", BITS=bits, SUM=total)


def test_wrong_neuron_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof can fail: a Schmitt trigger that forgets that it was armed."""
    monkeypatch.setitem(rtl.neuron.HYSTERESIS, "schmitt", 2)
    monkeypatch.setitem(rtl.neuron.HYSTERESIS, "openspike", 1)
    with pytest.raises(RuntimeError, match="yosys failed"):
        prove(tmp_path, AnyNeuron(8, 9), "neuron", BITS=8, SUM=9)
