"""The tools of an official PDK beside our checks: with programs that answer as asked, with programs
or the PDK absent, and, where both are there, on a small chip and on one with planted faults."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import klayout.db as kdb
import pytest

from flow.chips import chip_file
from flow.cli import run as spikeout
from flow.pdk.names import PROCESS
from flow.pdk.resolver import installed
from flow.signoff import checks
from flow.signoff.beside import DECK, second_opinions
from flow.signoff.checks import Context
from flow.signoff.chip_run import ChipRun
from flow.signoff.gds import read_gds
from flow.signoff.magic import TECHNOLOGY
from flow.signoff.netgen import SETUP
from flow.signoff.verdict import Verdict, read_verdicts, table
from flow.steps.signoff import SignoffStep
from rtl.config import load_chip
from rtl.verilog import write_verilog
from verification.flow.signoff.planted_layout import BROKEN
from verification.flow.signoff.small_chip import SmallChip, small_chip

FILES = (DECK, TECHNOLOGY, SETUP)
MAGIC = """\
case "$*" in *script.tcl) ;; *) exit 9 ;; esac
printf '10 20 30 40 poly.2 too near\\n' > findings
printf '.end\\n' > chip.spice
echo "finished in technology sky130A"
"""
NETGEN = """\
printf '[{"nets": [7, 7], "devices": [[["inv", 3]], []], "badnets": [], "badelements": []}]' \\
  > lvs.json
printf 'Subcircuit summary:\\n%s\\n' "Circuits match uniquely." > lvs.out
"""


def write_report(folder: Path, items: str) -> str:
    """Script of a klayout that writes an empty report of one rule, or one with `items`."""
    report = (
        "<report-database><categories><category><name>m1.2</name></category></categories>"
        f"<cells><cell><name>chip</name></cell></cells><items>{items}</items></report-database>"
    )
    (folder / "answer").write_text(report)
    return (
        f'for x in "$@"; do case $x in report=*) cp {folder}/answer "${{x#report=}}";; esac; done'
    )


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts programs of given scripts on PATH, and no others but the shell's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "cp"):
        (folder / name).symlink_to(shutil.which(name, path="/bin:/usr/bin") or name)
    monkeypatch.setenv("PATH", str(folder))

    def put(**scripts: str) -> None:
        for name, script in scripts.items():
            program = folder / name.replace("_", "-")
            program.write_text(f"#!{folder}/sh\n{script}\n")
            program.chmod(0o755)

    return put


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A finished run, and an official PDK with empty decks."""
    tree = tmp_path / "pdk" / PROCESS
    library = tree / "libs.ref" / "sky130_fd_sc_hd" / "spice" / "sky130_fd_sc_hd.spice"
    for path in (library, *(tree / name for name in FILES)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    monkeypatch.setenv("PDK_ROOT", str(tmp_path / "pdk"))
    layout = kdb.Layout()
    layout.create_cell("chip").shapes(layout.layer(68, 20)).insert(kdb.Box(0, 0, 500, 500))
    layout.write(str(tmp_path / "chip.gds"))
    (tmp_path / "chip.pnl.v").write_text("module chip; endmodule\n")
    state = {"gds": str(tmp_path / "chip.gds"), "pnl": str(tmp_path / "chip.pnl.v")}
    (tmp_path / "out").mkdir()
    run = ChipRun(tmp_path, {"DESIGN_NAME": "chip"}, state)
    return Context(run, load_chip(chip_file("digits")), tmp_path / "out")


def test_official_verdicts_stand_beside_ours(
    context: Context, programs: Callable[..., None], tmp_path: Path
) -> None:
    programs(klayout=write_report(tmp_path, ""), magic=MAGIC, netgen_lvs=NETGEN)
    verdicts, not_run = second_opinions("drc", context)
    assert not_run == {}
    assert [(v.name, v.passed) for v in verdicts] == [("drc_klayout", True), ("drc_magic", False)]
    assert verdicts[1].figure == "1 errors of magic: 1 poly.2 too near"
    (netgen,), not_run = second_opinions("lvs", context)
    assert (netgen.passed, not_run) == (True, {})
    assert netgen.figure == "circuits match for netgen; 7 nets, 3 cells"
    assert {v.name for v in read_verdicts(context.folder)} == {
        *("drc_klayout", "drc_magic", "lvs_netgen")
    }
    assert second_opinions("timing", context) == ([], {})


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ("Final result: Circuits match uniquely.", True),
        ("Final result: Circuits match uniquely.\nProperty errors were found.", False),
        ("Final result: Top level cell failed pin matching.", False),
        ("Netlists do not match.", False),
        ("", False),
    ],
)
def test_only_netgens_plain_yes_is_one(
    said: str, passed: bool, context: Context, programs: Callable[..., None]
) -> None:
    programs(magic=MAGIC, netgen_lvs=NETGEN.replace("Circuits match uniquely.", said))
    (verdict,), _ = second_opinions("lvs", context)
    assert verdict.passed is passed


def test_what_cannot_run_says_why(context: Context, programs: Callable[..., None]) -> None:
    _, not_run = second_opinions("drc", context)
    assert not_run == {
        "drc_klayout": "needs the klayout program: apt-get install klayout",
        "drc_magic": "needs the magic program: apt-get install magic",
    }
    _, not_run = second_opinions("lvs", context)
    assert not_run == {"lvs_netgen": "needs the netgen-lvs program: apt-get install netgen-lvs"}
    old = "Magic version 8.3.411 is required by this file, but this version of magic is 8.3.105."
    programs(magic=f"echo '{old}'", netgen_lvs="echo no; exit 0", klayout="exit 0")
    _, not_run = second_opinions("drc", context)
    assert not_run["drc_magic"] == "the PDK wants magic 8.3.411 or newer, this is 8.3.105"
    assert "did not run" in not_run["drc_klayout"]
    programs(magic=MAGIC)
    _, not_run = second_opinions("lvs", context)
    assert not_run == {"lvs_netgen": "netgen did not finish: no"}
    assert read_verdicts(context.folder) == []


