"""Timing and power of whole macros by SPICE, written as Liberty.

netlist (flatten) -> wires (geometry) -> trim (fold) -> bench, cycles (simulate) -> timing (measure)
-> liberty; functional marches over addresses; run is what the generator calls.
"""

from macros.characterize.corners import CORNERS
from macros.characterize.functional import Functional
from macros.characterize.run import characterise, figures, functional_run
from macros.characterize.timing import Figures

__all__ = ["CORNERS", "Figures", "Functional", "characterise", "figures", "functional_run"]
