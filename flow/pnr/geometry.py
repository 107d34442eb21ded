"""Rectangles as tuples (x0, y0, x1, y1) in nm, and the eight DEF orientations a row needs."""

from __future__ import annotations

from typing import TypeAlias

__all__ = [
    "FN",
    "FS",
    "ORIENTATIONS",
    "N",
    "Rect",
    "S",
    "clearance_violated",
    "hull",
    "moved",
    "placed",
]

Rect: TypeAlias = tuple[int, int, int, int]

N, FS, FN, S = range(4)
ORIENTATIONS = ("N", "FS", "FN", "S")
"""Bit 0: mirrored in y, bit 1: mirrored in x (S, turned by 180 degrees, is both)."""


def moved(rect: Rect, dx: int, dy: int) -> Rect:
    """The rectangle moved by (dx, dy)."""
    return rect[0] + dx, rect[1] + dy, rect[2] + dx, rect[3] + dy


def hull(a: Rect, b: Rect) -> Rect:
    """The smallest rectangle that holds both."""
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def clearance_violated(a: Rect, b: Rect, spacing: int) -> bool:
    """Whether two rectangles are closer than `spacing` (Euclidean; touching counts as closer)."""
    dx = max(a[0] - b[2], b[0] - a[2], 0)
    dy = max(a[1] - b[3], b[1] - a[3], 0)
    return dx * dx + dy * dy < spacing * spacing


def placed(rect: Rect, orient: int, width: int, height: int, x: int, y: int) -> Rect:
    """A rectangle of a master of `width` x `height` whose lower left corner stands at (x, y)."""
    x0, y0, x1, y1 = rect
    if orient & 2:
        x0, x1 = width - x1, width - x0
    if orient & 1:
        y0, y1 = height - y1, height - y0
    return x0 + x, y0 + y, x1 + x, y1 + y
