"""OpenSTA's status is always 0: only printed evidence counts."""

from __future__ import annotations

import re

import pytest

from flow.steps.sta import REQUIRED, UNCLOCKED, evidence

CORNER = "nom_tt_025C_1v80"
LOG = f"linked toy: 3 instances\n%SPIKEOUT_STA_DONE {CORNER}\n"


def _metrics() -> dict:
    names = (*REQUIRED, "timing__setup_endpoint__count")
    return {f"{name}__corner:{CORNER}": int(name != UNCLOCKED) for name in names}


def test_complete_evidence():
    assert evidence(LOG, CORNER, _metrics()) is None


@pytest.mark.parametrize("name", REQUIRED)
def test_each_metric_is_needed(name):
    metrics = _metrics()
    del metrics[f"{name}__corner:{CORNER}"]
    assert name in evidence(LOG, CORNER, metrics)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("", "did not finish"),
        (LOG.replace(CORNER, "other"), "did not finish"),
        ("%SPIKEOUT_STA_FAILED no such file\n", "failed at corner .*: no such file"),
        ("Error: chip.sdc, 5 no port\n" + LOG, "failed at corner .*: chip.sdc, 5 no port"),
        ("Warning: 3 module foo not found. Creating black box\n" + LOG, "knows no cell foo"),
    ],
)
def test_what_is_no_evidence(log, said):
    assert re.search(said, evidence(log, CORNER, _metrics()))


def test_registers_without_a_clock():
    metrics = _metrics() | {f"{UNCLOCKED}__corner:{CORNER}": 2}
    assert "does not reach 2 registers" in evidence(LOG, CORNER, metrics)


def test_a_design_without_paths():
    metrics = _metrics() | {f"timing__setup_endpoint__count__corner:{CORNER}": 0}
    assert "no timing path" in evidence(LOG, CORNER, metrics)
