"""Wire resistance and capacitance of a macro's long nets, from the geometry of its placement.

A net's length follows from the bit cell's pitch and the blocks it crosses; layer and width are
those our technology gives it, and coefficients are the PDK's (macros.technology.parasitics).
Assumptions: the wire has neighbours on both sides at the stated distance, which do not move
(coupling counts once), and lies over the stated layer everywhere. Nets that match no row of the
table run inside one gate or between two neighbours and count as SHORT_UM of met1.
`verification/macros/characterize/test_wires.py` compares word and bit lines with an extraction of
drawn cells, and the lengths of the control signals with those of a macro.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from macros.shape import MacroShape
from macros.technology.bitcell import HEIGHT, WIDTH
from macros.technology.parasitics import SHEET_OHM, WIRE

__all__ = ["Placement", "Wire", "length_um", "wire_of"]

SHORT_UM = 8.0
EDGE_CELLS = 3  # replica and two dummies beside the array, each way
DECODER_UM = 45.0  # width of row decoder and word line drivers
PORT_UM = 55.0  # height of precharge, column multiplexer, sense amplifiers and write drivers
CONTROL_UM = 110.0  # wiring within and out of the control logic
STUB_UM = 2.0  # from word line enable's wire to a row's gate
CLIMB_FF = 0.49  # of a word line in every bit cell: from its two gates up to met2 (extracted)


@dataclass(frozen=True)
class Wire:
    """Total resistance in ohm and capacitance to ground in fF."""

    ohm: float
    ff: float


@dataclass(frozen=True)
class Placement:
    """A macro's array: rows, columns, and what its blocks measure (um)."""

    rows: int
    columns: int

    @classmethod
    def of(cls, shape: MacroShape, words_per_row: int) -> Placement:
        return cls(shape.words // words_per_row, shape.bits * words_per_row)

    @property
    def width_um(self) -> float:
        return (self.columns + EDGE_CELLS) * WIDTH / 1000

    @property
    def height_um(self) -> float:
        return (self.rows + EDGE_CELLS) * HEIGHT / 1000


@dataclass(frozen=True)
class _Route:
    """Nets that match `pattern` as a whole run on `layer` over `below`; um. `more_ff` is what they
    have besides their wire."""

    pattern: str
    layer: str
    below: str
    width_um: float
    spacing_um: float
    length_um: Callable[[Placement], float]
    more_ff: Callable[[Placement], float] = lambda _: 0.0


_ROUTES = (
    _Route(
        r".*\bwl_0_\d+|.*rbl_wl0", "met2", "met1", 0.26, 0.515, lambda p: p.width_um,
        lambda p: CLIMB_FF * (p.columns + EDGE_CELLS),
    ),
    _Route(r".*\b(bl|br)_0_\d+", "met1", "li1", 0.14, 0.32, lambda p: p.height_um),
    _Route(r"rbl_bl0", "met1", "li1", 0.14, 0.32, lambda p: p.height_um + CONTROL_UM),
    _Route(r".*rbl_br_0_0", "met1", "li1", 0.14, 0.32, lambda p: p.height_um),
    _Route(r".*\b(bl|br)_out_\d+", "met1", "li1", 0.14, 0.32, lambda p: PORT_UM),
    _Route(r".*row_decoder\.out_\d+", "met1", "li1", 0.14, 0.2, lambda p: p.height_um),
    _Route(r".*port_address0\.dec_out_\d+", "met2", "met1", 0.17, 0.3, lambda p: DECODER_UM / 2),
    _Route(
        r"wl_en0", "met1", "li1", 0.14, 0.2,
        lambda p: p.height_um + CONTROL_UM + STUB_UM * p.rows,
    ),
    _Route(
        r"(s_en|p_en_bar)0", "met2", "met1", 0.26, 0.3,
        lambda p: 2 * p.width_um + PORT_UM + CONTROL_UM,  # to the array's far side, and along it
    ),
    _Route(
        r"w_en0", "met1", "li1", 0.14, 0.2, lambda p: p.width_um + DECODER_UM + CONTROL_UM,
    ),
    _Route(r".*\bsel_?0?_\d+", "met3", "met2", 0.3, 0.3, lambda p: p.width_um + DECODER_UM),
    _Route(
        r"clk_buf0", "met2", "met1", 0.2, 0.2,
        lambda p: 1.3 * p.width_um + PORT_UM + 2 * CONTROL_UM,
    ),
    _Route(r"a0_\d+", "met2", "met1", 0.14, 0.2, lambda p: p.height_um / 2 + PORT_UM),
    _Route(r"bank_din0_\d+", "met3", "met2", 0.3, 0.3, lambda p: p.width_um / 2 + PORT_UM),
    _Route(r"dout0\[\d+\]", "met3", "met2", 0.3, 0.3, lambda _: PORT_UM),
    _Route(r"control0\.[a-z_]+", "met2", "met1", 0.14, 0.2, lambda p: CONTROL_UM / 2),
)  # fmt: skip
_SHORT = _Route(r".*", "met1", "li1", 0.14, 0.2, lambda p: SHORT_UM)


def length_um(net: str, placement: Placement) -> float:
    """How long the wire of a net is taken to be."""
    return _route_of(net).length_um(placement)


def wire_of(net: str, placement: Placement) -> Wire:
    """The wire of a net called by its path from the top."""
    route = _route_of(net)
    length = route.length_um(placement)
    coefficients = WIRE[route.layer, route.below]
    coupling, fringe = coefficients.edge(route.spacing_um)
    per_um = coefficients.area * route.width_um + 2 * (coupling + fringe)
    return Wire(
        SHEET_OHM[route.layer] * length / route.width_um, per_um * length + route.more_ff(placement)
    )


def _route_of(net: str) -> _Route:
    return next((route for route in _ROUTES if re.fullmatch(route.pattern, net)), _SHORT)
