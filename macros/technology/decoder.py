"""NAND gates of the row decoder, one bit cell high: gates lie, diffusions stand.

From left to right: substrate tap, poly contacts of the inputs (in two columns, since neighbours lie
closer than poly_2), n-diffusion, p-diffusion, well tap. Along y contacts and gates alternate, STEP
apart; the supplies' contacts on y = 0 are shared with the mirrored row below. Inputs enter from the
left and the output leaves to the right in li1; supplies stand in met1.
"""

from __future__ import annotations

from macros.technology import layers as layer
from macros.technology.bitcell import HEIGHT
from macros.technology.drawing import Drawing

__all__ = ["NAND_WIDTH", "draw_nand"]

NAND_WIDTH = 4730
TRANSISTOR_WIDTH = 1000
STEP = 430  # contact, gate, contact: 170 + 2 x licon_11 + 150
TAP_X = 190
PAD_X = (620, 1160)  # inputs take them in turn
# Inputs' contacts off their gates: from the mirrored row's (poly_2), from each other for li1 pads.
PAD_SHIFT = {2: (25, 15), 3: (25, 10, 10)}
N_LEFT, P_LEFT = 1515, 3035
CUTS = (145, 485, 825)  # contacts across a diffusion
LINK_X = 2730  # joins the output's contacts between n and p
GND_X, VDD_X = 2030, 3730
WELL_TAP_X = 4390


def draw_nand(inputs: int) -> Drawing:
    """`nand2_dec` or `nand3_dec`, pins A, B (, C), Z, vdd, gnd."""
    if inputs not in (2, 3):
        raise ValueError(f"a decoder's NAND has 2 or 3 inputs, not {inputs}")
    cell = Drawing(f"nand{inputs}_dec", NAND_WIDTH, HEIGHT)
    _draw_transistors(cell, inputs)
    _draw_taps(cell)
    _draw_inputs(cell, inputs)
    _draw_output(cell, inputs)
    _draw_supplies(cell, inputs)
    return cell


def _gate_y(k: int) -> int:
    return STEP * k + STEP // 2


def _draw_transistors(cell: Drawing, inputs: int) -> None:
    top = STEP * inputs + 145
    for left, implant, contacts in (
        (N_LEFT, layer.NSDM, (0, inputs)),
        (P_LEFT, layer.PSDM, range(inputs + 1)),
    ):
        right = left + TRANSISTOR_WIDTH
        cell.rect(layer.DIFF, left, -145, right, top)
        cell.rect(implant, left - 125, -270, right + 125, HEIGHT + 10)
        for k in contacts:
            for x in CUTS:
                cell.licon(left + x, STEP * k)
            cell.rect(layer.LI1, left - 20, STEP * k - 85, right - 5, STEP * k + 85)
    for k in range(inputs):
        y = _gate_y(k)
        cell.rect(layer.POLY, PAD_X[k % 2], y - 75, P_LEFT + TRANSISTOR_WIDTH + 130, y + 75)
    for name in (layer.NWELL, layer.HVTP):
        cell.rect(name, P_LEFT - 180, -385, WELL_TAP_X + 265, HEIGHT + 45)


def _draw_taps(cell: Drawing) -> None:
    for x, y, implant in ((TAP_X, HEIGHT, layer.PSDM), (WELL_TAP_X, 0, layer.NSDM)):
        cell.centred(layer.TAP, x, y, 170, 410)
        cell.licon(x, y)
        cell.centred(implant, x, y, 420, 660)
        cell.centred(layer.LI1, x, y, 170, 330)


def _draw_inputs(cell: Drawing, inputs: int) -> None:
    for k in range(inputs):
        x = PAD_X[k % 2]
        y = _gate_y(k) + PAD_SHIFT[inputs][k]
        cell.poly_contact(x, y, tall=False)
        cell.rect(layer.LI1, 0, y - 85, x - 165, y + 85)
        cell.pin("ABC"[k], layer.LI1, cell.rect(layer.LI1, x - 165, y - 85, x + 165, y + 85))
    cell.rect(layer.NPC, PAD_X[0] - 185, -10, PAD_X[1] + 185, _gate_y(inputs - 1) + 185)


def _draw_output(cell: Drawing, inputs: int) -> None:
    """li1 from the last n contact and from every second p contact to the right edge."""
    out_y = STEP * (inputs if inputs % 2 else inputs - 1)
    cell.rect(layer.LI1, N_LEFT + 60, STEP * inputs - 85, LINK_X + 85, STEP * inputs + 85)
    cell.rect(layer.LI1, LINK_X - 85, STEP - 85, LINK_X + 85, STEP * inputs + 85)
    for k in range(1, inputs + 1, 2):
        cell.rect(layer.LI1, LINK_X - 85, STEP * k - 85, P_LEFT + 100, STEP * k + 85)
    out = cell.rect(layer.LI1, P_LEFT + 100, out_y - 85, NAND_WIDTH, out_y + 85)
    cell.pin("Z", layer.LI1, out)


def _draw_supplies(cell: Drawing, inputs: int) -> None:
    """Standing met1 wires over the contacts and taps."""
    cell.rect(layer.LI1, P_LEFT - 20, -85, WELL_TAP_X + 85, 85)
    cell.mcon(TAP_X, HEIGHT)
    cell.mcon(GND_X, 0)
    for k in range(0, inputs + 1, 2):
        cell.mcon(VDD_X, STEP * k)
    for name, x in (("gnd", TAP_X), ("gnd", GND_X), ("vdd", VDD_X)):
        wire = cell.rect(layer.MET1, x - 130, 0, x + 130, HEIGHT)
        cell.centred(layer.MET1, x, HEIGHT if x == TAP_X else 0, 260, 290)
        cell.pin(name, layer.MET1, wire)
