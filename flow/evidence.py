"""The evidence of a finished run beside its views: what each check looked at and found."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from flow.signoff.verdict import Verdict, write_verdict
from macros.store import atomic_directory

__all__ = ["EVIDENCE", "keep_evidence"]

EVIDENCE = Path("final", "evidence")
"""In a run's folder."""


def keep_evidence(folder: Path, verdicts: list[Verdict]) -> None:
    """Copy the verdicts of a run and their reports to `final/evidence`; nothing without any."""
    kept = folder / EVIDENCE
    if not verdicts:
        shutil.rmtree(kept, ignore_errors=True)
        return
    with atomic_directory(kept) as making:
        for verdict in verdicts:
            if verdict.file is not None:
                for path in sorted(verdict.file.parent.glob(f"{verdict.file.stem}.*")):
                    shutil.copyfile(path, making / path.name)
                verdict = replace(verdict, file=making / verdict.file.name)
            write_verdict(verdict, making)
