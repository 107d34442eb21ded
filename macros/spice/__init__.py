"""Circuit simulation: ngspice as a function, and SkyWater's device models loaded in 0.1 s."""

from macros.spice.models import DEVICES, PROCESSES, device_models
from macros.spice.ngspice import SpiceError, find_ngspice, parse_measures, simulate

__all__ = [
    "DEVICES",
    "PROCESSES",
    "SpiceError",
    "device_models",
    "find_ngspice",
    "parse_measures",
    "simulate",
]
