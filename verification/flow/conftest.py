"""A small design that goes through the flow, and the PDK it uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow import doctor, pdk
from flow.chip_config import SDC
from flow.run import Run, Wishes, execute

embedded = pytest.mark.skipif(
    doctor.mode()[0] == "openlane", reason="the machine has OpenROAD, whose steps run instead"
)

TOY = """\
module toy (input clk, input rst, input [7:0] a, input [7:0] b, output reg [11:0] sum);
  reg [7:0] x, z;
  always @(posedge clk)
    if (rst) begin x <= 0; z <= 0; sum <= 0; end
    else begin x <= a; z <= b; sum <= sum + x + (z & {8{x[0]}}); end
endmodule
"""


@pytest.fixture(scope="session")
def timed_tree() -> Path:
    """A sky130A tree with Liberty."""
    return pdk.resolve()


@pytest.fixture(scope="session")
def toy_config(tmp_path_factory) -> dict:
    """LibreLane configuration of the small design."""
    source = tmp_path_factory.mktemp("toy") / "toy.v"
    source.write_text(TOY)
    return {
        "DESIGN_NAME": "toy",
        "VERILOG_FILES": [str(source)],
        "CLOCK_PORT": "clk",
        "CLOCK_PERIOD": 20,
        "PNR_SDC_FILE": str(SDC),
        "SIGNOFF_SDC_FILE": str(SDC),
    }


@pytest.fixture(scope="session")
def toy_run(timed_tree, toy_config, tmp_path_factory) -> Run:
    """The small design, synthesised."""
    return execute(
        toy_config, tmp_path_factory.mktemp("build") / "toy" / "run", Wishes(to="synthesis")
    )
