"""Timing of the counter: clean as it is, no verdict on bad input. Planted faults: `planted`."""

from __future__ import annotations

import json

import pytest

from flow.signoff.timing import check_timing, parse
from flow.signoff.verdict import NoVerdict
from verification.flow.signoff.counter import CORNER, make_counter, spef

DEF = """\
VERSION 5.8 ;
DESIGN tiny ;
UNITS DISTANCE MICRONS 1000 ;
COMPONENTS 2 ;
- r0 sky130_fd_sc_hd__dfxtp_1 + PLACED ( 1000 2720 ) N ;
- u1 sky130_fd_sc_hd__xor2_1 + PLACED ( 9000 2720 ) FS ;
END COMPONENTS
PINS 1 ;
- en + NET en + DIRECTION INPUT + LAYER met2 ( -70 0 ) ( 70 400 ) + PLACED ( 500 0 ) N ;
END PINS
END DESIGN
"""


@pytest.fixture
def counter(timed_tree, tmp_path):
    return make_counter(timed_tree, tmp_path)


def test_the_counter_is_clean_and_its_paths_have_places(counter, tmp_path):
    placement = tmp_path / "tiny.def"
    placement.write_text(DEF)
    verdict = check_timing(counter.timed, tmp_path / "out", placement=placement)
    assert verdict.passed, verdict.figure
    assert verdict.metrics[f"signoff__setup__count__corner:{CORNER}"] == 5  # 2 registers, 3 outputs
    assert verdict.metrics[f"signoff__setup__ws__corner:{CORNER}"] > 0
    paths = json.loads(verdict.file.read_text())["corners"][CORNER]["paths"]
    points = {point["pin"]: point for path in paths for point in path["points"]}
    assert points["r0/Q"]["cell"] == "sky130_fd_sc_hd__dfxtp_1"
    assert (points["u1/A"]["x_nm"], points["u1/A"]["y_nm"]) == (9000, 2720)
    arrivals = [point["arrival_ns"] for point in paths[0]["points"]]
    assert arrivals == sorted(arrivals)


def test_wires_count(counter, tmp_path):
    def slack(design):
        name = f"signoff__setup__ws__corner:{CORNER}"
        return check_timing(design, tmp_path / "out").metrics[name]

    before = slack(counter.timed)
    assert slack(counter.change(wires=spef({"full": 60.0}))) < before - 0.1


def test_too_much_load_on_a_net(counter, tmp_path):
    verdict = check_timing(counter.change(wires=spef({"t0": 500.0})), tmp_path / "out")
    found = json.loads(verdict.file.read_text())["corners"][CORNER]["violations"]["capacitance"]
    assert [line.split(":")[0] for line in found] == ["t0"]
    assert "sky130_fd_sc_hd__xor2_1/X" in found[0]


def test_a_register_without_a_clock_gets_no_verdict(counter, tmp_path):
    with pytest.raises(NoVerdict, match="the clock does not reach 1 registers"):
        check_timing(counter.change("r1 (.CLK(ck)", "r1 (.CLK(nrst)"), tmp_path / "out")


@pytest.mark.parametrize(
    ("wires", "message"),
    [
        (spef({}, design="other"), "is of other, not of tiny"),
        (spef({}).replace("u4:B", "u9:B"), "another layout: the netlist has no pin u9:B"),
        (spef({})[:900], "is truncated"),
    ],
)
def test_wires_of_something_else_get_no_verdict(counter, tmp_path, wires, message):
    with pytest.raises(NoVerdict, match=message):
        check_timing(counter.change(wires=wires), tmp_path / "out")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("module tiny", "module other", "holds other, not the design tiny"),
        ("endmodule\n", "", "is truncated"),
        ("xor2_1 u1", "xor9_1 u1", "OpenSTA knows no cell sky130_fd_sc_hd__xor9_1"),
    ],
)
def test_a_netlist_of_something_else_gets_no_verdict(counter, tmp_path, old, new, message):
    with pytest.raises(NoVerdict, match=message):
        check_timing(counter.change(old, new), tmp_path / "out")


def test_liberty_without_a_used_cell_gets_no_verdict(counter, tmp_path):
    (path,) = counter.timed.liberties[CORNER]
    library = tmp_path / "cut.lib"
    library.write_text(path.read_text().replace("sky130_fd_sc_hd__xor2_1", "not_there"))
    counter.timed.liberties[CORNER][0] = library
    with pytest.raises(NoVerdict, match="OpenSTA knows no cell sky130_fd_sc_hd__xor2_1"):
        check_timing(counter.timed, tmp_path / "out")


def test_a_report_that_is_not_there_gets_no_verdict():
    with pytest.raises(NoVerdict, match="did not check pulse_width"):
        parse("%ROLE setup 1.0\n%ROLE hold 1.0\n", CORNER)
