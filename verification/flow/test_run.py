"""A small design through the flow to synthesis, and everything that may be wrong with a run."""

from __future__ import annotations

import json
import shutil

import pytest

from flow import cli, netlist
from flow.chips import chip_file
from flow.run import FlowFailed, Wishes, execute, run_chip, run_folder
from flow.steps.sta import REQUIRED

CORNERS = ("nom_tt_025C_1v80", "nom_ss_100C_1v60", "nom_ff_n40C_1v95")


def _netlist(run):
    return run.folder / "final" / "nl" / "toy.nl.v"


def test_synthesis_is_complete(toy_run):
    report = json.loads(toy_run.latest("Spikeout.SynthesisReport", "synthesis.json").read_text())
    assert report["uncharacterised"] == []
    assert report["registers"] == 28
    assert set(report["slacks"]) == set(CORNERS)
    counts = netlist.histogram(_netlist(toy_run))
    assert {name: count for name, (count, _) in report["cells"].items()} == counts
    for corner in CORNERS:
        for name in REQUIRED:
            assert f"{name}__corner:{corner}" in toy_run.metrics
    slow, fast = (
        report["slacks"][f"nom_{c}"]["setup_r2r_ns"] for c in ("ss_100C_1v60", "ff_n40C_1v95")
    )
    assert 0 < slow < fast < 20


def test_the_netlist_is_the_same_byte_for_byte(toy_run, toy_config, tmp_path):
    again = execute(toy_config, tmp_path / "toy" / "again", Wishes(to="Yosys.Synthesis"))
    assert _netlist(again).read_bytes() == _netlist(toy_run).read_bytes()


def test_a_run_that_died_before_its_views_were_kept_goes_no_further_than_asked(
    toy_run, toy_config, tmp_path
):
    folder = tmp_path / "toy" / "run"
    shutil.copytree(toy_run.folder, folder)
    shutil.rmtree(folder / "final")
    again = execute(toy_config, folder, Wishes(resume=True, to="synthesis"))
    assert _netlist(again).read_bytes() == _netlist(toy_run).read_bytes()
    assert sorted(path.name for path in folder.glob("*-*/")) == sorted(
        path.name for path in toy_run.folder.glob("*-*/")
    )


def test_a_run_goes_on_from_the_first_step_that_did_not_end_well(toy_run, toy_config, tmp_path):
    """A fault in a check lets later steps run; to go on after those would forget it."""
    folder = tmp_path / "toy" / "run"
    shutil.copytree(toy_run.folder, folder)
    (folder / "04-checker-lintwarnings" / "state_out.json").unlink()
    again = execute(toy_config, folder, Wishes(resume=True, to="lint"))
    assert [path.name[:2] for path in sorted(folder.glob("*-*/"))] == ["01", "02", "03", "04"]
    assert again.latest("Checker.LintWarnings", "state_out.json")
    assert again.metrics["design__lint_error__count"] == 0


def test_steps_of_older_sources_are_not_gone_on_from(tmp_path, monkeypatch):
    """A run that began afresh and was killed before it had removed what stood there."""
    step = run_folder("tiny", "run", tmp_path) / "01-verilator-lint"
    step.mkdir(parents=True)
    (step / "state_out.json").write_text("{}")
    monkeypatch.setattr("flow.run._run_flow", lambda *_: None)
    run_chip("tiny", build=tmp_path)
    assert not (step / "state_out.json").exists()


def test_a_clock_too_fast_stops_the_flow_and_a_run_goes_on_from_a_stage(toy_run, toy_config):
    timing = {"frm": "Spikeout.STAPrePNR", "to": "synthesis"}
    with pytest.raises(FlowFailed, match=r"setup slack is -\d"):
        execute(toy_config, toy_run.folder, Wishes(overrides=("CLOCK_PERIOD=0.5",), **timing))
    warned = execute(
        toy_config,
        toy_run.folder,
        Wishes(
            overrides=(
                "CLOCK_PERIOD=0.5",
                "SYNTH_REQUIRE_SETUP=false",
            ),
            **timing,
        ),
    )
    assert float(warned.metrics["timing__setup__ws"]) < 0


def test_a_clock_port_that_is_not_there_gives_no_false_verdict(toy_run, toy_config):
    with pytest.raises(FlowFailed, match="the design has no port clock"):
        execute(
            toy_config | {"CLOCK_PORT": "clock"},
            toy_run.folder,
            Wishes(frm="Spikeout.STAPrePNR", to="Spikeout.STAPrePNR"),
        )


def test_a_macro_that_the_netlist_lacks(toy_run, toy_config, tmp_path):
    nothing = "__librelane_dummy_path"
    macros = {"sram": {"gds": [nothing], "lef": [nothing], "instances": {"m": {}}}}
    macros["sram"]["instances"]["m"] = {"location": None, "orientation": None}
    with pytest.raises(FlowFailed, match="m is missing in the netlist and sram in the config"):
        execute(
            toy_config | {"MACROS": macros},
            toy_run.folder,
            Wishes(frm="Spikeout.CheckMacroInstances", to="Spikeout.CheckMacroInstances"),
        )


def test_verilog_that_is_none(timed_tree, toy_config, tmp_path):
    source = tmp_path / "bad.v"
    source.write_text("module toy (input clk;\n")
    with pytest.raises(FlowFailed):
        execute(
            toy_config | {"VERILOG_FILES": [str(source)]}, tmp_path / "run", Wishes(to="synthesis")
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"overrides": ("CLOCK_PERIODS=1",)},
            "no variable CLOCK_PERIODS; did you mean CLOCK_PERIOD",
        ),
        ({"overrides": ("CLOCK_PERIOD",)}, "-c takes KEY=VALUE"),
        ({"overrides": ("CLOCK_PERIOD=fast",)}, "CLOCK_PERIOD"),
        ({"frm": "synthesis"}, "holds no finished step"),
        ({"frm": "place"}, "--from place must not come after --to synthesis"),
    ],
)
def test_wrong_options(timed_tree, toy_config, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        execute(toy_config, tmp_path / "toy" / "run", Wishes(to="synthesis", **options))


def test_a_stage_that_is_not_there(timed_tree, toy_config, tmp_path):
    with pytest.raises(ValueError, match="sinthesis"):
        execute(toy_config, tmp_path / "toy" / "run", Wishes(to="sinthesis"))


@pytest.mark.parametrize("tag", ["", "../x", "a/b", ".hidden", "a b"])
def test_wrong_tags(tag):
    with pytest.raises(ValueError, match="tag must be"):
        run_folder("digits", tag)


def test_a_network_that_does_not_fit_is_refused_before_anything_runs(tmp_path):
    folder = chip_file("digits").parent.parent.parent / "golden" / "networks"
    small = tmp_path / "small.yaml"
    text = chip_file("digits").read_text()
    small.write_text(text.replace("largest_layer: 128", "largest_layer: 64"))
    assert small.read_text() != text
    with pytest.raises(ValueError, match="64"):
        run_chip(str(small), network=folder / "digits.nir", build=tmp_path)
    assert sorted(tmp_path.iterdir()) == [small]


def test_a_chip_that_is_not_there_is_one_line(capsys):
    assert cli.run(["run", "digitz"]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "digitz" in said[0]
