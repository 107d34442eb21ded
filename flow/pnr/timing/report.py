"""Timing after a repair as text: a line for each corner, and the worst offenders by name."""

from __future__ import annotations

from flow.pnr.timing.sta import Slacks

__all__ = ["timing_report"]

SHOWN = 20


def timing_report(slacks: Slacks) -> str:
    """Worst slacks (ns) and violations of every corner, then up to `SHOWN` violations of each kind,
    the worst first."""
    lines = [f"{'corner':16} {'setup ns':>9} {'late':>5} {'hold ns':>9} {'early':>5} {'slow':>5}"]
    for corner in slacks.setup:
        late, early = slacks.setup[corner], slacks.hold[corner]
        lines.append(
            f"{corner:16} {min(late.values()):9.3f} {_below(late):5}"
            f" {min(early.values()):9.3f} {_below(early):5} {len(slacks.slow.get(corner, [])):5}"
        )
    for title, table in (("late", slacks.setup), ("early", slacks.hold)):
        bad = sorted(
            (slack, corner, end)
            for corner, ends in table.items()
            for end, slack in ends.items()
            if slack < 0
        )
        lines += [f"{title}: {end} {slack:.3f} ns, {corner}" for slack, corner, end in bad[:SHOWN]]
    slow = [f"slow: {pin}, {corner}" for corner, pins in slacks.slow.items() for pin in pins]
    return "\n".join([*lines, *slow[:SHOWN], ""])


def _below(ends: dict[str, float]) -> int:
    return sum(slack < 0 for slack in ends.values())
