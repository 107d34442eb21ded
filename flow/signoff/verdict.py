"""What a sign-off check says: one frozen record, the same for every check.

    verdict = check_timing(...)
    verdict.passed, verdict.figure, verdict.file

A check that cannot judge (truncated input, another design, a tool that did not finish) raises
`NoVerdict` instead: neither clean nor dirty.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from macros.store import atomic_write

__all__ = ["NoVerdict", "Verdict", "read_verdicts", "table", "verdict_file", "write_verdict"]

SUFFIX = ".verdict.json"


class NoVerdict(RuntimeError):
    """The check could not judge its input; one sentence that says why."""


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check.

    Parameters
    ----------
    name : the check, a lower-case word: "drc", "lvs", "timing", ...
    passed : True only on positive evidence
    figure : what it looked at and counted, one line: "0 markers; 214 rules, 3104 cells"
    file : the evidence in full, a report to open; None when the figure is all there is
    metrics : name -> number, LibreLane's names where it has one
    """

    name: str
    passed: bool
    figure: str
    file: Path | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.name or not self.figure:
            raise ValueError("a verdict needs a name and a figure, they must not be empty")


def write_verdict(verdict: Verdict, folder: Path) -> Path:
    """Keep a verdict as `folder/<name>.verdict.json`, its file relative to the folder if inside."""
    content = asdict(verdict)
    file = verdict.file
    if file is not None:
        inside = file.is_relative_to(folder)
        content["file"] = str(file.relative_to(folder) if inside else file)
    path = verdict_file(verdict.name, folder)
    atomic_write(path, json.dumps(content, indent=1) + "\n")
    return path


def verdict_file(name: str, folder: Path) -> Path:
    """Where the verdict of a check is kept."""
    return folder / f"{name}{SUFFIX}"


def read_verdicts(folder: Path) -> list[Verdict]:
    """All verdicts kept in a folder, by name; `NoVerdict` for a damaged file."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            content = json.loads(path.read_text())
            file = content.pop("file")
            found.append(Verdict(**content, file=None if file is None else folder / file))
        except (ValueError, TypeError, KeyError) as error:
            raise NoVerdict(f"{path} is not a verdict: {error}") from None
    return found


def table(
    verdicts: Iterable[Verdict],
    base: Path | None = None,
    not_run: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """One line per check as plain text: name, verdict, figure, file (relative to `base`); then
    those that were `not_run`, with the reason."""
    rows = [("check", "verdict", "figure", "file")]
    for verdict in verdicts:
        file = verdict.file
        if file is not None and base is not None and file.is_relative_to(base):
            file = file.relative_to(base)
        word = "clean" if verdict.passed else "FAILED"
        rows.append((verdict.name, word, verdict.figure, "-" if file is None else str(file)))
    rows += [(name, "not run", reason, "-") for name, reason in not_run.items()]
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    lines = (
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines) + "\n"
