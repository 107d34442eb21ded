"""Heights and permittivities of sky130's conductors and dielectrics, um above the substrate.

Source: the metal stack drawing of the SKY130 PDK documentation ("Criteria & Assumptions", metal
stack), in the numbers of the open_pdks and capiche description of it: nitride coats li1 all over
(`lint`), a low permittivity film coats the sides of met1 and met2.
"""

from __future__ import annotations

import numpy as np

from verification.field.laplace import Grid

__all__ = ["CUTS", "LEVELS", "TOP", "dielectric"]

LEVELS = {
    "diff": (0.0, 0.323),
    "poly": (0.3262, 0.5062),
    "li1": (0.9361, 1.0361),
    "met1": (1.3761, 1.7361),
    "met2": (2.0061, 2.3661),
    "met3": (2.7861, 3.6311),
    "met4": (4.0211, 4.8661),
    "met5": (5.3711, 6.6311),
}
"""Bottom and top of every conductor."""

CUTS = {
    "licon": (0.323, 0.9361),
    "mcon": (1.0361, 1.3761),
    "via": (1.7361, 2.0061),
    "via2": (2.3661, 2.7861),
    "via3": (3.6311, 4.0211),
    "via4": (4.8661, 5.3711),
}
TOP = 9.0
"""Where the field is taken to end, um."""

LAYERS = (
    (0.0, 3.9),  # field oxide and psg
    (0.9361, 7.3),  # lint beside li1
    (1.0111, 4.05),  # nild2
    (1.3761, 4.5),  # nild3
    (2.0061, 4.2),  # nild4
    (2.7861, 4.1),  # nild5
    (4.0211, 4.0),  # nild6
    (5.3711, 7.5),  # topnit
    (5.7488, 1.0),  # air
)
"""Where each dielectric begins, and its permittivity."""
LINT = (0.075, 7.3)
"""Thickness above and beside li1, and permittivity."""
COAT = (0.03, 3.5)
"""Thickness beside met1 and met2, and permittivity."""


def dielectric(grid: Grid, rects: list[tuple[str, tuple[int, int, int, int]]]) -> None:
    """Fill in the permittivity around conductors, given as (level, voxels [x0, x1) x [y0, y1)).

    A coat thinner than the voxel beside the metal counts in series with the rest of the voxel.
    """
    centre = (grid.z[1:] + grid.z[:-1]) / 2
    for bottom, value in LAYERS:
        grid.permittivity[:, :, centre > bottom] = value
    steps = np.diff(grid.x), np.diff(grid.y)
    for level, (x0, x1, y0, y1) in rects:
        if level == "li1":
            inside = (centre > LEVELS["li1"][0]) & (centre < LEVELS["li1"][1] + LINT[0])
            low, high = np.searchsorted(inside, True), len(inside) - np.argmax(inside[::-1])
            grid.permittivity[x0:x1, y0:y1, low:high] = LINT[1]
        elif level in ("met1", "met2"):
            inside = np.flatnonzero((centre > LEVELS[level][0]) & (centre < LEVELS[level][1]))
            levels = slice(inside[0], inside[-1] + 1)
            around = float(grid.permittivity[0, 0, inside[0]])
            for at in (x0 - 1, x1):
                if 0 <= at < len(steps[0]):
                    coated = _coated(float(steps[0][at]), around)
                    grid.permittivity[at, y0:y1, levels] = coated
            for at in (y0 - 1, y1):
                if 0 <= at < len(steps[1]):
                    coated = _coated(float(steps[1][at]), around)
                    grid.permittivity[x0:x1, at, levels] = coated


def _coated(width: float, around: float) -> float:
    thickness, value = COAT
    if width <= thickness:
        return value
    return width / (thickness / value + (width - thickness) / around)
