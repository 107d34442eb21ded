"""What OpenSTA printed is read, or refused; what is in violation is named."""

from __future__ import annotations

import pytest

from flow.pnr.timing.report import timing_report
from flow.pnr.timing.sta import TimingError, parse

LOG = """\
%SLACK ss max 1.25 a\\[3\\]_reg/D
%SLACK ss min 0.5 a\\[3\\]_reg/D
%SLACK ff max 2.5 a\\[3\\]_reg/D
%SLACK ff min -0.125 a\\[3\\]_reg/D
%SLEW ss u1/Y
%PATH 1.25
%POINT 0.5 u0/Q
%POINT 0.75 u1/A
%DONE
"""


def test_slacks_by_corner_and_endpoint() -> None:
    found = parse(LOG)
    assert found.setup["ss"] == {"a[3]_reg/D": 1.25}
    assert found.hold["ff"] == {"a[3]_reg/D": -0.125}
    assert found.slow == {"ss": ["u1/Y"]}
    assert found.paths[0] == (1.25, [("u0/Q", 0.5), ("u1/A", 0.75)])
    assert found.violations() == {"setup": 0, "hold": 1, "transition": 1}


def test_the_report_names_what_is_in_violation() -> None:
    lines = timing_report(parse(LOG)).splitlines()
    assert "early: a[3]_reg/D -0.125 ns, ff" in lines
    assert "slow: u1/Y, ss" in lines
    assert not any(line.startswith("late") for line in lines)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("", "did not finish"),
        (LOG.replace("%DONE", ""), "did not finish"),
        ("%FAILED no such file\n" + LOG, "no such file"),
        ("Error: chip.sdc, 5 no port\n" + LOG, "no port"),
        ("Warning: 3 module foo not found. Creating black box\n" + LOG, "no cell foo"),
        ("%DONE\n", "no timing path"),
    ],
)
def test_what_is_no_evidence(log: str, said: str) -> None:
    with pytest.raises(TimingError, match=said):
        parse(log)
