"""The `spikeout` command: a group whose commands are loaded when they are called.

Exit status: 0 done, 1 a tool or a check failed, 2 the input was wrong, 130 interrupted. Errors
are one line; SPIKEOUT_DEBUG=1 adds the traceback.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from pathlib import Path

import click

__all__ = ["cli", "main"]

COMMANDS = {
    "doctor": ("flow.commands.doctor", "tools, versions and mode of this machine"),
    "classify": ("flow.commands.classify", "run a network in the golden model"),
    "import": ("flow.commands.import_network", "quantise a float NIR network"),
    "rtl": ("flow.commands.rtl", "write a chip's Verilog"),
    "regress": ("flow.commands.regress", "compare RTL or gates with the golden model"),
    "pdk": ("flow.commands.pdk", "build, check, characterise the PDK"),
    "macro": ("flow.commands.macro", "build and verify SRAM macros"),
    "run": ("flow.commands.run", "take a chip through the flow"),
    "pnr": ("flow.commands.pnr", "place and route a netlist"),
    "check": ("flow.commands.check", "one sign-off check on one layout"),
    "signoff": ("flow.commands.signoff", "all sign-off checks of a run"),
    "report": ("flow.commands.report", "the HTML report of a run"),
    "view": ("flow.commands.view", "open a run's layout in KLayout"),
}
"""Command name -> (module, what it is for). The module holds a click command of that name."""

LONGEST_LINE = 1000
"""Characters of an error message."""


class LazyGroup(click.Group):
    """A click group that imports a command's module on use: `spikeout doctor` must work where
    half of the packages are missing."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for name, (module, _) in COMMANDS.items() if _is_built(module)]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        module = importlib.import_module(COMMANDS[name][0])
        return getattr(module, name if name != "import" else "import_network")

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, COMMANDS[name][1]) for name in self.list_commands(context)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="spikeout")
def cli() -> None:
    """From a trained spiking neural network to a SkyWater 130 nm chip layout."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit status."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line (`sys.argv` when `arguments` is None) and return the exit status."""
    try:
        status = cli.main(args=arguments, prog_name="spikeout", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted; what was finished is kept")
        return 130
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _fail(RuntimeError(f"the disk is full: {error.filename or 'cannot write'}"), 1)
        return _fail(error, 2)
    except ValueError as error:
        return _fail(error, 2)
    except MemoryError as error:
        return _fail(RuntimeError(f"not enough memory; {error}".rstrip("; ")), 1)
    except ModuleNotFoundError as error:
        return _fail(
            RuntimeError(f"package {error.name!r} is missing; `make setup` installs it"), 1
        )
    except RuntimeError as error:
        return _fail(error, 1)


def _fail(error: Exception, status: int) -> int:
    if os.environ.get("SPIKEOUT_DEBUG"):
        raise error
    _say(_one_line(str(error)) or type(error).__name__)
    return status


def _one_line(message: str) -> str:
    """The message in one printable line: what a hostile file says in it must not reach the
    terminal as control characters, nor fill the screen."""
    line = " ".join(message.split())
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 3]}..."


def _say(message: str) -> None:
    print(f"spikeout: {message}", file=sys.stderr)


def _is_built(module: str) -> bool:
    return (Path(__file__).parent / "commands" / f"{module.rsplit('.', 1)[1]}.py").is_file()
