"""Every planted fault is found by the check that should, and every check has one."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow.signoff.checks import CHECKS
from verification.flow.signoff.planted import FAULTS, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.name}")
def test_a_planted_fault_is_found(fault: Fault, tmp_path: Path) -> None:
    lines = fault.found(tmp_path)
    assert lines, f"{fault.check} did not find: {fault.name}"
    print(f"{fault.check}: {fault.name}: {lines[0]}")


def test_the_table_has_faults_for_every_check() -> None:
    simulated = {"power_up", "sdf_ff"}  # the same judge and bench as gates and sdf_ss
    assert {fault.check for fault in FAULTS} == CHECKS.keys() - simulated
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 40
    print(f"{len(FAULTS)} planted faults")
