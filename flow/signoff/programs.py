"""Programs that a check needs and a machine may lack."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from flow.signoff.verdict import NoVerdict

__all__ = ["printed_by", "program_of"]


def program_of(name: str, package: str) -> str:
    """Path of a program; `NoVerdict` with the Debian package that brings it where it is missing."""
    found = shutil.which(name)
    if found is None:
        raise NoVerdict(f"needs the {name} program: apt-get install {package}")
    return found


def printed_by(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> str:
    """What a program printed that ran in a folder; its exit status means nothing to us."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.stdout
