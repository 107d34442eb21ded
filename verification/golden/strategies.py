"""Hypothesis strategies: any valid network, and spikes for it."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

from golden import WEIGHT_FORMATS, Layer, Network, Potential
from golden.network import HYSTERESIS, REFRACTORY, RESETS


@st.composite
def layers(draw: st.DrawFn, n_in: int, n_out: int) -> Layer:
    kind = WEIGHT_FORMATS[draw(st.sampled_from(sorted(WEIGHT_FORMATS)))]
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    potential = Potential(draw(st.integers(8, 16)), draw(st.booleans()))
    reset = draw(st.sampled_from(RESETS))
    lowest = 0 if reset == "subtract" else potential.minimum
    # Thresholds near zero, where neurons are busy, as well as anywhere in the range.
    near = st.integers(max(lowest, -4), 12)
    theta_high = draw(near | st.integers(lowest, potential.maximum))
    theta_low = draw(
        st.integers(max(potential.minimum, min(theta_high, -8)), theta_high)
        | st.integers(potential.minimum, theta_high)
    )
    return Layer(
        weights=generator.choice(kind.values, (n_in, n_out)),
        weight_format=kind.name,
        beta=generator.integers(0, 9, n_out),
        theta_high=theta_high,
        theta_low=theta_low,
        hysteresis=draw(st.sampled_from(HYSTERESIS)),
        reset=reset,
        potential=potential,
        refractory=draw(st.sampled_from(REFRACTORY)),
    )


@st.composite
def networks(draw: st.DrawFn) -> Network:
    # Around 64 a layer's spikes begin another word.
    size = st.integers(1, 24) | st.sampled_from((63, 64, 65, 70, 130))
    sizes = draw(st.lists(size, min_size=2, max_size=4))
    chain = [draw(layers(a, b)) for a, b in itertools.pairwise(sizes)]
    return Network(tuple(chain), steps=draw(st.integers(1, 12)))


@st.composite
def networks_with_spikes(draw: st.DrawFn) -> tuple[Network, np.ndarray]:
    network = draw(networks())
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.sampled_from((0.0, 0.1, 0.5, 0.9, 1.0)))
    shape = (draw(st.integers(1, 3)), network.steps, network.n_in)
    return network, generator.random(shape) < density
