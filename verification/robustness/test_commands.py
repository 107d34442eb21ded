"""Files and names that mean harm, given to every command that takes any: one line each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flow.chips import chip_file
from flow.cli import run
from flow.pnr.cell_library import Library
from flow.pnr.netlist import read_netlist

NETLISTS = {
    "deep": "[" * 100_000,
    "list": "[1, 2]",
    "text": '{"modules": "none"}',
    "numbers": '{"modules": {"top": 1}}',
    "nets": '{"modules": {"a;touch mark": {"ports": {"x": 1}, "cells": {}, "netnames": []}}}',
    "cells": '{"modules": {"t": {"ports": {}, "cells": {"c": {"type": 3}}, "netnames": {}}}}',
    "bits": '{"modules": {"t": {"ports": {"x": {"bits": [1e400]}}, "cells": {}, "netnames": {}}}}',
}


@pytest.fixture(autouse=True)
def nothing_happens(tmp_path, monkeypatch):
    """Commands run in an empty folder, where only the files of the test may stand afterwards."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    yield
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def said(capsys, *words: str, status: int = 2) -> str:
    """The one line of a command that is refused."""
    assert run(list(words)) == status
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("spikeout: ")
    assert line.isprintable()
    return line


@pytest.mark.parametrize("name", NETLISTS)
def test_netlists(name):
    """Refused before the library of cells is asked."""
    Path("in/netlist.json").write_text(NETLISTS[name])
    with pytest.raises(ValueError, match=r"in/netlist\.json is no yosys JSON netlist") as error:
        read_netlist(Path("in/netlist.json"), Library({}, ()))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00\x06\x00\x02\x02\x58\xff\xff\xff"])
def test_layouts(content, capfd):
    Path("in/chip.gds").write_bytes(content)
    assert run(["check", "drc", "in/chip.gds"]) == 1
    lines = capfd.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith("spikeout: chip.gds is no whole GDS")]


@pytest.mark.parametrize(
    ("state", "config", "answer"),
    [
        ("[]", "{}", "is damaged: it must hold an object, not list"),
        ("{}", "[]", "is damaged: it must hold an object, not list"),
        ("{}", '{"DESIGN_NAME": "../../x', "is damaged"),
        (None, "{}", "holds no finished step"),
    ],
)
def test_run_folders(state, config, answer, capsys):
    step = Path("in/run/01-verilator-lint")
    step.mkdir(parents=True)
    Path("in/run/resolved.json").write_text(config)
    if state is not None:
        (step / "state_out.json").write_text(state)
    assert answer in said(capsys, "report", "in/run")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["signoff", "digits", "--tag", "../x"], "tag must be letters"),
        (["run", "digits", "--tag", "$(touch mark)"], "tag must be letters"),
        (["view", "digits", "--tag", "../../x"], "tag must be letters"),
        (["run", "digits", "--to", "x;touch mark"], "stage must be one of"),
        (["run", "digits", "-c", "X;touch mark=1"], "the flow has no variable X;touch mark"),
        (["run", "digits", "-c", "RUN_KLAYOUT_DRC"], "-c takes KEY=VALUE"),
        (["macro", "build", "../x"], "a macro's name must read"),
        (["macro", "build", "sram_16x8;touch mark"], "a macro's name must read"),
        (["macro", "build", f"sram_{'9' * 60}x32"], "words must be a power of two"),
        (["regress", "digits", "--images", "1", "--first", "9" * 40], "--first must be below 360"),
        (["regress", "digits", "--images", "-1"], "--images must be at least 0"),
    ],
)
def test_names_and_numbers(words, answer, capsys):
    assert answer in said(capsys, *words)


def test_a_chip_that_asks_for_a_macro_that_cannot_be(capsys):
    text = chip_file("digits").read_text()
    Path("in/chip.yaml").write_text(text.replace("sram_512x32", "sram_1x32"))
    line = said(capsys, "run", "in/chip.yaml", "--build", "in/build")
    assert "words must be a power of two from 16 to 2048, not 1" in line
    shutil.rmtree("in/build", ignore_errors=True)
