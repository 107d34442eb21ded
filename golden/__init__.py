"""The golden model: what a network is, and exactly what it computes.

    from golden import classify, load_network

    network = load_network("golden/networks/digits.nir")
    classify(network, images)

Everything is numpy; nothing here imports another part of Spikeout.
"""

from .encoders import direct, encode, latency, rate
from .events import Events, from_events, to_events
from .inference import classify
from .network import Encoding, Layer, Network, Potential, Readout
from .network_file import load_network, save_network
from .neuron import leak
from .readouts import decide, first_spike, membrane, population_count, spike_count
from .simulator import Trace, simulate
from .weights import WEIGHT_FORMATS, WeightFormat, weight_format

__all__ = [
    "WEIGHT_FORMATS",
    "Encoding",
    "Events",
    "Layer",
    "Network",
    "Potential",
    "Readout",
    "Trace",
    "WeightFormat",
    "classify",
    "decide",
    "direct",
    "encode",
    "first_spike",
    "from_events",
    "latency",
    "leak",
    "load_network",
    "membrane",
    "population_count",
    "rate",
    "save_network",
    "simulate",
    "spike_count",
    "to_events",
    "weight_format",
]
