"""How a check ends: its verdicts printed, the exit status theirs."""

from __future__ import annotations

from collections.abc import Sequence

import click

from flow.signoff.verdict import Verdict, table

__all__ = ["conclude"]


def conclude(verdicts: Sequence[Verdict]) -> None:
    """Print the verdicts as a table; `RuntimeError` when one is not clean."""
    click.echo(table(verdicts), nl=False)
    failed = [verdict.name for verdict in verdicts if not verdict.passed]
    if failed:
        raise RuntimeError(f"not clean: {', '.join(failed)}")
