"""A march over some addresses of a macro in SPICE, every read compared with what was written.

March over the words: idle, up (write 1), up (read 1, write 0), idle, down (read 0), where 0 and 1
are words whose observed bit differs from all others, so that both values are read side by side.
Cells start at 0, so that both changes are written.

With a seed, every latch, bit cell and bit line starts at random, as when the supply comes up; the
first idle cycle is all that the macro gets to recover.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from macros.characterize.corners import Corner
from macros.characterize.cycles import Clocked, Cycle
from macros.characterize.netlist import Macro
from macros.characterize.trim import Circuit, fold
from macros.characterize.wires import Placement
from macros.shape import MacroShape

__all__ = ["Functional", "march", "march_circuit"]


@dataclass(frozen=True)
class Functional:
    """Outcome of a march.

    Members
    -------
    reads: bits compared; errors: one sentence for each that was wrong.
    """

    corner: str
    period_ns: float
    addresses: tuple[int, ...]
    cycles: int
    reads: int
    errors: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return self.reads > 0 and not self.errors

    def __str__(self) -> str:
        verdict = "passed" if self.passed else f"{len(self.errors)} wrong: {self.errors[0]}"
        return (
            f"march at {self.corner}, period {self.period_ns:.2f} ns: {self.cycles} cycles at "
            f"{len(self.addresses)} addresses, {self.reads} bits read, {verdict}"
        )


def march_addresses(shape: MacroShape) -> tuple[int, ...]:
    """First, last, and an address whose bits differ from its neighbours'."""
    last = shape.words - 1
    return (0, 0x5555 & last, last)


def march_circuit(macro: Macro, shape: MacroShape, words_per_row: int) -> Circuit:
    """The circuit that a march needs."""
    placement = Placement.of(shape, words_per_row)
    return fold(macro, placement, march_addresses(shape), shape.bits - 1)


def march(
    pdk: Path,
    corner: Corner,
    circuit: Circuit,
    shape: MacroShape,
    phases_ns: tuple[float, float],
    extra: tuple[str, ...] = (),
    seed: int | None = None,
) -> Functional:
    """Run the march with clk0 high and low for `phases_ns`, from a random state with a `seed`."""
    high, low = phases_ns
    addresses = march_addresses(shape)
    cycles = list(_march(addresses, shape.bits))
    bench = Clocked(pdk, corner, circuit, shape, high, low, extra=extra)
    if seed is not None:
        bench = _PowerUp(pdk, corner, circuit, shape, high, low, extra=extra, seed=seed)
    outcome = bench.run(cycles)
    observed = {  # the last bit, and one that stands for all others
        bit: outcome.waves.of[f"dout0[{bit}]"] for bit in (0, shape.bits - 1)
    }
    errors = []
    reads = 0
    for number, cycle in enumerate(cycles):
        if cycle.kind != "read":
            continue
        for bit in observed:
            reads += 1
            found, wanted = outcome.output(bit, number), cycle.data >> bit & 1
            if found != wanted:
                shown = "neither 0 nor 1" if found is None else str(found)
                errors.append(
                    f"cycle {number}: bit {bit} of address {cycle.address} read {shown}, "
                    f"not {wanted}"
                )
    return Functional(corner.name, high + low, addresses, len(cycles), reads, tuple(errors))


@dataclass(frozen=True)
class _PowerUp(Clocked):
    """A macro whose state is random, though every pair of nodes that hold a bit differs."""

    seed: int = 0

    def _initial(self) -> dict[str, float]:
        source = random.Random(self.seed)
        levels = (0.0, self.corner.volt)
        found = {net: source.choice(levels) for net in super()._initial()}
        for net in found:
            if net.endswith(".qb"):
                found[net] = sum(levels) - found.get(net.removesuffix("b"), 0.0)
        return found


def _march(addresses: Sequence[int], bits: int) -> Iterator[Cycle]:
    one = 1 << (bits - 1)
    zero = one - 1
    yield Cycle("idle")
    for address in addresses:
        yield Cycle("write", address, one)
    for address in addresses:
        yield Cycle("read", address, one)
        yield Cycle("write", address, zero)
    yield Cycle("idle")
    for address in reversed(addresses):
        yield Cycle("read", address, zero)
