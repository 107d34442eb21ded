"""The 6T bit cell with its replica and its dummy, 3.82 x 1.57 um = 5.997 um2, under logic rules.

Thin-cell topology: from left to right n-diffusion, p-diffusion, p-diffusion, n-diffusion as
vertical strips, with two horizontal poly lines. The right half is the left half turned by 180
degrees about (SYMMETRY / 2, HEIGHT / 2). Neighbours are mirrored, in x and in y, and share the
contacts on the common edge; every cell draws such contacts whole.

    y = HEIGHT   BL contact    n-tap          PU2 source: vdd   PD2 source: gnd
    line 2       PG1 (wl)      +--- q ------- PU2 ------------- PD2
                               |
    line 1       PD1 --------- PU1 ------------ qb --+          PG2 (wl)
    y = 0        gnd, p-tap    PU1 source: vdd       n-tap      BR contact

Metal: bit lines and vertical supplies in met1; word line, gnd (at y = 0) and vdd (at y = HEIGHT)
in met2. The n-well is tied in every cell, the substrate once in two by two cells (at x = 0, y = 0).
"""

from __future__ import annotations

from enum import Enum

from macros.technology import layers as layer
from macros.technology.drawing import Drawing
from macros.technology.rules import rule

__all__ = [
    "ACCESS_WIDTH",
    "HEIGHT",
    "PULL_DOWN_WIDTH",
    "PULL_UP_WIDTH",
    "WIDTH",
    "BitCell",
    "draw_bitcell",
]

PULL_DOWN_WIDTH, ACCESS_WIDTH, PULL_UP_WIDTH = 540, 420, 420
WIDTH, HEIGHT = 3820, 1570
SYMMETRY = 3940  # x and SYMMETRY - x are partners of the half turn

N_LEFT = 355  # left edge of the n-diffusion: 85 of tap + difftap_3 from x = 0
N_RIGHT = N_LEFT + PULL_DOWN_WIDTH
NWELL_LEFT = N_RIGHT + 340
P_LEFT = NWELL_LEFT + 180
P_RIGHT = P_LEFT + PULL_UP_WIDTH
GATE_LOW, GATE_HIGH = 140, 290  # line 1
BIT_X = 565  # bit line, gnd and q contacts of the n-diffusion
STORE_X, STORE_Y = 1585, 430  # q contact of the p-diffusion
NODE_Y = 895  # contact of line 2, on the node q
SUPPLY_X = 1970  # vertical vdd
WORD_X, WORD_Y = 1050, 1285  # word line contact
WORD_LINE_Y = HEIGHT // 2


class BitCell(Enum):
    """What the cell does; the value is the name that OpenRAM knows it by."""

    BIT = "cell_1rw"
    REPLICA = "replica_cell_1rw"  # stores 0 for ever: qb is tied to vdd
    DUMMY = "dummy_cell_1rw"  # has no access transistors, so never touches its bit lines


def draw_bitcell(kind: BitCell = BitCell.BIT) -> Drawing:
    """The drawing of a cell, pins bl, br, wl, vdd, gnd."""
    cell = Drawing(kind.value, WIDTH, HEIGHT)
    half = Drawing("half", SYMMETRY, HEIGHT)
    _devices(half, has_access=kind is not BitCell.DUMMY)
    _wires(half, has_access=kind is not BitCell.DUMMY)
    turned = Drawing("turned", SYMMETRY, HEIGHT)
    turned.half_turn(of=half)
    for part in (half, turned):
        for name, boxes in part.shapes.items():
            cell.shapes[name] += boxes
    _wells_and_taps(cell)
    _supplies_and_pins(cell)
    if kind is BitCell.REPLICA:
        qb_x = SYMMETRY - STORE_X
        cell.rect(layer.LI1, qb_x - 85, 0, qb_x + 85, HEIGHT - NODE_Y)
    return cell


def _devices(half: Drawing, *, has_access: bool) -> None:
    """Diffusions, gates and their contacts of one inverter and one access transistor."""
    top = HEIGHT + 145 if has_access else 600
    half.rect(layer.DIFF, N_LEFT, -145, N_RIGHT, 600)
    if has_access:
        half.rect(layer.DIFF, N_LEFT, 600, N_LEFT + ACCESS_WIDTH, top)
        half.licon(BIT_X, HEIGHT)
    half.licon(BIT_X, 0)
    half.licon(BIT_X, STORE_Y)
    half.rect(layer.DIFF, P_LEFT, -145, P_RIGHT, 575)
    half.licon(STORE_X, 0)
    half.licon(STORE_X, STORE_Y)

    # line 1 drives this inverter and ends on the other node, in the other p-column
    other_x, other_y = SYMMETRY - STORE_X, HEIGHT - NODE_Y
    half.rect(layer.POLY, N_LEFT - 130, GATE_LOW, other_x + 75, GATE_HIGH)
    half.rect(layer.POLY, other_x - 75, GATE_HIGH, other_x + 75, other_y)
    half.poly_contact(other_x, other_y)
    # the word line's gate, on line 2, and its contact between n-diffusion and n-well
    line_2 = HEIGHT - GATE_HIGH, HEIGHT - GATE_LOW
    # a dummy's starts beside the access diffusion of the cell above or below, which reaches into it
    start = N_LEFT - 130 if has_access else N_LEFT + ACCESS_WIDTH + rule("poly_4")
    half.rect(layer.POLY, start, line_2[0], WORD_X, line_2[1])
    half.poly_contact(WORD_X, WORD_Y, tall=False)
    # npc merges with the mirrored cell's and with the node contact's, which lie too close
    half.rect(layer.NPC, WORD_X - 185, WORD_Y - 185, WORD_X + 185, HEIGHT + 470)
    half.rect(layer.NPC, WORD_X - 185, 710, STORE_X + 185, 1080)
    half.rect(layer.NPC, WORD_X - 185, 1080, WORD_X + 185, WORD_Y)


