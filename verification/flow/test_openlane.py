"""The flow in openlane mode, as far as it goes without OpenROAD: step lists and configurations."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from librelane.config.flow import flow_common_variables
from librelane.flows.classic import Classic

from flow import doctor, openlane
from flow.chip_config import librelane_config
from flow.chips import chip_file
from flow.cli import run
from flow.flow import stock_steps, substitutions
from flow.steps.signoff import SIGNOFF
from macros.store import atomic_write
from rtl.config import load_chip

HERE = Path(__file__).parent
OFFICIAL = {
    "FP_TRACKS_INFO": "tracks.info",
    "PDN_CORE_RING_VWIDTH": "1.6",
    "PDN_CORE_RING_HWIDTH": "1.6",
    "PDN_CORE_RING_VSPACING": "1.7",
    "PDN_CORE_RING_HSPACING": "1.7",
    "PDN_CORE_RING_VOFFSET": "6",
    "PDN_CORE_RING_HOFFSET": "6",
    "RCX_RULESETS": '"nom_* rcx" "min_* rcx" "max_* rcx"',
    "MAGICRC": "magicrc",
    "MAGIC_TECH": "magic.tech",
    "MAGIC_PDK_SETUP": "setup.tcl",
    "NETGEN_SETUP": "netgen.tcl",
}
"""Variables of an open_pdks tree that only OpenROAD, Magic and Netgen read, which the embedded one
has not: files are those of the folder, empty."""


def flow_of(mode: str) -> type[Classic]:
    """The flow as it is on a machine with this mode."""
    contents = {
        "Steps": stock_steps(mode) + list(SIGNOFF),
        "Substitutions": substitutions(mode),
    }
    return type(f"Probe{mode}", (Classic,), contents)


@pytest.mark.parametrize("mode", doctor.MODES)
def test_the_steps_are_these(mode):
    """A new LibreLane that adds, drops or renames a step is to be looked at before it is used."""
    listed = (HERE / f"steps_{mode}.txt").read_text().split()
    assert [step.id for step in flow_of(mode).Steps] == listed


def test_openlane_mode_leaves_no_stock_step_out():
    ours = {step.id for step in flow_of("openlane").Steps}
    assert {step.id for step in Classic.Steps} <= ours


@pytest.fixture
def official(timed_tree, tmp_path) -> Path:
    """The embedded PDK dressed as an open_pdks tree."""
    tree = tmp_path / "pdk" / "sky130A"
    shutil.copytree(timed_tree / "libs.tech" / "librelane", tree / "libs.tech" / "librelane")
    for place in (timed_tree / "libs.tech").iterdir():
        if place.name != "librelane":
            (tree / "libs.tech" / place.name).symlink_to(place)
    (tree / "libs.ref").symlink_to(timed_tree / "libs.ref")
    lines = []
    for name, value in OFFICIAL.items():
        if value[0].isdigit():
            lines.append(f"set ::env({name}) {value}")
        elif value.startswith('"'):
            pairs = value.replace('"', "").replace("rcx", str(tree / "rcx"))
            lines.append(f'set ::env({name}) "{pairs}"')
            (tree / "rcx").touch()
        else:
            (tree / value).touch()
            lines.append(f"set ::env({name}) {tree / value}")
    with (tree / "libs.tech" / "librelane" / "config.tcl").open("a") as stream:
        stream.write("\n" + "\n".join(lines) + "\n")
    return tree


def digits_config(folder: Path) -> dict:
    """The configuration of digits, with files of a macro that stand for its views."""
    config = librelane_config(load_chip(chip_file("digits")), folder)
    for macro in config["MACROS"].values():
        for view in ("gds", "lef", "spice", "vh"):
            macro[view] = [str(folder / f"macro.{view}")]
        macro["lib"] = {"*": [str(folder / "macro.lib")]}
    for name in ("gds", "spice", "vh", "lib"):
        atomic_write(folder / f"macro.{name}", "")
    atomic_write(folder / "macro.lef", "MACRO sram_512x32\n  SIZE 634.8 BY 285.6 ;\nEND\n")
    atomic_write(folder / "rtl" / "digits.v", "module digits; endmodule\n")
    return config


@pytest.mark.parametrize("mode", doctor.MODES)
def test_the_configuration_of_digits_loads(mode, official, timed_tree, tmp_path):
    flow = flow_of(mode)
    lists = [flow_common_variables, flow.config_vars, *(s.config_vars for s in flow.Steps)]
    known = {variable.name for variables in lists for variable in variables}
    folder = tmp_path / "digits" / "run"
    wishes = digits_config(folder)
    tree = timed_tree
    if mode == "openlane":
        wishes, tree = openlane.complete(wishes), official
        assert set(wishes) <= known
    config = flow(
        {name: value for name, value in wishes.items() if name in known},
        pdk=tree.name,
        pdk_root=str(tree.parent),
        design_dir=str(folder),
    ).config
    assert config["CLOCK_PORT"] == "wb_clk_i"
    assert config["CLOCK_PERIOD"] == 20
    assert Path(config["PNR_SDC_FILE"]).is_file()
    (macro,) = config["MACROS"].values()
    (place,) = macro.instances.values()
    if mode == "openlane":
        assert place.location == (Decimal(30), Decimal(30))
        (connection,) = config["PDN_MACRO_CONNECTIONS"]
        assert connection == r"shared\.storage\.sram_0_0 VPWR VGND vccd1 vssd1"
        assert config["IO_PIN_H_LAYER"] == "met3"


def _macros(count: int, lef: Path, location: list | None = None) -> dict:
    place = {"location": location, "orientation": "N" if location else None}
    names = [f"m{k}" for k in range(count)]
    return {"sram": {"lef": [str(lef)], "instances": {name: dict(place) for name in names}}}


@pytest.mark.parametrize("count", [1, 2, 5, 8, 64])
def test_macros_stand_clear_of_each_other_on_the_smallest_die(count, tmp_path):
    lef = tmp_path / "sram.lef"
    lef.write_text("  SIZE 600 BY 300 ;\n")
    wishes = {"MACROS": _macros(count, lef), "FP_CORE_UTIL": 42, "FP_ASPECT_RATIO": Decimal(1)}
    done = openlane.complete(wishes)
    corners = [p["location"] for p in done["MACROS"]["sram"]["instances"].values()]
    for k, (x, y) in enumerate(corners):
        assert min(x, y) >= 30
        for other_x, other_y in corners[:k]:
            assert abs(x - other_x) >= 630 or abs(y - other_y) >= 330
    area = count * 600 * 300 / 0.42
    width = (area / float(done["FP_ASPECT_RATIO"])) ** 0.5
    assert width >= max(x for x, _ in corners) + 600
    assert area / width >= max(y for _, y in corners) + 300


def test_a_place_that_the_chip_states_is_kept(tmp_path):
    lef = tmp_path / "sram.lef"
    lef.write_text("  SIZE 600 BY 300 ;\n")
    wishes = {
        "MACROS": _macros(1, lef, [Decimal(7), Decimal(9)]),
        "FP_SIZING": "absolute",
        "FP_CORE_UTIL": 42,
        "FP_ASPECT_RATIO": Decimal(1),
    }
    done = openlane.complete(wishes)
    assert done["MACROS"]["sram"]["instances"]["m0"]["location"] == [Decimal(7), Decimal(9)]
    assert done["FP_ASPECT_RATIO"] == 1
    assert openlane.complete({"MACROS": None}) == {"MACROS": None}


def test_openlane_mode_without_openroad_is_one_line(tmp_path, monkeypatch, capsys):
    """The same on a machine that has OpenROAD: nothing is found on the PATH of this test."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(doctor.MODE, "embedded")  # so that it is put back
    assert run(["run", "tiny", "--mode", "openlane", "--build", str(tmp_path)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line == "spikeout: openroad is not on PATH, which openlane mode needs"


def test_a_mode_that_is_none(monkeypatch):
    monkeypatch.setenv(doctor.MODE, "openroad")
    with pytest.raises(ValueError, match="must be one of"):
        doctor.mode()
