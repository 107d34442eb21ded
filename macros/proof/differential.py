"""How far apart the bit lines are when the sense amplifiers look at them.

What they must be apart is the offset of the amplifier under mismatch: `macros.proof.sense_amp`.
"""

from __future__ import annotations

from pathlib import Path

from macros.characterize.corners import Corner
from macros.characterize.cycles import Clocked, Cycle
from macros.characterize.netlist import Macro
from macros.characterize.trim import Circuit, far, fold
from macros.characterize.wires import Placement
from macros.shape import MacroShape

__all__ = ["CASES", "differentials"]

CASES = {"same": 2, "opposite": 3}
"""Whether a read finds the data of the access before it -> its place among the cycles."""


def differentials(
    macro: Macro,
    shape: MacroShape,
    words_per_row: int,
    corner: Corner,
    pdk: Path,
    phases_ns: tuple[float, float],
) -> dict[str, float]:
    """Volts between the inputs of the last bit's sense amplifier at half of its rising enable, for
    each of CASES, with clk0 high and low for `phases_ns`.

    The far row is read last: its word line is the longest way off.
    """
    last, word, bit = shape.words - 1, (1 << shape.bits) - 1, shape.bits - 1
    circuit = fold(macro, Placement.of(shape, words_per_row), (0, last), bit)
    cycles = (
        Cycle("write", last, word),
        Cycle("write", 0, 0),
        Cycle("read", 0, 0),
        Cycle("read", last, word),
    )
    inputs, enable = _sense_amplifier(circuit, bit)
    bench = Clocked(pdk, corner, circuit, shape, *phases_ns)
    waves = bench.run(cycles, (*inputs, enable)).waves
    found = {}
    for case, cycle in CASES.items():
        when = waves.cross(enable, corner.volt / 2, bench.fall(cycle), rising=True)
        one, other = (waves.at(net, when) for net in inputs)
        found[case] = abs(one - other)
    return found


def _sense_amplifier(circuit: Circuit, bit: int) -> tuple[tuple[str, str], str]:
    """Both inputs and the enable of the amplifier of a bit, as its transistors see them."""
    (nets,) = (
        leaf.nets
        for leaf in circuit.leaves
        if leaf.kind.name == "sense_amp"
        and far(leaf.nets["dout"]) == circuit.member[f"dout0[{bit}]"]
    )
    bl, br, enable = (f"near:{far(nets[pin])}" for pin in ("bl", "br", "en"))
    return (bl, br), enable
