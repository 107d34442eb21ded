"""A small design through the whole embedded flow, from Verilog to GDS."""

from __future__ import annotations

import json
import shutil

import klayout.db as kdb
import pytest

from flow.flow import STAGES
from flow.pnr.def_reader import read_def
from flow.run import FlowFailed, Wishes, execute
from flow.steps.plan import library_of
from flow.summary import stage_rows, summary
from verification.flow.conftest import embedded

pytestmark = embedded
VIEWS = {
    "def": "def/toy.def",
    "gds": "gds/toy.gds",
    "lef": "lef/toy.lef",
    "nl": "nl/toy.nl.v",
    "pnl": "pnl/toy.pnl.v",
    "spef": "spef/nom/toy.nom.spef",
    "metrics": "metrics.json",
}


@pytest.fixture(scope="module")
def grid(toy_config) -> dict:
    """Configuration with a power grid narrow enough for so small a die."""
    return toy_config | {"PDN_VPITCH": 30, "PDN_HPITCH": 30}


@pytest.fixture(scope="module")
def toy_chip(toy_run, grid, tmp_path_factory):
    """The small design, finished."""
    folder = tmp_path_factory.mktemp("chip") / "toy" / "run"
    shutil.copytree(toy_run.folder, folder)
    return execute(grid, folder, Wishes(frm="floorplan", to="checks"))


def _views(run) -> dict[str, bytes]:
    return {name: (run.folder / "final" / path).read_bytes() for name, path in VIEWS.items()}


def test_every_view_is_there_and_the_layout_is_the_netlist(toy_chip):
    assert all(_views(toy_chip).values())
    assert toy_chip.metrics["layout__opens"] == toy_chip.metrics["layout__shorts"] == 0
    assert toy_chip.metrics["layout__pins__compared"] > 1000
    assert toy_chip.metrics["antenna__violating__nets"] == 0
    for corner in toy_chip.corners:
        assert toy_chip.metrics[f"timing__setup__ws__corner:{corner}"] > 0
    assert 0 < toy_chip.metrics["ir__drop__worst"] < 0.09
    layout = kdb.Layout()
    layout.read(str(toy_chip.folder / "final" / VIEWS["gds"]))
    assert not any(cell.bbox().empty() for cell in layout.each_cell())
    for picture in ("placement.png", "congestion.png", "layout.png"):
        assert toy_chip.latest("Spikeout.StreamOut", picture)


def test_wires_slow_the_design_down(toy_run, toy_chip):
    corner = f"corner:{toy_chip.corners[0]}"
    name = f"timing__setup_r2r__ws__{corner}"
    assert float(toy_chip.metrics[name]) < float(toy_run.metrics[name])


def test_a_killed_run_goes_on_to_the_same_bytes(toy_chip, grid, tmp_path):
    folder = tmp_path / "toy" / "run"
    shutil.copytree(toy_chip.folder, folder)
    shutil.rmtree(folder / "final")
    killed = False
    for step in sorted(folder.glob("*-*/")):
        killed = killed or step.name.endswith("spikeout-placement")
        if killed and step.name.endswith("spikeout-placement"):
            (step / "state_out.json").write_text('{"nl": "/trunca')
        elif killed:
            shutil.rmtree(step)
        else:
            state = step / "state_out.json"
            state.write_text(state.read_text().replace(str(toy_chip.folder), str(folder)))
    again = execute(grid, folder, Wishes(resume=True, to="checks"))
    assert _views(again) == _views(toy_chip)


def test_the_table_names_every_stage(toy_chip):
    text = summary(stage_rows(toy_chip.folder, STAGES))
    for stage in STAGES.keys() - {"signoff"}:
        assert f"\n{stage} " in f"\n{text}"
    for corner in toy_chip.corners:
        assert corner in text
    assert "opens" in text
    metrics = json.loads((toy_chip.folder / "final" / "metrics.json").read_text())
    assert f"{metrics['design__instance__count']}" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"FP_SIZING": "absolute", "DIE_AREA": [0, 0, 30, 30]}, r"die too small: .*30 x|die too"),
        ({"FP_CORE_UTIL": 130}, r"utilisation must be in \(0, 1\], not 1.3"),
        ({"CLOCK_PORT": "sum[0]"}, r"clock: toy has no input port sum\[0\]"),
        ({"DIE_AREA": [5, 0, 30, 30], "FP_SIZING": "absolute"}, "DIE_AREA must be 0 0"),
    ],
)
def test_bad_floorplans_end_the_run_in_one_line(toy_run, grid, tmp_path, change, message):
    folder = tmp_path / "toy" / "run"
    shutil.copytree(toy_run.folder, folder)
    with pytest.raises(FlowFailed, match=message) as raised:
        execute(grid | change, folder, Wishes(frm="floorplan", to="floorplan"))
    assert "\n" not in str(raised.value)


def test_a_stage_too_far_ahead(toy_run, grid):
    with pytest.raises(ValueError, match=r"--from route: .* holds no finished step"):
        execute(grid, toy_run.folder, Wishes(frm="route"))


def test_the_design_is_whole_after_every_stage(toy_chip, timed_tree):
    config = {"MACROS": None, "PDK_ROOT": timed_tree.parent, "PDK": timed_tree.name}
    netlists = []
    for stage in ("place", "route", "fill"):
        (path,) = toy_chip.folder.glob(f"*-{STAGES[stage][1].lower().replace('.', '-')}/toy.def")
        design = read_def(path, library_of(config))
        netlists.append(sorted(design.net_names)[:20])
    assert netlists[1] == netlists[2]
