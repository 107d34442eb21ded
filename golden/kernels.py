"""The inner loops of the golden model, compiled by numba. Samples are the lanes.

Arrays are [neuron, step, sample], so that every inner loop runs over samples, which do not
depend on each other: the compiler turns each into vector instructions, whatever the layer's size.

**Synapses.** A weight matrix is a sum of planes of 0 and 1:
``W = offset + sum(coefficient[p] * plane[p])``. Inputs are packed 64 to a word, so that ::

    accumulator = offset * popcount(spikes) + sum(coefficient[p] * popcount(spikes & plane[p]))

needs one AND and one population count for 64 synapses. All of it is integer: nothing rounds, and no
sum of a layer of ``MAXIMUM_NEURONS`` inputs comes near 2**31.

**Neurons.** One loop for each line of the equations in ``golden.network.Layer``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["WORD", "accumulate", "pack", "run_layer"]

WORD = 64
"""Inputs in one packed word."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` as machine code, kept on disk where numba finds a folder it may write to."""
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:
        return numba.njit(function)


def pack(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """[ceil(n / 64), ...] words of ``bits`` [..., n]: input i is bit i % 64 of word i // 64."""
    packed = np.packbits(bits, axis=-1, bitorder="little")
    spare = -packed.shape[-1] % 8
    if spare:
        packed = np.pad(packed, [(0, 0)] * (packed.ndim - 1) + [(0, spare)])
    words = np.ascontiguousarray(packed).view("<u8")
    return np.ascontiguousarray(np.moveaxis(words, -1, 0))


@compiled
def popcount(word):
    """Bits set in a 64-bit ``word``, in the form that compilers know as one instruction."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@compiled
def accumulate(spikes, planes, coefficients, rest, sums):
    """Set ``sums`` int32 [lanes], one neuron's, from ``spikes`` uint64 [words, lanes].

    ``planes`` are uint64 [planes, words], ``coefficients`` int32 [planes], ``rest`` int32 [lanes]
    the share of the offset. Cost: lanes * planes * words population counts.
    """
    for lane in range(len(rest)):
        sums[lane] = rest[lane]
    for plane in range(planes.shape[0]):
        coefficient = coefficients[plane]
        for word in range(planes.shape[1]):
            present = planes[plane, word]
            for lane in range(len(rest)):
                count = np.int32(popcount(spikes[word, lane] & present))
                sums[lane] += coefficient * count


@compiled
def step_neuron(sums, keep, limits, rules, u, armed, spent, spike):
    """One step of one neuron: change its state, int32 [batch] each, and set ``spike``.

    ``sums`` are int32 [batch]; ``keep`` is a column of ``golden.neuron.keep_masks``; ``limits`` are
    int32 (lowest and highest potential, theta_high, theta_low); ``rules`` are places in
    ``golden.network``'s HYSTERESIS and RESETS, and whether spiking is for once.

    Lanes of one width make the fastest loops, so every number is int32.
    """
    whole, half, quarter, eighth = keep
    low, high, theta_high, theta_low = limits
    hysteresis, reset, once = rules
    zero, one = np.int32(0), np.int32(1)
    for b in range(len(u)):
        kept = (u[b] & whole) + ((u[b] >> 1) & half) + ((u[b] >> 2) & quarter)
        total = np.int32(kept + ((u[b] >> 3) & eighth) + sums[b])
        u[b] = min(max(total, low), high)
        spike[b] = armed[b] if u[b] > theta_high else zero
    if hysteresis == 0:
        armed[:] = 1
    elif hysteresis == 1:
        for b in range(len(u)):
            armed[b] = zero if spike[b] else (one if u[b] < theta_low else armed[b])
    else:
        for b in range(len(u)):
            armed[b] = zero if spike[b] else (one if u[b] < theta_low else zero)
    if once:
        for b in range(len(u)):
            spent[b] |= spike[b]
        for b in range(len(u)):
            armed[b] &= ~spent[b]
    if reset == 0:
        for b in range(len(u)):
            u[b] = zero if spike[b] else u[b]
    elif reset == 1:
        for b in range(len(u)):
            u[b] = np.int32(u[b] - theta_high) if spike[b] else u[b]


@compiled
def run_layer(inputs, synapses, keep, limits, rules, sent, record, accumulator, potential, armed_,
              spikes):  # fmt: skip
    """Run all neurons of a layer from potentials of 0, armed.

    Parameters
    ----------
    inputs: uint64 [words, steps, batch], packed spikes
    synapses: planes uint64 [n_out, planes, words], coefficients int32 [planes], offset int32
    keep: int32 [4, n_out]; limits and rules as in ``step_neuron``
    sent: uint64 [words, steps, batch], to be set to the layer's packed spikes
    record: whether to set what follows, else untouched
    accumulator, potential: int32 [n_out, steps, batch]
    armed_, spikes: uint8 [n_out, steps, batch]
    """
    planes, coefficients, offset = synapses
    words, steps, batch = inputs.shape
    flat = inputs.reshape((words, steps * batch))
    sums = np.empty((steps, batch), np.int32)
    rest = np.zeros(steps * batch, np.int32)
    if offset != 0:
        for word in range(words):
            for lane in range(steps * batch):
                rest[lane] += offset * np.int32(popcount(flat[word, lane]))
    u = np.empty(batch, np.int32)
    armed = np.empty(batch, np.int32)
    spent = np.empty(batch, np.int32)
    spike = np.empty(batch, np.int32)
    sent[:] = 0
    for j in range(len(planes)):
        accumulate(flat, planes[j], coefficients, rest, sums.reshape(steps * batch))
        column = (keep[0, j], keep[1, j], keep[2, j], keep[3, j])
        u[:], armed[:], spent[:] = 0, 1, 0
        word, place = j // 64, np.uint64(j % 64)
        for step in range(steps):
            step_neuron(sums[step], column, limits, rules, u, armed, spent, spike)
            for b in range(batch):
                sent[word, step, b] |= np.uint64(spike[b]) << place
            if record:
                for b in range(batch):
                    accumulator[j, step, b] = sums[step, b]
                    potential[j, step, b] = u[b]
                for b in range(batch):
                    armed_[j, step, b] = armed[b]
                    spikes[j, step, b] = spike[b]
