"""`yosys` over the pyosys wheel, with the options that LibreLane and people use.

yosys [-V] [-Q] [-T] [-q] [-p COMMANDS] [-s SCRIPT] [-c TCL] [-y PYTHON] [FILE...] [-- ARGUMENT...]
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from pathlib import Path

__all__ = ["main"]

FRONTENDS = {
    ".sv": "read_verilog -sv",
    ".il": "read_rtlil",
    ".json": "read_json",
    ".lib": "read_liberty",
    ".ys": "script",
}
"""Suffix of a file -> what reads it; everything else is Verilog."""


def main(arguments: list[str]) -> int:
    """Do what the arguments ask for, in Yosys' order: files, script, commands. Yosys itself leaves
    the process with status 1 at its first error."""
    own, rest = _split(arguments)
    options = _parser().parse_args(own)
    if options.q:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    from pyosys import libyosys

    if options.version:
        print(libyosys.Globals.yosys_version_str)
        return 0
    if options.y:
        script = Path(options.y).resolve()
        sys.argv = [str(script), *rest]
        sys.path.insert(0, str(script.parent))
        runpy.run_path(str(script), run_name="__main__")
        return 0
    design = libyosys.Design()
    for file in options.files:
        libyosys.run_pass(f"{FRONTENDS.get(Path(file).suffix, 'read_verilog')} {file}", design)
    for kind, name in (("script", options.s), ("tcl", options.c)):
        if name:
            libyosys.run_pass(f"{kind} {name}", design)
    for commands in options.p:
        libyosys.run_pass(commands, design)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="yosys", allow_abbrev=False)
    parser.add_argument("-V", "--version", action="store_true", help="print the version")
    parser.add_argument("-Q", action="store_true", help="no banner; there is none")
    parser.add_argument("-T", action="store_true", help="no footer; there is none")
    parser.add_argument("-q", action="count", default=0, help="print errors only")
    parser.add_argument("-p", metavar="COMMANDS", action="append", default=[], help="run commands")
    parser.add_argument("-s", metavar="SCRIPT", help="run a Yosys script")
    parser.add_argument("-c", metavar="TCL", help="run a Tcl script")
    parser.add_argument("-y", metavar="PYTHON", help="run a Python script that imports pyosys")
    parser.add_argument("files", nargs="*", help="Verilog, RTLIL, JSON or Liberty files to read")
    return parser


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Arguments before and after `--`; those after it belong to the Python script."""
    if "--" not in arguments:
        return arguments, []
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
