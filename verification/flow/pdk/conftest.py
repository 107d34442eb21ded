"""The embedded tree and its wheel, made once for all tests of the PDK."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow.pdk import build, wheel


@pytest.fixture(scope="session")
def tree() -> Path:
    """The embedded sky130A tree; Liberty may be missing in it."""
    return build.build(timing=False)


@pytest.fixture(scope="session")
def archive() -> Path:
    """The verified wheel."""
    return wheel.fetch()
