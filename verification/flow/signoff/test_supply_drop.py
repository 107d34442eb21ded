"""Drop of the supplies of a small chip: in proportion to its power, and nowhere without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flow import pdk
from flow.pnr.cell_library import read_library
from flow.pnr.def_reader import read_def
from flow.signoff.chip_run import ChipRun
from flow.signoff.supply_drop import supply_drop, supply_v
from flow.signoff.verdict import NoVerdict
from verification.flow.signoff.small_chip import small_chip

CORNER = "nom_tt_025C_1v80"


@pytest.fixture
def run(tmp_path: Path) -> ChipRun:
    tree, chip = pdk.resolve(timing=False), small_chip()
    config = {"PDK_ROOT": str(tree.parent), "PDK": tree.name}
    return ChipRun(tmp_path, config, {"def": str(chip.gds.with_suffix(".def"))})


def test_the_drop_follows_the_power(run: ChipRun, tmp_path: Path) -> None:
    names = read_def(run.view("def"), read_library(run.tree)).instance_names
    watts = dict.fromkeys(names, 1e-6)
    drop = supply_drop(run, CORNER, watts, tmp_path / "one")
    twice = supply_drop(run, CORNER, dict.fromkeys(names, 2e-6), tmp_path / "two")
    assert 0 < drop.mean_v < drop.worst_v < 0.1
    assert twice.worst_v == pytest.approx(2 * drop.worst_v)
    volts = json.loads((tmp_path / "one" / "ir_drop.json").read_text())["drop_V"]
    assert volts[drop.instance] == pytest.approx(drop.worst_v, rel=1e-3)
    assert supply_drop(run, CORNER, {}, tmp_path).worst_v == 0
    assert (tmp_path / "one" / "ir_drop.png").stat().st_size > 1000


def test_power_of_another_netlist_gets_no_verdict(run: ChipRun, tmp_path: Path) -> None:
    with pytest.raises(NoVerdict, match="has no instance lost"):
        supply_drop(run, CORNER, {"lost": 1e-6}, tmp_path)


def test_a_corner_names_its_supply() -> None:
    assert supply_v("nom_ss_100C_1v60") == 1.6
    with pytest.raises(NoVerdict, match="does not name its supply"):
        supply_v("typical")
