"""The verdict on synthesis: planted faults stop the flow, each in one sentence."""

from __future__ import annotations

import pytest

from flow import synthesis

LIBERTY = """\
library (l) {
  cell ("inv") {
    area : 3.5;
  }
  cell ("flop") {
    area : 20;
    ff (IQ, IQ_N) { clocked_on : "CLK"; next_state : "D"; }
  }
}
"""
NETLIST = """\
module top(a);
  inv i1 (
  );
  inv i2 (
  );
  flop f (
  );
  sram m (
  );
endmodule
"""
CORNERS = ("tt", "ss")


@pytest.fixture
def inputs(tmp_path):
    """Arguments of `summarise` for a sound netlist: two inverters, a flop, a macro."""
    netlist = tmp_path / "top.nl.v"
    netlist.write_text(NETLIST)
    liberties = {corner: tmp_path / f"{corner}.lib" for corner in CORNERS}
    for path in liberties.values():
        path.write_text(LIBERTY)
    metrics = {"design__instance__area": 27.0}
    for corner in CORNERS:
        for check in ("setup__ws", "hold__ws", "setup_r2r__ws"):
            metrics[f"timing__{check}__corner:{corner}"] = 1.5
    return {
        "design": "top",
        "period_ns": 20.0,
        "netlist": netlist,
        "liberties": liberties,
        "macros": {"sram": True},
        "metrics": metrics,
    }


def test_a_sound_netlist(inputs):
    result = synthesis.summarise(**inputs)
    assert (result.count, result.area_um2, result.registers) == (3, 27.0, 1)
    assert result.macros == {"sram": (1, True)}
    assert synthesis.faults(result) == []
    assert "PLACEHOLDER" in synthesis.table(result)


def test_a_measured_macro_carries_no_mark(inputs):
    result = synthesis.summarise(**(inputs | {"macros": {"sram": False}}))
    assert "PLACEHOLDER" not in synthesis.table(result)


def test_a_cell_that_one_corner_lacks(inputs):
    path = inputs["liberties"]["ss"]
    path.write_text(path.read_text().replace('"inv"', '"buf"'))
    faults = synthesis.faults(synthesis.summarise(**inputs))
    assert faults == ["1 masters have no Liberty: inv"]


@pytest.mark.parametrize("slack", [-0.001, float("nan")])
def test_setup_that_is_not_met(inputs, slack):
    inputs["metrics"]["timing__setup__ws__corner:ss"] = slack
    faults = synthesis.faults(synthesis.summarise(**inputs))
    assert len(faults) == 1
    assert "at ss before any wire" in faults[0]


@pytest.mark.parametrize("corner", CORNERS)
def test_a_missing_metric(inputs, corner):
    del inputs["metrics"][f"timing__hold__ws__corner:{corner}"]
    with pytest.raises(ValueError, match=f"metric timing__hold__ws__corner:{corner} is missing"):
        synthesis.summarise(**inputs)


def test_another_area_than_yosys(inputs):
    inputs["metrics"]["design__instance__area"] = 27.5
    with pytest.raises(ValueError, match=r"Yosys says 27\.500 um2, .* add up to 27\.000"):
        synthesis.summarise(**inputs)


def test_a_netlist_without_registers(inputs):
    inputs["netlist"].write_text(NETLIST.replace("flop f", "inv f"))
    inputs["metrics"]["design__instance__area"] = 10.5
    assert "no register" in synthesis.faults(synthesis.summarise(**inputs))[0]
