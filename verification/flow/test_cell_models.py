"""Cell models for simulation: cut from the library, and primitives without X that equal its own."""

from __future__ import annotations

import re
import subprocess

import pytest

from flow import pdk
from flow.cell_models import CLOCK_TO_OUTPUT, TWO_STATE, cell_models
from flow.pdk.names import PdkError, view_path

STEPS = 3000


@pytest.fixture(scope="module")
def tree():
    return pdk.resolve(timing=False)


def test_only_the_cells_asked_for(tree):
    models = cell_models(tree, ["sky130_fd_sc_hd__inv_1", "sky130_fd_sc_hd__dfxtp_2"])
    modules = set(re.findall(r"^module (\w+)", models["cells.v"], re.MULTILINE))
    assert modules == {"sky130_fd_sc_hd__inv_1", "sky130_fd_sc_hd__dfxtp_2"}
    assert "primitive sky130_fd_sc_hd__udp_dff$P (" in models["primitives.v"]
    assert models["cells.v"].startswith(CLOCK_TO_OUTPUT)


def test_a_cell_that_is_not_there(tree):
    with pytest.raises(PdkError, match="no Verilog model of sky130_fd_sc_hd__inv_3"):
        cell_models(tree, ["sky130_fd_sc_hd__inv_3"])


def test_plain_primitives_equal_the_tables(tree, tmp_path):
    """Single random bits flip; the outputs must agree once the state is known."""
    plain = TWO_STATE.read_text()
    modules = dict(re.findall(r"^module (\S+) \((.*?)\);", plain, re.MULTILINE | re.DOTALL))
    assert len(modules) == 10
    lines = []
    for number, (name, ports) in enumerate(modules.items()):
        pins = re.findall(r"(?:input|output(?: reg)?) (\w+)", ports)
        inputs = ", ".join(f"v[{bit}]" for bit in range(len(pins) - 1))
        lines.append(f"wire a{number}, b{number}; {name} t{number} (a{number}, {inputs});")
        lines.append(f"plain_{name} p{number} (b{number}, {inputs});")
        lines.append(
            f"always @(check) if (a{number} !== 1'bx && a{number} !== b{number})"
            f' $display("DIFFERS {name} %b %b at %b", a{number}, b{number}, v);'
        )
        lines.append(f"always @(check) if (a{number} !== 1'bx) known{number} = 1;")
        lines.insert(0, f"reg known{number} = 0;")
    seen = " & ".join(f"known{number}" for number in range(len(modules)))
    bench = (
        "`timescale 1ns / 1ps\nmodule bench; reg [5:0] v; reg check = 0; integer i;\n"
        + "\n".join(lines)
        + f"\ninitial begin v = 0; for (i = 0; i < {STEPS}; i = i + 1) begin"
        " #1 v = v ^ (6'd1 << ($unsigned($random) % 6)); #1 check = !check; end"
        f' #1 if ({seen}) $display("ALL KNOWN"); $finish; end\nendmodule\n'
    )
    renamed = re.sub(r"^module ", "module plain_", plain, flags=re.MULTILINE)
    (tmp_path / "bench.v").write_text(bench)
    (tmp_path / "plain.v").write_text(renamed)
    command = ["iverilog", "-g2012", "-s", "bench", "-o", "bench.vvp", "bench.v", "plain.v"]
    subprocess.run([*command, str(view_path(tree, "primitives"))], cwd=tmp_path, check=True)
    output = subprocess.run(
        ["vvp", "-n", "bench.vvp"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "ALL KNOWN"
