"""macros.characterize on a real macro: folding against the whole, the march, planted faults."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
import pytest

from flow import pdk
from macros.characterize import CORNERS, characterise, figures, functional_run
from macros.characterize import run as room
from macros.characterize.cycles import Clocked, Cycle, Outcome
from macros.characterize.netlist import read_macro
from macros.characterize.timing import LOAD_PF, SLEW_NS
from macros.characterize.trim import Circuit, fold, whole
from macros.characterize.wires import Placement, length_um
from macros.generator.place import place
from macros.shape import MacroShape
from macros.spice import SpiceError
from macros.technology import layers

SHAPE = MacroShape(16, 8)
CORNER = CORNERS["tt_025C_1v80"]
PHASE_NS = 5.0


@pytest.fixture(scope="module")
def tree() -> Path:
    return pdk.resolve(timing=False)


@pytest.fixture(scope="module")
def netlist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return place(SHAPE, tmp_path_factory.mktemp("macro")).with_suffix(".lvs.sp")


STACK = (
    (layers.LI1, layers.MCON, layers.MET1),
    (layers.MET1, layers.VIA, layers.MET2),
    (layers.MET2, layers.VIA2, layers.MET3),
)


def drawn_length_um(gds: Path, net: str) -> float:
    """Half the perimeter of a bank's net on met1, met2 and met3, traced from its label."""
    layout = kdb.Layout()
    layout.read(str(gds))
    top = layout.cell(gds.stem)
    bank = next(one for one in top.each_inst() if one.cell.name.endswith("bank"))
    index = layout.find_layer(*layers.MET2_LABEL)
    (label,) = (
        shape
        for shape in bank.cell.shapes(index).each()
        if shape.is_text() and shape.text_string == net
    )
    place_of = kdb.Point(label.text_trans.disp.x, label.text_trans.disp.y)
    connections = kdb.NetTracerConnectivity()
    for low, cut, high in STACK:
        connections.connection(*(f"{one.layer}/{one.datatype}" for one in (low, cut, high)))
    tracer = kdb.NetTracer()
    start = layout.find_layer(*layers.MET2)
    tracer.trace(connections, layout, top, bank.trans * place_of, start)
    metal = {layout.find_layer(*layer): kdb.Region() for *_, layer in STACK}
    for element in tracer.each_element():
        if element.layer() in metal:
            metal[element.layer()].insert(element.shape().polygon.transformed(element.trans()))
    return sum(region.merged().perimeter() for region in metal.values()) / 2000


@pytest.mark.full
@pytest.mark.parametrize("net", ["s_en0", "w_en0", "p_en_bar0", "wl_en0"])
def test_wires_are_assumed_at_least_as_long_as_drawn(netlist: Path, net: str) -> None:
    gds = netlist.with_name(f"{SHAPE.name}.gds")
    drawn, assumed = drawn_length_um(gds, net), length_um(net, Placement.of(SHAPE, 1))
    print(f"{net}: drawn {drawn:.0f} um, assumed {assumed:.0f} um")
    assert 0.9 * drawn < assumed < 2.2 * drawn


@pytest.mark.full
def test_folding_agrees_with_the_whole_macro(tree: Path, netlist: Path) -> None:
    """Access and energy of the untrimmed 16x8 within 10 %."""
    macro = read_macro(netlist, SHAPE.name)
    place_of = Placement.of(SHAPE, 1)
    last, word, bit = SHAPE.words - 1, (1 << SHAPE.bits) - 1, SHAPE.bits - 1
    cycles = (Cycle("write", last, word), Cycle("write", 0, 0), Cycle("read", last, word))

    def run(circuit: Circuit) -> Outcome:
        return Clocked(tree, CORNER, circuit, SHAPE, PHASE_NS, PHASE_NS).run(cycles)

    def access(outcome: Outcome) -> float:
        start = outcome.bench.fall(2)
        return outcome.waves.cross(f"dout0[{bit}]", CORNER.volt / 2, start, rising=True) - start

    folded, complete = run(fold(macro, place_of, (0, last), bit)), run(whole(macro, place_of))
    rows = [("access ns", access(folded), access(complete))]
    rows += [
        (f"{cycle.kind} {k} pJ", folded.energy_pj(k), complete.energy_pj(k))
        for k, cycle in enumerate(cycles)
    ]
    for name, trimmed, untrimmed in rows:
        print(f"{name:12} trimmed {trimmed:8.3f} whole {untrimmed:8.3f}")
        assert trimmed == pytest.approx(untrimmed, rel=0.1), name
    assert folded.bench.circuit.transistors * 3 < complete.bench.circuit.transistors


