"""The neuron: leak, saturating add, Schmitt trigger, reset, spike-at-most-once.

The equations are those of `golden.network.Layer`; here is their logic.
"""

from __future__ import annotations

from itertools import zip_longest

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .layouts import HYSTERESIS, RESET

__all__ = ["Neuron", "NeuronMode", "leak"]


def leak(potential: Value, beta: Value) -> Value:
    """What `beta` eighths keep of a signed `potential`, every shift floored by itself."""
    terms = [
        Mux(beta[bit], potential >> shift, 0) for bit, shift in ((3, 0), (2, 1), (1, 2), (0, 3))
    ]
    return (terms[0] | terms[1]) + (terms[2] + terms[3])


class NeuronMode(wiring.Signature):
    """A layer's parameters, as all of its neurons see them.

    Members
    -------
    magnitude : Out(potential_bits), the highest potential
    signed : Out(1), whether potentials may be negative
    theta_high, theta_low : Out(signed(potential_bits + 1))
    hysteresis, reset : Out(2), codes of `rtl.layouts`
    once : Out(1), a neuron spikes at most once per inference
    """

    def __init__(self, potential_bits: int) -> None:
        super().__init__(
            {
                "magnitude": Out(potential_bits),
                "signed": Out(1),
                "theta_high": Out(potential_bits + 1),
                "theta_low": Out(potential_bits + 1),
                "hysteresis": Out(2),
                "reset": Out(2),
                "once": Out(1),
            }
        )


class Neuron(wiring.Component):
    """One time step of one neuron after its leak. Combinational.

    Parameters
    ----------
    potential_bits, accumulator_bits : widths

    Members
    -------
    mode : In(NeuronMode)
    leaked : In(potential_bits + 1), signed: what the leak left of the potential
    accumulator : In(accumulator_bits), signed
    armed, spent : In(1)
    potential : Out(potential_bits), after reset
    next_armed, next_spent, spike : Out(1)
    """

    def __init__(self, potential_bits: int, accumulator_bits: int) -> None:
        self._bits = potential_bits
        super().__init__(
            {
                "mode": In(NeuronMode(potential_bits)),
                "leaked": In(potential_bits + 1),
                "accumulator": In(accumulator_bits),
                "armed": In(1),
                "spent": In(1),
                "potential": Out(potential_bits),
                "next_armed": Out(1),
                "next_spent": Out(1),
                "spike": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        mode = self.mode
        integrated = self._saturate(m)
        over = Signal(self._bits + 2)
        under = Signal(self._bits + 2)
        m.d.comb += [
            over.eq(integrated.as_signed() - mode.theta_high.as_signed()),
            under.eq(integrated.as_signed() - mode.theta_low.as_signed()),
            self.spike.eq(self.armed & ~over[-1] & over.any()),
            self.next_spent.eq(mode.once & (self.spent | self.spike)),
        ]
        below = under[-1]
        free = Signal()
        with m.Switch(mode.hysteresis):
            with m.Case(HYSTERESIS["schmitt"]):
                m.d.comb += free.eq(~self.spike & (self.armed | below))
            with m.Case(HYSTERESIS["openspike"]):
                m.d.comb += free.eq(~self.spike & below)
            with m.Default():
                m.d.comb += free.eq(1)
        m.d.comb += [
            self.next_armed.eq(free & ~self.next_spent),
            self.potential.eq(integrated),
        ]
        with m.If(self.spike), m.Switch(mode.reset):
            with m.Case(RESET["zero"]):
                m.d.comb += self.potential.eq(0)
            with m.Case(RESET["subtract"]):
                m.d.comb += self.potential.eq(over)
        return m

    def _saturate(self, m: Module) -> Signal:
        """leaked + accumulator, kept within 0 or ~magnitude .. magnitude; potential_bits + 1."""
        total = Signal(max(len(self.leaked), len(self.accumulator)) + 1)
        integrated = Signal(self._bits + 1)
        sign = total[-1]
        positive_or_signed = ~sign | self.mode.signed
        limit = Cat(self.mode.magnitude ^ sign.replicate(self._bits), sign)
        outside = Cat(
            (bit ^ sign) & ~high
            for bit, high in zip_longest(total[:-1], self.mode.magnitude, fillvalue=C(0, 1))
        ).any()
        m.d.comb += [
            total.eq(self.leaked.as_signed() + self.accumulator.as_signed()),
            integrated.eq(Mux(outside, limit, Cat(total[: self._bits], sign))),
        ]
        with m.If(~positive_or_signed):
            m.d.comb += integrated.eq(0)
        return integrated
