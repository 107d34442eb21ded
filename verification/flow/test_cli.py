"""The command line's promises: lazy commands, one-line errors, exit statuses."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from flow import cli


@pytest.fixture
def failing(monkeypatch):
    """Replaces every command by one that raises the exception given to it."""

    def install(error: BaseException) -> None:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: command)

    return install


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("steps must be at least 1, not 0"), 2),
        (FileNotFoundError(2, "No such file", "missing.nir"), 2),
        (RuntimeError("ngspice\nended with 1"), 1),
        (ModuleNotFoundError("No module", name="klayout"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_are_one_line_with_their_status(failing, capsys, error, status):
    failing(error)
    assert cli.run(["anything"]) == status
    output = capsys.readouterr()
    assert output.out == ""
    [line] = output.err.split("\n")[:-1] if status != 130 else output.err.strip().split("\n")
    assert line.startswith("spikeout: ")


def test_debug_shows_the_traceback(failing, monkeypatch):
    monkeypatch.setenv("SPIKEOUT_DEBUG", "1")
    failing(ValueError("steps must be at least 1, not 0"))
    with pytest.raises(ValueError, match="steps"):
        cli.run(["anything"])


def test_a_program_error_is_not_hidden(failing):
    failing(TypeError("a mistake of ours"))
    with pytest.raises(TypeError):
        cli.run(["anything"])


def test_unknown_command_is_refused(capsys):
    assert cli.run(["taepout"]) == 2
    assert "taepout" in capsys.readouterr().err


def test_every_listed_command_loads():
    context = click.Context(cli.cli)
    for name in cli.cli.list_commands(context):
        assert isinstance(cli.cli.get_command(context, name), click.Command), name


def test_help_imports_no_heavy_package():
    """`spikeout --help` and `doctor` must answer at once, and where packages are missing."""
    probe = (
        "import sys; from flow import cli; cli.run(['--help']);"
        "print(sorted({'numpy', 'librelane', 'amaranth', 'klayout'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert answer.stdout.splitlines()[-1] == "[]"
