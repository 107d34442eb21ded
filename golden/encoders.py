"""From images to input spikes.

Every encoder is a function of its arguments alone: same seed, same spikes;
and a sample's spikes do not depend on the batch it stands in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks
from .network import MAXIMUM_STEPS, Encoding

__all__ = ["direct", "encode", "latency", "rate"]


def rate(values: ArrayLike, steps: int, seed: int = 0) -> NDArray[np.bool_]:
    """Regular spike trains whose rate is the value.

    Input i spikes in step t if ``floor(phase[i] + x * (t + 1)) > floor(phase[i] + x * t)``, with a
    phase in 0..1 drawn per input from the seed, so that trains of equal rate do not beat in unison.
    A value of k/steps makes exactly k spikes.

    Parameters
    ----------
    values: [batch, n_in] in 0..1
    steps: time steps
    seed: of the phases

    Returns
    -------
    [batch, steps, n_in]
    """
    array = _unit(values)
    time = np.arange(checks.integer("steps", steps, 1, MAXIMUM_STEPS) + 1)
    # Phases are odd multiples of 2**-11: a sum never lies on a whole number by rounding alone.
    phase = np.random.default_rng(seed).integers(0, 1 << 10, array.shape[1])
    turns = np.floor((2 * phase + 1) / 2048 + array[:, None, :] * time[None, :, None])
    return np.diff(turns, axis=1) > 0


def latency(values: ArrayLike, steps: int) -> NDArray[np.bool_]:
    """One spike per input, the sooner the larger its value x: in step round((1 - x) * (steps - 1)).

    An input of 0 does not spike.

    Parameters
    ----------
    values: [batch, n_in] in 0..1
    steps: time steps

    Returns
    -------
    [batch, steps, n_in]
    """
    array = _unit(values)
    steps = checks.integer("steps", steps, 1, MAXIMUM_STEPS)
    moment = np.floor((1 - array) * (steps - 1) + 0.5)
    return (moment[:, None, :] == np.arange(steps)[None, :, None]) & (array > 0)[:, None, :]


def direct(values: ArrayLike, steps: int) -> NDArray[np.bool_]:
    """The same binary image in every step: an input spikes if its value is above 0.5.

    Parameters
    ----------
    values: [batch, n_in] in 0..1
    steps: time steps

    Returns
    -------
    [batch, steps, n_in]
    """
    array = _unit(values)
    steps = checks.integer("steps", steps, 1, MAXIMUM_STEPS)
    return np.repeat((array > 0.5)[:, None, :], steps, axis=1)


def encode(encoding: Encoding, images: ArrayLike, steps: int) -> NDArray[np.bool_]:
    """Spikes [batch, steps, n_in] of ``images`` [batch, ...] of values 0..encoding.full_scale.

    The inputs are the image's, then the constant ones.
    """
    array = np.asarray(images)
    if array.ndim < 2 or array.dtype.kind not in "biuf":
        raise ValueError(
            f"images must be numbers of shape [batch, ...], not {array.dtype} {list(array.shape)}"
        )
    flat = array.reshape(len(array), -1).astype(np.float64)
    outside = ~((flat >= 0) & (flat <= encoding.full_scale))
    if outside.any():
        raise ValueError(
            f"images must be in 0..{encoding.full_scale:g} (encoding.full_scale),"
            f" not {flat[outside][0]!s}"
        )
    values = flat / encoding.full_scale
    if encoding.kind == "rate":
        spikes = rate(values, steps, encoding.seed)
    else:
        spikes = latency(values, steps) if encoding.kind == "latency" else direct(values, steps)
    if not encoding.constant_inputs:
        return spikes
    return np.pad(spikes, ((0, 0), (0, 0), (0, encoding.constant_inputs)), constant_values=True)


def _unit(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values)
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        raise ValueError(
            f"values must be numbers of shape [batch, n_in], not {array.dtype} {list(array.shape)}"
        )
    array = array.astype(np.float64)
    outside = ~((array >= 0) & (array <= 1))
    if outside.any():
        raise ValueError(f"values must be in 0..1, not {array[outside][0]!s}")
    return array
