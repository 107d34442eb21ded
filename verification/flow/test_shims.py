"""yosys, verilator and netgen as LibreLane calls them."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from flow import shims


def _run(*command: str, **options):
    with shims.on_path():
        return subprocess.run(command, capture_output=True, text=True, **options)


def test_they_stand_on_path_only_within_the_block():
    before = os.environ["PATH"]
    with shims.on_path() as folder:
        for tool in shims.TOOLS:
            assert shutil.which(tool) == str(folder / tool)
    assert os.environ["PATH"] == before


def test_a_program_of_the_users_is_left_alone_when_asked(tmp_path, monkeypatch):
    mine = tmp_path / "yosys"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with shims.on_path(only_missing=True):
        assert shutil.which("yosys") == str(mine)
        assert shutil.which("netgen") is not None


def test_yosys_version():
    assert _run("yosys", "-V").stdout.startswith("Yosys 0.70")


def test_yosys_commands_and_files(tmp_path):
    source = tmp_path / "a.v"
    source.write_text("module a(input x, output y); assign y = ~x; endmodule\n")
    answer = _run("yosys", "-Q", "-p", "proc; stat", str(source))
    assert answer.returncode == 0
    assert "$not" in answer.stdout
    assert _run("yosys", "-q", str(source)).stdout == ""


def test_yosys_python_scripts_get_their_arguments(tmp_path):
    script = tmp_path / "s.py"
    script.write_text("import sys\nfrom pyosys import libyosys\nprint(sys.argv[1:])\n")
    assert _run("yosys", "-y", str(script), "--", "--flag", "1").stdout == "['--flag', '1']\n"


@pytest.mark.parametrize("arguments", [["-p", "read_verilog none.v"], ["-s", "none.ys"]])
def test_yosys_errors_have_a_status(arguments):
    answer = _run("yosys", *arguments)
    assert answer.returncode == 1
    assert "ERROR" in answer.stderr


def test_verilator():
    assert _run("verilator", "--version").returncode == 0


def test_netgen_says_what_to_install(tmp_path):
    with shims.on_path() as folder:
        answer = subprocess.run(
            [str(folder / "netgen")], env={"PATH": "/nowhere"}, capture_output=True, text=True
        )
    assert answer.returncode == 1
    assert "apt-get install netgen-lvs" in answer.stderr
