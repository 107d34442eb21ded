"""Shared by the tests on files made at random."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

FAST = settings(
    max_examples=200,
    deadline=None,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""The same files in every run; none is sought that is simpler and fails too."""


@pytest.fixture(scope="module")
def tally() -> Iterator[dict[bool, int]]:
    """How many of the files made at random were accepted, and how many refused: both must occur,
    or the test looks at one side of the reader only."""
    counts = {True: 0, False: 0}
    yield counts
    assert min(counts.values()) > 20, counts
