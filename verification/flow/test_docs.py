"""The pages say what is true: commands, options, links, pins, and the programming example."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from unittest import mock

import click
import pytest

from flow import cli
from flow.chips import chip_file
from rtl.config import load_chip
from rtl.registers import IDENTITY, parameters
from rtl.verilog import verilog

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def blocks(page: Path, language: str = "") -> list[str]:
    """Fenced blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """(page, command) for every `spikeout ...` of a block; `&&` joins several."""
    found = []
    for page in PAGES:
        for line in "\n".join(blocks(page)).splitlines():
            for part in line.split("  #")[0].split("&&"):
                if part.strip().startswith("spikeout "):
                    found.append((page.name, part.strip()))
    return found


def test_there_are_commands():
    assert len(commands()) > 40


@pytest.mark.parametrize(("page", "line"), commands())
def test_a_command_of_a_page_is_one(page, line):
    """Its name, arguments and options are those of the command line; nothing is run."""
    words = [word for word in shlex.split(line, comments=True) if word != "..."][1:]
    command: click.Command = cli.cli
    context = click.Context(command)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"{page}: {line}: no command {name}"
        command, context = found, click.Context(found, info_name=name)
    _, left, _ = command.make_parser(context).parse_args(words)  # refuses options that are none
    assert not left, f"{page}: {line}: what is {left}?"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", other.read_text(), re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings]
            assert anchor in slugs, f"{page.name}: {target}"


def test_pins_of_the_datasheet_are_those_of_the_verilog():
    text = verilog(load_chip(chip_file("digits")))["digits.v"]
    top = text[text.index("module digits(") :]
    top = top[: top.index("endmodule")]
    ports = {
        name: ("in" if direction == "input" else "out", int(high or 0) + 1)
        for direction, high, name in re.findall(
            r"^  (input|output) (?:\[(\d+):0\] )?(\w+);", top, re.MULTILINE
        )
    }
    page = (ROOT / "docs" / "datasheet.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (in|out) \| (\d+) \|", page, re.MULTILINE)
    assert {name: (direction, int(bits)) for name, direction, bits in rows} == ports


def test_constants_of_the_datasheet_are_those_of_the_chip():
    page = (ROOT / "docs" / "datasheet.md").read_text()
    for value in (IDENTITY, parameters(load_chip(chip_file("digits")))):
        assert f"`{value:#010x}`" in page


def test_the_pages_name_every_stage():
    from flow.commands.run import run
    from flow.flow import STAGES

    stages = ", ".join(STAGES)
    assert stages in " ".join((run.help or "").split())
    assert stages in " ".join((ROOT / "docs" / "user-guide.md").read_text().split())


@pytest.mark.full
def test_the_programming_example_runs(tmp_path):
    """The text of the page as a cocotb bench, on the RTL of digits."""
    from verification.rtl import cocotb_runner

    (example,) = blocks(ROOT / "docs" / "datasheet.md", "python")
    example = example.replace('"golden/', f'"{ROOT}/golden/').replace('"flow/', f'"{ROOT}/flow/')
    (tmp_path / "datasheet_example.py").write_text(example)
    with mock.patch.dict(os.environ):
        cocotb_runner.run_bench(tmp_path, "datasheet_example", tests=1)


@pytest.mark.full
def test_the_network_of_ones_own(tmp_path):
    """docs/own-network.md: train, import, classify, and run on the RTL."""
    pytest.importorskip("torch")
    import nir

    from golden import load_network
    from golden.digits import digits
    from golden.evaluation import evaluate
    from golden.training import example

    net, accuracy = example.train()
    assert accuracy >= 0.95
    nir.write(tmp_path / "float.nir", net.graph())
    files = [str(tmp_path / "float.nir"), str(tmp_path / "mine.nir")]
    assert cli.run(["import", *files, "--weights", "int4", "--digits"]) == 0
    data = digits()
    result = evaluate(load_network(files[1]), data.test_images, data.test_labels)
    assert result.accuracy >= 0.95
    assert cli.run(["regress", "digits", "--network", files[1], "--images", "5"]) == 0
