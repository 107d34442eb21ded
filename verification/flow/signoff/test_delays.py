"""Delays of OpenSTA reach Icarus: measured there. Planted faults: `planted`."""

from __future__ import annotations

import pytest

from flow.signoff.delays import read_delays, write_sdf
from flow.signoff.timed_models import timed_sources
from flow.signoff.verdict import NoVerdict
from verification.flow.signoff.counter import make_counter
from verification.flow.signoff.timed_counter import play

SDF = """\
(DELAYFILE
 (DESIGN "tiny")
 (CELL
  (CELLTYPE "tiny")
  (INSTANCE)
  (DELAY
   (ABSOLUTE
    (INTERCONNECT a u\\$1/A (0.010::0.020) (0.030::0.040))
    (INTERCONNECT ck r0/CLK (0.100::0.100))
   )
  )
 )
 (CELL
  (CELLTYPE "xor2")
  (INSTANCE u\\$1)
  (DELAY
   (ABSOLUTE
    (IOPATH A X (0.300::0.350) (0.200::0.250))
    (IOPATH A X (0.400::0.450) (0.100::0.150))
   )
  )
 )
 (CELL
  (CELLTYPE "dff")
  (INSTANCE r0)
  (DELAY (ABSOLUTE
    (IOPATH (posedge CLK) Q (0.500::0.600) (0.700::0.800))
  ))
  (TIMINGCHECK
    (HOLD (posedge D) (posedge CLK) (-0.049::-0.049))
    (HOLD (negedge D) (posedge CLK) (-0.020::-0.010))
    (SETUP (posedge D) (posedge CLK) (0.129::0.129))
    (SETUP (negedge D) (posedge CLK) (0.239::0.239))
  )
 )
)
"""


@pytest.fixture
def counter(timed_tree, tmp_path):
    return make_counter(timed_tree, tmp_path)


def test_wires_and_paths_become_one(tmp_path):
    path = tmp_path / "x.sdf"
    path.write_text(SDF)
    late, early = read_delays(path, late=True), read_delays(path, late=False)
    assert late.paths["u$1"]["A", "X"] == pytest.approx((0.49, 0.29))  # slowest path, slowest wire
    assert early.paths["u$1"]["A", "X"] == pytest.approx((0.31, 0.11))
    assert late.paths["r0"]["CLK", "Q"] == pytest.approx((0.7, 0.9))
    limit = late.limits["r0"]["D"]  # a clock that is 0.1 late needs less setup and more hold
    assert (limit.clock, limit.edge) == ("CLK", "posedge")
    assert (limit.setup, limit.hold) == pytest.approx((0.139, 0.09))
    text = write_sdf(late, {"u$1": "i0", "r0": "i1"}, {"xor2"})
    assert "(INSTANCE i0)" in text
    assert "(IOPATH A X (0.490) (0.290))" in text
    assert "i1" not in text


@pytest.mark.parametrize(
    ("text", "message"),
    [(SDF[:-60], "is truncated"), ('(DELAYFILE (DESIGN "tiny"))', "holds no delay")],
)
def test_a_damaged_file_gets_no_verdict(tmp_path, text, message):
    path = tmp_path / "x.sdf"
    path.write_text(text)
    with pytest.raises(NoVerdict, match=message):
        read_delays(path, late=True)


def _counts(printed):
    return [int(line.split()[1]) for line in printed if line.startswith("count")]


def test_the_delays_are_those_of_the_file(counter, tmp_path):
    delays, printed = play(counter, tmp_path)
    assert len(_counts(printed)) >= 5
    assert _counts(printed) == [k % 4 for k in range(len(_counts(printed)))]
    root = delays.paths["tree"]["A", "X"][0]
    known = [1000 * (root + edge) for r in ("r0", "r1") for edge in delays.paths[r]["CLK", "Q"]]
    moved = [int(line.split()[1]) for line in printed if line.startswith("moved")]
    assert moved
    assert all(min(abs(ps - other) for other in known) < 1.5 for ps in moved), (moved, known)
    assert not any(line.startswith("timing") for line in printed)


def test_delays_of_another_netlist_get_no_verdict(counter, timed_tree, tmp_path):
    path = tmp_path / "x.sdf"
    path.write_text(SDF)
    with pytest.raises(NoVerdict, match="of another netlist: it has no instance"):
        timed_sources(counter.netlist, read_delays(path, late=True), timed_tree, {}, {})
