"""`python -m verification.field.planes`: a wire between planes and neighbours, at the distances
that occur on the routing grid, solved in two dimensions from the published stack.

Prints the rows of `flow/pnr/wire_planes.py`.
"""

from __future__ import annotations

import numpy as np

from flow.pnr.rules import COLUMN, LAYERS, TRACK, WIDTH
from verification.field import stack
from verification.field.laplace import Grid, charges, lines

__all__ = ["FARTHEST", "PITCHES", "PLANES", "half_wire", "main"]

PITCHES = (TRACK, COLUMN, 2 * TRACK, 2 * COLUMN)
FARTHEST = 6
PLANES = tuple(
    (layer, above, below)
    for k, layer in enumerate(LAYERS[:4])
    for above in ("none", *LAYERS[k + 1 : k + 3])
    for below in ("field", "li1", *LAYERS[max(0, k - 2) : k])
)
"""(layer, plane above, plane below) for all planes that are told apart."""
ORDER = 4 / 3
"""How the error falls with the step: the charge at an edge of a right angle."""


def half_wire(layer: str, above: str, below: str, distance: float | None) -> tuple[float, float]:
    """fF/um of half a wire, to a neighbour at `distance` um on its side, and to all else; a second
    neighbour follows at the same distance. Extrapolated from two grids to no step."""
    step = WIDTH[LAYERS.index(layer)] / 1e3
    coarse, fine = (_solved(layer, above, below, distance, step / n) for n in (6, 12))
    share = 1 / (2**ORDER - 1)
    return fine[0] + share * (fine[0] - coarse[0]), fine[1] + share * (fine[1] - coarse[1])


def _solved(
    layer: str, above: str, below: str, distance: float | None, step: float
) -> tuple[float, float]:
    width = WIDTH[LAYERS.index(layer)] / 1e3
    bottom, top = stack.LEVELS[layer]
    floor = 0.0 if below == "field" else stack.LEVELS[below][1]
    roof = stack.TOP if above == "none" else stack.LEVELS[above][0]
    wires = [(-width / 2, width / 2)]
    if distance is not None:
        pitch = width + distance
        wires = [(k * pitch - width / 2, k * pitch + width / 2) for k in range(-2, 3)]
    reach = wires[-1][1]
    x = _graded(np.array(wires).ravel(), reach, step)
    heights = np.array([bottom, top, *(b for b, _ in stack.LAYERS), 1.0361, 1.1111])
    near = max(floor, bottom - 0.4), min(roof, top + 0.4)
    z = np.concatenate(
        [
            [floor - 0.1],
            lines(heights, floor, near[0], 0.1, 0.01)[:-1] if near[0] > floor else [],
            lines(heights, *near, 1.5 * step, 0.01),
            lines(heights, near[1], roof, 0.15, 0.01)[1:] if near[1] < roof else [],
            [roof + 0.1],
        ]
    )
    size = (len(x) - 1, 1, len(z) - 1)
    grid = Grid(x, np.array([0.0, 1.0]), z, np.ones(size), np.zeros(size, np.int32))
    height = (z[1:] + z[:-1]) / 2
    spans = [(int(np.argmin(abs(x - a))), int(np.argmin(abs(x - b)))) for a, b in wires]
    stack.dielectric(grid, [(layer, (a, b, 0, 1)) for a, b in spans])
    if below == "li1":
        grid.permittivity[:, :, (height > floor) & (height < floor + stack.LINT[0])] = stack.LINT[1]
    grid.conductor[:, :, height < floor] = 1
    if above != "none":
        grid.conductor[:, :, height > roof] = 1
    for (a, b), number in zip(spans, (3, 2, 4, 2, 3) if len(spans) > 1 else (4,), strict=True):
        grid.conductor[a:b, :, (height > bottom) & (height < top)] = number
    found = charges(grid, (4,))
    coupling = -float(found[2]) / 2
    return coupling, float(found[4]) / 2 - coupling


def _graded(edges: np.ndarray, reach: float, step: float) -> np.ndarray:
    inner = lines(edges, -reach - 0.4, reach + 0.4, step, 0.002)
    outside = np.geomspace(step, 8.0, 50)
    return np.concatenate([inner[0] - outside[::-1], inner, inner[-1] + outside])


def main() -> None:
    for layer, above, below in PLANES:
        k = LAYERS.index(layer)
        row = []
        for away in range(1, FARTHEST + 1):
            distance = (away * PITCHES[k] - WIDTH[k]) / 1e3
            row.append("({:.4f}, {:.4f})".format(*half_wire(layer, above, below, distance)))
        row.append(f"(0, {half_wire(layer, above, below, None)[1]:.4f})")
        print(f'    ("{layer}", "{above}", "{below}"): (')
        print(f"        {', '.join(row[:4])},")
        print(f"        {', '.join(row[4:])},\n    ),", flush=True)


if __name__ == "__main__":
    main()
