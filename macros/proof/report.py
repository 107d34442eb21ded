"""The bit cell's margins as a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from macros.proof.bitcell import CORNERS, margins, mismatch_margins, read_current

__all__ = ["margin_report"]

CHUNK = 100  # cells per run of ngspice


def margin_report(pdk: Path, samples: int) -> Iterator[str]:
    """Lines of the table; with `samples`, mismatch at the corners of the worst read and write
    margin, each with mean minus five standard deviations."""
    yield f"{'corner':18} {'read SNM':>9} {'hold SNM':>9} {'write':>9} {'read current':>13}"
    found = {}
    for corner in CORNERS:
        m = found[corner] = margins(pdk, corner)
        yield (
            f"{corner!s:18} {1e3 * m.read:6.0f} mV {1e3 * m.hold:6.0f} mV {1e3 * m.write:6.0f} mV "
            f"{1e6 * read_current(pdk, corner):10.1f} uA"
        )
    if not samples:
        return
    for kind in ("read", "write"):
        worst = min(CORNERS, key=lambda corner: getattr(found[corner], kind))
        values = np.array(
            [
                getattr(m, kind)
                for seed, start in enumerate(range(0, samples, CHUNK), start=1)
                for m in mismatch_margins(pdk, worst, min(CHUNK, samples - start), seed)
            ]
        )
        mean, sigma = values.mean(), values.std(ddof=1)
        yield (
            f"{kind} margin of {samples} cells at {worst}: mean {1e3 * mean:.1f} mV, "
            f"sigma {1e3 * sigma:.1f} mV, mean - 5 sigma {1e3 * (mean - 5 * sigma):.1f} mV, "
            f"least {1e3 * values.min():.1f} mV"
        )
