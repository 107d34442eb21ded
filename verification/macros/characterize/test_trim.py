"""macros.characterize.{netlist,wires,trim}: flattening, wires by geometry, folding."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from macros.characterize.netlist import Macro, read_macro
from macros.characterize.trim import Circuit, far, fold, whole
from macros.characterize.wires import Placement, wire_of
from macros.shape import MacroShape

NFET, PFET = "sky130_fd_pr__nfet_01v8", "sky130_fd_pr__pfet_01v8_hvt"
INVERTER = f"""\
.SUBCKT inv A Z vdd gnd
Xp Z A vdd vdd {PFET} m=2 w=0.84u l=0.15u
Xn Z A gnd gnd {NFET} m=1 w=0.42u l=0.15u
.ENDS inv
"""
CHAIN = f"""\
* a delay chain: every stage drives the next one and loads
{INVERTER}
.SUBCKT chain in out
+ vdd gnd
Xstage0 in x vdd gnd inv
Xload0 x n0 vdd gnd inv
Xload1 x n1 vdd gnd inv
Xstage1 x out vdd gnd inv
Xload2 out n2 vdd gnd inv
.ENDS chain
.SUBCKT sram_16x8 csb0 dout0[7] vccd1 vssd1
Xc csb0 dout0[7] vccd1 vssd1 chain
.ENDS sram_16x8
"""
PLACE = Placement(rows=16, columns=8)


@pytest.fixture
def macro(tmp_path: Path) -> Macro:
    path = tmp_path / "macro.sp"
    path.write_text(CHAIN)
    return read_macro(path, "sram_16x8")


def test_paths_and_sizes_survive_flattening(macro: Macro) -> None:
    assert [leaf.path for leaf in macro.leaves][:2] == ["c.stage0", "c.load0"]
    first = macro.leaves[0]
    assert first.nets == {"A": "csb0", "Z": "c.x", "vdd": "vccd1", "gnd": "vssd1"}
    p = first.kind.transistors[0]
    assert (p.model, p.width_um, p.length_um, p.fingers) == ("pfet_01v8_hvt", 1.68, 0.15, 2)
    assert macro.transistors == 10


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (".ENDS sram_16x8", "Xd csb0 x missing\n.ENDS", "places 'missing', which the netlist"),
        ("Xn Z A", "Xother Z A vdd gnd inv\nXn Z A", "subcircuit inv mixes"),
        ("sram_16x8", "sram_16x4", "has no subcircuit 'sram_16x8'"),
    ],
)
def test_a_wrong_netlist_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    path = tmp_path / "macro.sp"
    path.write_text(CHAIN.replace(old, new))
    with pytest.raises(ValueError, match=complaint):
        read_macro(path, "sram_16x8")


def test_equal_loads_fold_but_a_loaded_gate_does_not_join_them(macro: Macro) -> None:
    """Were the second stage taken for one more of its siblings, the chain would run too fast."""
    circuit = fold(macro, PLACE, (0, 15), 7)
    counts = Counter(leaf.path for leaf in circuit.leaves)
    assert set(counts) == {"c.stage0", "c.load0", "c.stage1", "c.load2"}
    gates = {one.name: one.count for one in circuit.elements}
    assert gates["c.load0.n"] == 2
    assert gates["c.load0.p"] == 4
    assert gates["c.stage1.n"] == 1


def test_nothing_is_lost_in_folding(macro: Macro) -> None:
    def total(circuit: Circuit) -> tuple[float, float]:
        width = sum(one.width_um * one.count for one in circuit.elements)
        return width, sum(ff for _, ff in circuit.capacitors)

    assert total(fold(macro, PLACE, (0, 15), 7)) == pytest.approx(total(whole(macro, PLACE)))


def test_a_wire_lies_between_driver_and_loads(macro: Macro) -> None:
    circuit = whole(macro, PLACE)
    gates = {one.name: one.nets for one in circuit.elements}
    assert gates["c.stage0.n"][:2] == ("c.x", far("csb0"))
    assert gates["c.stage1.n"][1] == far("c.x")
    assert next(ohm for one, _, ohm in circuit.resistors if one == "c.x") > 0


def test_wires_grow_with_the_array() -> None:
    small = Placement.of(MacroShape(16, 8), 1)
    large = Placement.of(MacroShape(512, 32), 4)
    assert (large.rows, large.columns) == (128, 128)
    line, column = "bank0.wl_0_7", "bank0.bl_0_3"
    for net in (line, column):
        assert wire_of(net, large).ff > 5 * wire_of(net, small).ff
    # 128 cells of 3.82 um (and three more) in met2, 0.26 um wide, 0.125 ohm per square
    assert wire_of(line, large).ohm == pytest.approx(131 * 3.82 / 0.26 * 0.125)
    assert wire_of("control0.clkbuf.Zb1_int", large) == wire_of("other.net", large)
