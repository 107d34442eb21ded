"""The two inner loops of the golden model, compiled by numba: synapses and neurons.

**Synapses.** A weight matrix is a sum of planes of 0 and 1,
``W = offset + sum(coefficient[p] * plane[p])``. Spikes and planes are packed,
64 inputs to a word, so that::

    accumulator[j] = offset * popcount(spikes)
                     + sum over p of coefficient[p] * popcount(spikes & plane[p, :, j])

needs one AND and one population count for 64 synapses. All of it is integer: nothing rounds, and no
sum of a layer of ``MAXIMUM_NEURONS`` inputs comes near 2**31. Cost: batch * steps * planes *
ceil(n_in / 64) * n_out.

**Neurons.** One pass over the neurons for each line of the equations in ``golden.network.Layer``:
short loops over few arrays, which the compiler turns into vector instructions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["accumulate", "fire", "pack"]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` as machine code, kept on disk where numba finds a folder it may write to."""
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:
        return numba.njit(function)


def pack(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """[..., ceil(n / 64)] words of ``bits`` [..., n]: bit i is bit i % 64 of word i // 64."""
    packed = np.packbits(bits, axis=-1, bitorder="little")
    spare = -packed.shape[-1] % 8
    if spare:
        packed = np.pad(packed, [(0, 0)] * (packed.ndim - 1) + [(0, spare)])
    return np.ascontiguousarray(packed).view("<u8")


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
def accumulate(spikes, planes, coefficients, offset, accumulator):
    """Set ``accumulator`` int32 [rows, n_out] from ``spikes`` uint64 [rows, words].

    ``planes`` are uint64 [planes, words, n_out], ``coefficients`` int32 [planes], ``offset`` int32.
    """
    rows, words = spikes.shape
    neurons = accumulator.shape[1]
    for row in range(rows):
        total = np.int32(0)
        for word in range(words):
            total += np.int32(popcount(spikes[row, word]))
        for j in range(neurons):
            accumulator[row, j] = offset * total
        for plane in range(planes.shape[0]):
            coefficient = coefficients[plane]
            for word in range(words):
                present = spikes[row, word]
                for j in range(neurons):
                    count = np.int32(popcount(present & planes[plane, word, j]))
                    accumulator[row, j] += coefficient * count


@compiled
def fire(accumulator, keep, limits, hysteresis, reset, once, potentials, armeds, spikes):
    """Set ``potentials`` int32, ``armeds`` and ``spikes`` uint8, each [batch, steps, n_out].

    ``accumulator`` is int32 [batch, steps, n_out]; ``keep`` are the masks of
    ``golden.neuron.keep_masks``; ``limits`` are int32 (lowest and highest potential, theta_high,
    theta_low); ``hysteresis`` and ``reset`` count as in ``golden.network``.
    """
    batch, steps, neurons = accumulator.shape
    low, high, theta_high, theta_low = limits
    whole, half, quarter, eighth = keep[0], keep[1], keep[2], keep[3]
    u = np.empty(neurons, np.int32)
    armed = np.empty(neurons, np.uint8)
    spent = np.empty(neurons, np.uint8)
    for sample in range(batch):
        u[:] = 0
        armed[:] = 1
        spent[:] = 0
        for step in range(steps):
            for j in range(neurons):
                kept = (u[j] & whole[j]) + ((u[j] >> 1) & half[j])
                u[j] = kept + ((u[j] >> 2) & quarter[j]) + ((u[j] >> 3) & eighth[j])
            for j in range(neurons):
                u[j] = min(max(np.int32(u[j] + accumulator[sample, step, j]), low), high)
            for j in range(neurons):
                spikes[sample, step, j] = (u[j] > theta_high) & armed[j]
            if hysteresis == 0:
                armed[:] = 1
            elif hysteresis == 1:
                for j in range(neurons):
                    armed[j] = (armed[j] | (u[j] < theta_low)) & (spikes[sample, step, j] ^ 1)
            else:
                for j in range(neurons):
                    armed[j] = (u[j] < theta_low) & (spikes[sample, step, j] ^ 1)
            if once:
                for j in range(neurons):
                    spent[j] |= spikes[sample, step, j]
                    armed[j] &= spent[j] ^ 1
            if reset == 0:
                for j in range(neurons):
                    u[j] &= np.int32(spikes[sample, step, j]) - np.int32(1)
            elif reset == 1:
                for j in range(neurons):
                    u[j] -= theta_high & -np.int32(spikes[sample, step, j])
            for j in range(neurons):
                potentials[sample, step, j] = u[j]
            for j in range(neurons):
                armeds[sample, step, j] = armed[j]
