"""The timing model of a design, held as a macro, against the design itself: OpenSTA reads both."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from flow.pdk import liberty_reader
from flow.signoff.chip_run import read_run
from flow.signoff.opensta import TimedDesign
from flow.signoff.verdict import NoVerdict
from flow.timing_model import TRANSITIONS_NS, timing_model

CORNER = "nom_ss_100C_1v60"
HOLDER = """\
module toy_holder (input clk, input rst, input [7:0] a, input [7:0] b, output [11:0] sum);
  toy held (.clk(clk), .rst(rst), .a(a), .b(b), .sum(sum));
endmodule
"""
SLACKS = """\
foreach library {{{libraries}}} {{ read_liberty $library }}
read_verilog {netlist}
link_design {top}
create_clock [get_ports clk] -name clk -period 20
set_propagated_clock [all_clocks]
set_input_transition 0.15 [get_ports clk]
set inputs [get_ports {{rst a[*] b[*]}}]
set_input_transition {transition} $inputs
set_load {load} [all_outputs]
set_input_delay 3 -clock clk $inputs
set_output_delay 4 -clock clk [all_outputs]
foreach port [concat $inputs [all_outputs]] {{
    set name [get_property $port full_name]
    foreach edge {{ rise fall }} {{
        foreach side {{ max min }} {{
            set slack [get_property [sta::find_pin $name] ${{side}}_${{edge}}_slack]
            puts "%SLACK $name $side $edge $slack"
        }}
    }}
}}
"""


@pytest.fixture(scope="module")
def timed(toy_run) -> TimedDesign:
    """The small design, synthesised."""
    return read_run(toy_run.folder).timed()


@pytest.fixture(scope="module")
def model(timed, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    path = folder / "toy.lib"
    path.write_text(timing_model(timed, CORNER, folder, 1234.5))
    return path


def slacks(folder: Path, **words: object) -> dict[str, float]:
    """Port, side and edge -> slack in ns."""
    script = folder / "slacks.tcl"
    script.write_text(SLACKS.format(**words))
    said = subprocess.run(
        ["sta", "-no_splash", "-exit", str(script)], capture_output=True, text=True, check=True
    ).stdout
    return {name: float(slack) for name, slack in re.findall(r"^%SLACK (.*) (\S+)$", said, re.M)}


@pytest.mark.parametrize(
    ("transition", "load", "within_ns"),
    [(TRANSITIONS_NS[2], 0.033442, 0.002), (0.5, 0.05, 0.06)],
    ids=["at a point of its tables", "between them"],
)
def test_the_holder_of_a_chip_sees_the_slacks_of_the_chip(
    timed, model, tmp_path, transition, load, within_ns
):
    holder = tmp_path / "holder.v"
    holder.write_text(HOLDER)
    around = {"transition": transition, "load": load}
    libraries = " ".join(map(str, timed.liberties[CORNER]))
    real = slacks(tmp_path, libraries=libraries, netlist=timed.netlist, top="toy", **around)
    seen = slacks(tmp_path, libraries=model, netlist=holder, top="toy_holder", **around)
    compared = 0
    for name, slack in real.items():
        if abs(slack) < 1e29 and not (name.startswith("sum") and " min " in name):
            assert seen[name] == pytest.approx(slack, abs=within_ns), name
            compared += 1
    assert compared == 2 * 2 * 17 + 2 * 12


def test_delays_to_outputs_are_never_shorter_than_the_shortest(timed, model, tmp_path):
    """The model has the longest delay only, so a holder's hold slack at an output is larger."""
    holder = tmp_path / "holder.v"
    holder.write_text(HOLDER)
    around = {"transition": 0.1, "load": 0.01}
    libraries = " ".join(map(str, timed.liberties[CORNER]))
    real = slacks(tmp_path, libraries=libraries, netlist=timed.netlist, top="toy", **around)
    seen = slacks(tmp_path, libraries=model, netlist=holder, top="toy_holder", **around)
    names = [name for name in real if name.startswith("sum") and " min " in name]
    assert len(names) == 24
    assert all(seen[name] >= real[name] - 0.002 for name in names)


def test_pins_buses_and_supplies_are_those_of_the_design(model):
    library = liberty_reader.read(model)
    (cell,) = library.groups("cell")
    assert (cell.name, cell.number("area")) == ("toy", 1234.5)
    assert {pin.name for pin in cell.groups("pg_pin")} == {"VPWR", "VGND"}
    buses = {bus.name: [pin.name for pin in bus.groups("pin")] for bus in cell.groups("bus")}
    assert {bus: len(pins) for bus, pins in buses.items()} == {"a": 8, "b": 8, "sum": 12}
    assert buses["a"][3] == "a[3]"
    single = {pin.name: pin for pin in cell.groups("pin")}
    assert single["clk"].text("clock") == "true"
    assert 0 < single["clk"].number("min_period") < 20
    assert 0.001 < single["rst"].number("capacitance") < 0.1


def test_a_path_without_a_register_has_no_place_in_the_model(timed, tmp_path):
    netlist = tmp_path / "toy.nl.v"
    text = timed.netlist.read_text()
    text = re.sub(r"\bmodule toy\s*\(", "module toy (through, ", text, count=1)
    text = text.replace("input clk;", "input clk;\n  output through;", 1)
    buffer = "  sky130_fd_sc_hd__buf_1 past (.A(rst), .X(through));\nendmodule"
    netlist.write_text(text.replace("endmodule", buffer, 1))
    with pytest.raises(NoVerdict, match="a path from rst reaches an output unregistered"):
        timing_model(replace(timed, netlist=netlist), CORNER, tmp_path, 1.0)
