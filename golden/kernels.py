"""The inner loops of the golden model, compiled by numba. Samples are the lanes.

Arrays here are [neuron, step, sample], so that every inner loop runs over samples, which do not
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

__all__ = ["WORD", "accumulate", "fire", "pack", "pack_inputs"]

WORD = 64
"""Inputs in one packed word."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` as machine code, kept on disk where numba finds a folder it may write to."""
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:
        return numba.njit(function)


def pack_inputs(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """[ceil(n / 64), ...] words of ``bits`` [..., n]: input i is bit i % 64 of word i // 64."""
    packed = np.packbits(bits, axis=-1, bitorder="little")
    spare = -packed.shape[-1] % 8
    if spare:
        packed = np.pad(packed, [(0, 0)] * (packed.ndim - 1) + [(0, spare)])
    words = np.ascontiguousarray(packed).view("<u8")
    return np.ascontiguousarray(np.moveaxis(words, -1, 0))


@compiled
def pack(spikes, words):
    """Set ``words`` uint64 [words, lanes] from ``spikes`` uint8 [n, lanes], bits as above."""
    words[:] = 0
    for i in range(spikes.shape[0]):
        word = i // 64
        place = np.uint64(i % 64)
        for lane in range(spikes.shape[1]):
            words[word, lane] |= np.uint64(spikes[i, lane]) << place


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
    """Set ``accumulator`` int32 [n_out, lanes] from ``spikes`` uint64 [words, lanes].

    ``planes`` are uint64 [planes, words, n_out], ``coefficients`` int32 [planes], ``offset`` int32.
    Cost: lanes * planes * words * n_out population counts.
    """
    words, lanes = spikes.shape
    total = np.zeros(lanes, np.int32)
    for word in range(words):
        for lane in range(lanes):
            total[lane] += np.int32(popcount(spikes[word, lane]))
    for j in range(accumulator.shape[0]):
        for lane in range(lanes):
            accumulator[j, lane] = offset * total[lane]
        for plane in range(planes.shape[0]):
            coefficient = coefficients[plane]
            for word in range(words):
                present = planes[plane, word, j]
                for lane in range(lanes):
                    count = np.int32(popcount(spikes[word, lane] & present))
                    accumulator[j, lane] += coefficient * count


@compiled
def fire(accumulator, keep, limits, hysteresis, reset, once, potentials, armeds, spikes):
    """Set ``potentials`` int32, ``armeds`` and ``spikes`` uint8, each [n_out, steps, batch].

    ``accumulator`` is int32 [n_out, steps, batch]; ``keep`` are the masks of
    ``golden.neuron.keep_masks``; ``limits`` are int32 (lowest and highest potential, theta_high,
    theta_low); ``hysteresis`` and ``reset`` count as in ``golden.network``.
    """
    neurons, steps, batch = accumulator.shape
    low, high, theta_high, theta_low = limits
    u = np.empty(batch, np.int32)
    armed = np.empty(batch, np.uint8)
    spent = np.empty(batch, np.uint8)
    spike = np.empty(batch, np.uint8)
    for j in range(neurons):
        whole, half, quarter, eighth = keep[0, j], keep[1, j], keep[2, j], keep[3, j]
        u[:] = 0
        armed[:] = 1
        spent[:] = 0
        for step in range(steps):
            for b in range(batch):
                kept = (u[b] & whole) + ((u[b] >> 1) & half)
                u[b] = kept + ((u[b] >> 2) & quarter) + ((u[b] >> 3) & eighth)
            for b in range(batch):
                u[b] = min(max(np.int32(u[b] + accumulator[j, step, b]), low), high)
            for b in range(batch):
                spike[b] = (u[b] > theta_high) & armed[b]
            if hysteresis == 0:
                armed[:] = 1
            elif hysteresis == 1:
                for b in range(batch):
                    armed[b] = (armed[b] | (u[b] < theta_low)) & (spike[b] ^ 1)
            else:
                for b in range(batch):
                    armed[b] = (u[b] < theta_low) & (spike[b] ^ 1)
            if once:
                for b in range(batch):
                    spent[b] |= spike[b]
                    armed[b] &= spent[b] ^ 1
            if reset == 0:
                for b in range(batch):
                    u[b] &= np.int32(spike[b]) - np.int32(1)
            elif reset == 1:
                for b in range(batch):
                    u[b] -= theta_high & -np.int32(spike[b])
            potentials[j, step] = u
            armeds[j, step] = armed
            spikes[j, step] = spike