@pytest.mark.full
@pytest.mark.parametrize(("slew", "load"), [(4, 5), (0, 5), (5, 0)])
def test_tables_hold_on_the_whole_path(tree: Path, netlist: Path, slew: int, load: int) -> None:
    """Clock buffer and output driver are measured alone; here all of it runs, at a slow clock
    and a large load."""
    table = figures(netlist, SHAPE, CORNER.name, tree).delay
    last, word, bit = SHAPE.words - 1, (1 << SHAPE.bits) - 1, SHAPE.bits - 1
    circuit = fold(read_macro(netlist, SHAPE.name), Placement.of(SHAPE, 1), (0, last), bit)
    bench = Clocked(
        tree,
        CORNER,
        circuit,
        SHAPE,
        PHASE_NS,
        PHASE_NS,
        SLEW_NS[slew],
        LOAD_PF[load],
        step_ns=0.05,
    )
    cycles = (
        Cycle("write", last, word),
        Cycle("write", 0, 0),
        Cycle("read", last, word),
        Cycle("read", 0, 0),
    )
    outcome = bench.run(cycles)
    for edge, cycle in (("rise", 2), ("fall", 3)):
        start = bench.fall(cycle)
        level = CORNER.volt / 2
        found = outcome.waves.cross(f"dout0[{bit}]", level, start, rising=edge == "rise") - start
        print(f"{edge} whole path {found:.3f} ns, table {table[edge][slew][load]:.3f} ns")
        assert table[edge][slew][load] == pytest.approx(found, rel=0.1)


@pytest.mark.full
@pytest.mark.parametrize("corner", CORNERS)
def test_a_march_passes_at_the_rated_period(tree: Path, netlist: Path, corner: str) -> None:
    result = functional_run(netlist, SHAPE, corner, tree)
    print(result)
    assert result.passed, str(result)
    assert result.reads >= 12


@pytest.mark.full
@pytest.mark.parametrize("seed", [1, 2])
def test_a_march_passes_from_any_state_at_power_up(tree: Path, netlist: Path, seed: int) -> None:
    rated = figures(netlist, SHAPE, CORNER.name, tree)
    circuit = room.march_circuit(read_macro(netlist, SHAPE.name), SHAPE, 1)
    result = room.march(tree, CORNER, circuit, SHAPE, (rated.high_ns, rated.low_ns), seed=seed)
    assert result.passed, str(result)


@pytest.mark.full
@pytest.mark.parametrize(
    ("old", "new"),
    [
        # sense enable no longer waits for the replica column
        ("Xbuf_s_en_and\n+ rbl_bl_delay", "Xbuf_s_en_and\n+ vdd"),
        # write enable never comes
        ("Xw_en_and\n+ we ", "Xw_en_and\n+ gnd "),
    ],
)
def test_a_planted_fault_is_seen(
    tree: Path, netlist: Path, tmp_path: Path, old: str, new: str
) -> None:
    text = netlist.read_text()
    assert old in text
    broken = tmp_path / "broken.sp"
    broken.write_text(text.replace(old, new))
    rated = figures(netlist, SHAPE, CORNER.name, tree)
    result = room.march(
        tree,
        CORNER,
        room.march_circuit(read_macro(broken, SHAPE.name), SHAPE, 1),
        SHAPE,
        (rated.high_ns, rated.low_ns),
    )
    assert not result.passed


def test_bad_input_is_one_line(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netlist = tmp_path / "macro.sp"
    netlist.write_text(".SUBCKT other a\n.ENDS\n")
    with pytest.raises(ValueError, match="corner must be one of tt_025C_1v80"):
        characterise(netlist, SHAPE, "tt", tmp_path, area_um2=1.0)
    with pytest.raises(ValueError, match="no subcircuit 'sram_16x8'"):
        characterise(netlist, SHAPE, CORNER.name, tmp_path, area_um2=1.0)
    netlist.write_text(".SUBCKT sram_16x8 clk0\n.ENDS\n")
    with pytest.raises(ValueError, match="no sky130A tree"):
        characterise(netlist, SHAPE, CORNER.name, tmp_path, area_um2=1.0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SpiceError, match="apt-get install ngspice"):
        characterise(netlist, SHAPE, CORNER.name, tree, area_um2=1.0)
