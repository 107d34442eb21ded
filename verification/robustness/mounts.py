"""Disks of a test's own: mounts that only its processes see."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

__all__ = ["in_own_mounts"]


def in_own_mounts(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A shell script that may mount, where the machine lets it; the test is skipped elsewhere."""
    start = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--mount", "-Ur"]
    tried = subprocess.run([*start, "true"], capture_output=True, text=True)
    if tried.returncode:
        why = tried.stderr.strip()
        pytest.skip(f"needs mounts of its own, as root or in a user namespace: {why}")
    environment = {**os.environ, "PYTHON": sys.executable, **variables}
    return subprocess.run(
        [*start, "sh", "-c", script],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
