"""Characterisation end to end: a few cells again against the committed library, and the command."""

from __future__ import annotations

import json
import lzma
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from flow import cli
from flow.commands.pdk_characterize import characterize as command
from flow.pdk import build
from flow.pdk.characterize import combinational, run
from flow.pdk.characterize.bench import Bench
from flow.pdk.characterize.cells import CELLS, select
from flow.pdk.characterize.corners import CORNERS
from flow.pdk.characterize.logic import truth_table
from flow.pdk.liberty_reader import Group, parse
from macros.store import cache_root

TYPICAL = CORNERS["tt_025C_1v80"]
PREFIX = "sky130_fd_sc_hd__"


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache without results."""
    monkeypatch.setenv("SPIKEOUT_CACHE", str(tmp_path))


def committed(corner: str) -> dict[str, Group]:
    text = lzma.decompress((build.LIBERTY / f"{PREFIX}{corner}.lib.xz").read_bytes())
    return {cell.name: cell for cell in parse(text.decode()).groups("cell")}


def numbers(cell: Group) -> dict[str, np.ndarray]:
    """Every table of a cell: path -> values."""
    found = {}
    for pin in cell.groups("pin"):
        for k, group in enumerate(pin.children):
            for table in group.children:
                found[f"{pin.name} {k} {group.kind} {table.kind}"] = np.array(
                    table.numbers("values")
                )
    return found


@pytest.mark.parametrize(
    ("corner", "cell"),
    [("tt_025C_1v80", "nand2_1"), ("ss_100C_1v60", "inv_1"), ("ff_n40C_1v95", "buf_1")],
)
def test_a_cell_characterised_again_is_the_committed_one(tree, fresh, corner, cell) -> None:
    name = PREFIX + cell
    records, failures = run.characterize(tree, CORNERS[corner], [name])
    assert not failures
    text = lzma.decompress(run.pack(tree, CORNERS[corner], records, "again")).decode()
    again = next(parse(text).groups("cell"))
    ours, theirs = numbers(again), numbers(committed(corner)[name])
    assert ours.keys() == theirs.keys()
    for path, values in ours.items():
        assert values == pytest.approx(theirs[path], rel=1e-3, abs=1e-6), path
    leak = [cell.text("cell_leakage_power") for cell in (again, committed(corner)[name])]
    assert float(leak[0]) == pytest.approx(float(leak[1]), rel=1e-3)


@pytest.mark.parametrize("missing", ["resistance", "capacitance", "stress"])
def test_a_missing_parasitic_is_noticed(tree, missing: str) -> None:
    """inv_4 without one kind of parasitic is off by more than the committed library may be."""
    netlist = run.netlists(tree, PREFIX + "inv_4")
    without = {
        "resistance": replace(
            netlist,
            devices=tuple(
                replace(d, gate_ohm=0.0, drain_ohm=0.0, source_ohm=0.0) for d in netlist.devices
            ),
        ),
        "capacitance": replace(netlist, capacitance_ff={}),
        "stress": replace(
            netlist, devices=tuple(replace(d, stress_um=(3.0, 3.0)) for d in netlist.devices)
        ),
    }[missing]
    medians = []
    for candidate in (netlist, without):
        bench = Bench(tree, candidate, TYPICAL, ("A",), ("Y",))
        arc = combinational.arcs(("A",), {"Y": truth_table(candidate, ("A",), "Y")})[0]
        rise = next(s for s in arc.stimuli if s.output_rises)
        loads = (0.0005, 0.05, 0.5)
        beat = combinational.pace(bench, rise, loads[-1])
        grid = combinational.tables(bench, [(rise, beat, loads)])[0]
        medians.append(
            [
                combinational.delay(r, s)
                for s, row in zip(TYPICAL.slew_ns, grid, strict=True)
                for r in row
            ]
        )
    change = np.abs(np.array(medians[1]) / np.array(medians[0]) - 1)
    assert np.max(change) > 0.05


def test_committed_libraries_hold_every_cell() -> None:
    for corner in CORNERS:
        cells = committed(corner)
        assert set(cells) == set(CELLS)
    assert len(CELLS) >= 110


def test_selection() -> None:
    assert select("inv_*") == select("sky130_fd_sc_hd__inv_*")
    assert len(select("*")) == len(CELLS)
    with pytest.raises(ValueError, match=r"cells must match .*'nand9'"):
        select("nand9")


def test_bad_input_of_the_command(tmp_path: Path) -> None:
    for arguments, message in (
        (["--corner", "tt"], "corner must be one of tt_025C_1v80"),
        (["--cells", "nothing*"], "cells must match"),
        (["--cells", "inv_1"], "--output"),
    ):
        result = CliRunner().invoke(command, arguments)
        assert isinstance(result.exception, ValueError)
        assert message in str(result.exception)


def test_a_cell_that_fails_is_named_and_the_rest_goes_on(
    tree, fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ngspice that crashes on one cell: exit 1, nothing written, the other cell is kept."""
    genuine = run.find_ngspice()
    fake = tmp_path / "bin" / "ngspice"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\ngrep -q "^\\* {PREFIX}inv_2 " "$2" && kill -SEGV $$\nexec {genuine} "$@"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    monkeypatch.setattr("flow.pdk.resolve", lambda timing: tree)
    out = tmp_path / "out"
    result = CliRunner().invoke(
        command,
        ["--corner", TYPICAL.name, "--cells", "inv_[12]", "--jobs", "1", "--output", str(out)],
    )
    assert result.exit_code == 1
    assert f"{TYPICAL.name}: {PREFIX}inv_2: ngspice failed" in result.output
    assert not out.exists()
    kept = [path.name for path in (cache_root() / "liberty").glob("*__tt_025C_1v80_*.json")]
    assert any("inv_1_" in name for name in kept)
    assert not any("inv_2_" in name for name in kept)


def test_an_interrupted_run_leaves_whole_records_and_the_next_one_goes_on(
    tree, fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(cell: str) -> None:
        raise KeyboardInterrupt

    cells = [PREFIX + "inv_1", PREFIX + "inv_2"]
    with pytest.raises(KeyboardInterrupt):
        run.characterize(tree, TYPICAL, cells, progress=stop)
    kept = {path: path.stat() for path in (cache_root() / "liberty").glob("*__tt_025C_1v80_*.json")}
    assert kept
    assert all(json.loads(path.read_text()) for path in kept)
    records, failures = run.characterize(tree, TYPICAL, cells)
    assert sorted(records) == cells
    assert not failures
    assert all(path.stat().st_mtime_ns == before.st_mtime_ns for path, before in kept.items())


def test_without_ngspice_the_command_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tree
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("flow.pdk.resolve", lambda timing: tree)
    arguments = ["pdk", "characterize", "--cells", "inv_1", "--output", str(tmp_path)]
    assert cli.run(arguments) == 1
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "apt-get install ngspice" in said[0]


@pytest.mark.full
@pytest.mark.parametrize("cell", ["dfxtp_1", "dlclkp_1", "ebufn_1"])
def test_sequential_cells_again(tree, fresh, cell: str) -> None:
    test_a_cell_characterised_again_is_the_committed_one(tree, fresh, TYPICAL.name, cell)
