"""Toggles and times at 1 of a VCD that can be counted by hand."""

from __future__ import annotations

import pytest

from flow.signoff.activity import read_activity
from flow.signoff.verdict import NoVerdict

VCD = """\
$timescale 1ps $end
$scope module dut $end
$var wire 1 ! \\u.q[3] $end
$var wire 3 " data [2:0] $end
$var wire 1 # still $end
$upscope $end
$enddefinitions $end
#1000
$dumpvars
x!
b0 "
0#
$end
#2000
1!
b101 "
#3000
0!
b1 "
#5000
1!
#6000
bx "
"""


def test_counts(tmp_path):
    path = tmp_path / "a.vcd"
    path.write_text(VCD)
    activity = read_activity(path)
    assert activity.duration_ps == 5000
    assert activity.nets == {
        "u.q[3]": (2, 2000),  # x to 1 is no toggle; at 1 from 2000 to 3000 and from 5000 on
        "data[2]": (2, 1000),
        "data[1]": (0, 0),
        "data[0]": (1, 4000),
        "still": (0, 0),
    }


def test_nets_are_sampled_at_the_rising_edges_of_a_clock(tmp_path):
    path = tmp_path / "a.vcd"
    path.write_text(VCD)
    wanted = ("data[2]", ("u.q[3]", "still"))
    assert read_activity(path, [wanted]).samples == {wanted: {("1", "0"): 1}}
    with pytest.raises(NoVerdict, match="has no net lost"):
        read_activity(path, [("data[2]", ("lost",))])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (VCD.replace("1ps", "1ns"), "no VCD with a time scale of 1 ps"),
        (VCD[: VCD.index("#2000")], "holds no activity"),
    ],
)
def test_no_activity_gets_no_verdict(tmp_path, text, message):
    path = tmp_path / "a.vcd"
    path.write_text(text)
    with pytest.raises(NoVerdict, match=message):
        read_activity(path)
