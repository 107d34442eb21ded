"""The random cases reach everything, and nothing is X after reset (Icarus, from power-up X)."""

from __future__ import annotations

import re

import pytest

from flow.chips import chip_file
from rtl.config import load_chip
from verification.rtl.coverage import Report, measure
from verification.rtl.monitor import monitor
from verification.rtl.random_cases import random_case
from verification.rtl.simulation import build, rtl_sources

SEEDS = range(24)


@pytest.fixture(scope="module")
def report() -> Report:
    measured = measure(load_chip(chip_file("digits")), SEEDS)
    print(measured)
    return measured


def test_everything_is_covered(report: Report) -> None:
    assert report.holes == []


def test_no_transition_that_the_code_does_not_name(report: Report) -> None:
    assert report.unexpected == []


def test_no_x_after_reset(report: Report) -> None:
    assert report.unknown == []


def test_all_runs_equal_golden(report: Report) -> None:
    assert report.failed == []


def test_an_unreset_register_is_found() -> None:
    """The watch for X can fail: a lane that no reset clears."""
    chip = load_chip(chip_file("digits"))
    sources = rtl_sources(chip)
    sources["monitor.v"] = monitor(sources, chip.name)
    text = sources["digits.v"]
    place = text.index("module digits_lanes(")
    found = re.search(r"^    lane_0 <= (\w+);", text[place:], flags=re.M)
    assert found is not None
    reset = re.compile(rf"assign {found[1]} = wb_rst_i \? \S+ : ")
    broken = text[:place] + reset.sub(f"assign {found[1]} = ", text[place:], count=1)
    assert broken != text
    sources["digits.v"] = broken
    patience = {"PATIENCE": "20000"}  # a chip of unknowns may never answer
    simulator = build(sources, chip.name, "icarus", patience, arguments=("-s", "monitor"))
    result = simulator.run(random_case(0, chip).operations()[0])
    assert any("lane_0" in line for line in result.unknown)