def _wires(half: Drawing, *, has_access: bool) -> None:
    """The node q in li1, the bit line and the word line's climb to met2."""
    half.rect(layer.LI1, BIT_X - 165, STORE_Y - 85, STORE_X + 165, STORE_Y + 85)
    half.rect(layer.LI1, STORE_X - 85, STORE_Y - 85, STORE_X + 85, NODE_Y + 165)
    half.rect(layer.LI1, -165, -85, BIT_X + 165, 85)
    half.rect(layer.LI1, STORE_X - 165, -85, SYMMETRY - STORE_X + 125, 85)
    if has_access:
        half.rect(layer.LI1, BIT_X - 85, HEIGHT - 165, BIT_X + 85, HEIGHT + 165)
        half.mcon(BIT_X, HEIGHT)
        half.rect(layer.MET1, BIT_X - 115, HEIGHT - 145, BIT_X + 115, HEIGHT + 145)

    half.rect(layer.LI1, WORD_X - 85, WORD_Y - 165, WORD_X + 85, WORD_Y + 165)
    half.mcon(WORD_X, WORD_Y)
    half.rect(layer.MET1, WORD_X - 130, WORD_LINE_Y - 160, WORD_X + 130, WORD_Y + 145)
    half.via(WORD_X, WORD_LINE_Y)


def _wells_and_taps(cell: Drawing) -> None:
    """The n-well in the middle, a substrate tap in the corner, an n-tap on each edge, implants."""
    left, right = NWELL_LEFT, SYMMETRY - NWELL_LEFT
    for name in (layer.NWELL, layer.HVTP):
        cell.rect(name, left, -325, right, HEIGHT + 325)
    cell.rect(layer.TAP, -85, -205, 85, 205)
    cell.licon(0, 0)
    cell.rect(layer.PSDM, -210, -330, 210, 330)

    tap_x = SYMMETRY - STORE_X - 40
    for x, y in ((tap_x, 0), (SYMMETRY - tap_x, HEIGHT)):
        cell.rect(layer.TAP, x - 205, y - 85, x + 205, y + 85)
        cell.licon(x, y)
        cell.rect(layer.NSDM, x - 330, y - 210, x + 330, y + 210)
    # joined with the implant of the n-diffusion, which lies too close to stay apart
    cell.rect(layer.NSDM, tap_x, -210, SYMMETRY - N_RIGHT - 125, 210)
    cell.rect(layer.NSDM, N_RIGHT + 125, HEIGHT - 210, SYMMETRY - tap_x, HEIGHT + 210)

    cell.rect(layer.NSDM, N_LEFT - 125, -270, N_RIGHT + 125, HEIGHT + 270)
    cell.rect(layer.NSDM, SYMMETRY - N_RIGHT - 125, -270, WIDTH + 85, HEIGHT + 270)
    cell.rect(layer.PSDM, P_LEFT - 125, -270, P_RIGHT + 125, 700)
    cell.rect(
        layer.PSDM, SYMMETRY - P_RIGHT - 125, HEIGHT - 700, SYMMETRY - P_LEFT + 125, HEIGHT + 270
    )
    # a bridge between the two, as wide as the poly contacts beside it leave it
    cell.rect(layer.PSDM, STORE_X + 195, 220, SYMMETRY - STORE_X - 195, HEIGHT - 220)


def _supplies_and_pins(cell: Drawing) -> None:
    """Supply meshes, bit lines, word line, and the names of all of them."""
    for x, name in ((BIT_X, "bl"), (SYMMETRY - BIT_X, "br")):
        cell.pin(name, layer.MET1, cell.rect(layer.MET1, x - 70, 0, x + 70, HEIGHT))
    for x in (0, WIDTH):
        cell.rect(layer.MET1, x - 140, -160, x + 140, HEIGHT + 160)
        cell.mcon(x, 0 if x == 0 else HEIGHT)
        cell.via(x, 0)
        cell.centred(layer.MET2, x, 0, 320, 280)
    cell.rect(layer.MET1, SUPPLY_X - 140, -160, SUPPLY_X + 140, HEIGHT + 160)
    for y in (0, HEIGHT):
        cell.mcon(SUPPLY_X, y)
    cell.via(SUPPLY_X, HEIGHT)
    for name, y, half_width in (
        ("gnd", 0, 140),
        ("wl", WORD_LINE_Y, 130),
        ("vdd", HEIGHT, 140),
    ):
        wire = cell.rect(layer.MET2, 0, y - half_width, WIDTH, y + half_width)
        cell.pin(name, layer.MET2, wire)