def test_a_pdk_without_decks_says_which(context: Context, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "pdk" / PROCESS / "libs.tech")
    (tmp_path / "pdk" / PROCESS / "libs.tech").mkdir()
    reasons = {
        name: reason
        for check in ("drc", "lvs")
        for name, reason in second_opinions(check, context)[1].items()
    }
    assert reasons == {
        "drc_klayout": f"the PDK has no {DECK}",
        "drc_magic": f"the PDK has no {TECHNOLOGY}",
        "lvs_netgen": f"the PDK has no {SETUP}",
    }


def write_run(folder: Path, design: str, **views: str) -> None:
    """A run of the digits chip, with other views."""
    run = folder / "build" / "digits" / "run"
    (source, *_) = write_verilog(load_chip(chip_file("digits")), run / "rtl")
    config = {"DESIGN_NAME": design, "VERILOG_FILES": [str(source)]}
    (run / "resolved.json").write_text(json.dumps(config))
    (run / "01-step").mkdir()
    (run / "01-step" / "state_out.json").write_text(json.dumps(views))


def test_the_table_of_the_command_names_what_did_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PDK_ROOT", raising=False)
    write_run(tmp_path, "digits")
    clean = Verdict("drc", True, "0 markers")
    monkeypatch.setitem(checks.CHECKS, "drc", lambda _: clean)
    assert spikeout(["signoff", "digits", "--only", "drc"]) == 0
    reasons = dict.fromkeys(
        ("drc_klayout", "drc_magic"), "needs an official PDK: set PDK_ROOT to one"
    )
    assert capsys.readouterr().out == table([clean], None, reasons)


def test_the_steps_of_a_run_take_them_where_no_step_of_openlane_did(
    context: Context, programs: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(magic=MAGIC)
    told: list[str] = []
    step = SimpleNamespace(check="drc", warn=told.append)
    monkeypatch.setenv("SPIKEOUT_MODE", "embedded")
    (magic,) = SignoffStep._second_opinions(step, context)
    assert magic.name == "drc_magic"
    assert told == ["drc_klayout not run: needs the klayout program: apt-get install klayout"]
    monkeypatch.setenv("SPIKEOUT_MODE", "openlane")
    assert SignoffStep._second_opinions(step, context) == []
    monkeypatch.setenv("SPIKEOUT_MODE", "embedded")
    monkeypatch.delenv("PDK_ROOT")
    assert SignoffStep._second_opinions(step, context) == []


@pytest.fixture(scope="module")
def official() -> Path:
    """An official PDK and the programs of its decks."""
    tree = installed()
    if tree is None:
        pytest.skip("needs an official PDK: set PDK_ROOT to one of open_pdks or ciel")
    if missing := [name for name in FILES if not (tree / name).is_file()]:
        pytest.skip(f"needs the decks of an official PDK: {tree} has no {', '.join(missing)}")
    programs = ("klayout", "magic", "netgen-lvs")  # each in the Debian package of its name
    if missing := [name for name in programs if not shutil.which(name)]:
        pytest.skip(f"needs the official decks' programs: apt-get install {' '.join(missing)}")
    return tree


def opinions(chip: SmallChip, gds: Path, folder: Path) -> dict[str, Verdict]:
    """What the official tools say about a layout and the small chip's netlist."""
    state = {"gds": str(gds), "pnl": str(chip.netlist)}
    run = ChipRun(folder, {"DESIGN_NAME": chip.name}, state)
    context = Context(run, load_chip(chip_file("digits")), folder)
    found = [second_opinions(check, context) for check in ("drc", "lvs")]
    assert [not_run for _, not_run in found] == [{}, {}]
    return {verdict.name: verdict for verdicts, _ in found for verdict in verdicts}


@pytest.mark.full
@pytest.mark.usefixtures("official")
def test_the_small_chip_is_clean_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    chip = small_chip()
    write_run(tmp_path, chip.name, gds=str(chip.gds), pnl=str(chip.netlist))
    assert spikeout(["signoff", "digits", "--only", "drc", "--only", "lvs"]) == 0
    rows = capsys.readouterr().out
    print(rows)
    assert re.findall(r"^(\w+) +(clean|FAILED|not run)", rows, re.MULTILINE) == [
        (name, "clean") for name in ("drc", "drc_klayout", "drc_magic", "lvs", "lvs_netgen")
    ]


@pytest.mark.full
@pytest.mark.usefixtures("official")
@pytest.mark.parametrize(
    ("fault", "finders"),
    [
        ("a wire 10 nm too narrow", {"drc_klayout", "drc_magic"}),
        ("a missing via", {"lvs_netgen"}),
        ("another cell in its place", {"lvs_netgen"}),
    ],
)
def test_planted_faults_are_found(fault: str, finders: set[str], tmp_path: Path) -> None:
    chip = small_chip()
    layout, top = read_gds(chip.gds)
    BROKEN[fault][2](layout, top)
    layout.write(str(tmp_path / "broken.gds"))
    said = opinions(chip, tmp_path / "broken.gds", tmp_path)
    assert finders <= {name for name, verdict in said.items() if not verdict.passed}, said
