"""ngspice as a function: a deck goes in, its printed measurements come out."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["SpiceError", "find_ngspice", "parse_measures", "simulate"]

# hsa: HSPICE dialect, in which the PDK is written; skywaterpdk and ng_nomodcheck skip checks.
_SPICEINIT = """\
set ngbehavior=hsa
set skywaterpdk
set ng_nomodcheck
set num_threads=1
"""
_COMPLAINT = re.compile(r"\s*(fatal|error|warning: singular|.*aborted|.*too small)", re.IGNORECASE)
_MEASURE = re.compile(r"^(\w+)\s*=\s*([-+0-9.eE]+)", re.MULTILINE)


class SpiceError(RuntimeError):
    """ngspice is missing, crashed, ran too long or rejected a deck."""


def find_ngspice() -> Path:
    """The ngspice program on PATH."""
    found = shutil.which("ngspice")
    if found is None:
        raise SpiceError("ngspice is not on PATH; install it with: apt-get install ngspice")
    return Path(found)


def simulate(deck: str, *, timeout_s: float = 600.0, files: tuple[str, ...] = ()) -> str:
    """Run a deck in batch mode and return what it printed.

    The deck runs in a folder of its own that is removed afterwards; a `.control` section must end
    with `quit 0`, or leave it out for plain `.tran`/`.measure` cards. The first complaint of
    ngspice becomes the error. `files`, names that the deck writes, are read back and appended
    (text only), in their order.
    """
    program = find_ngspice()
    with tempfile.TemporaryDirectory(prefix="spikeout-spice-") as folder:
        work = Path(folder)
        (work / ".spiceinit").write_text(_SPICEINIT)
        (work / "deck.spice").write_text(deck)
        try:
            done = subprocess.run(
                [program, "-b", "deck.spice"],
                cwd=work,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SpiceError(f"ngspice did not end within {timeout_s:g} s") from None
        complaint = _complaint(done.stdout + "\n" + done.stderr)
        if done.returncode != 0 or complaint:
            raise SpiceError(f"ngspice failed: {complaint or f'exit {done.returncode}'}")
        return done.stdout + "".join((work / name).read_text() for name in files)


def _complaint(text: str) -> str:
    """What ngspice said first about a deck it did not simulate as written, or an empty string.
    A measurement that found no crossing is a result, not a complaint."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if _COMPLAINT.match(line) and "measure" not in line.lower():
            more = lines[number : number + 3] if line.rstrip().endswith(":") else [line]
            return " ".join(" ".join(more).split())
    return ""


def parse_measures(text: str) -> dict[str, list[float]]:
    """Values of every printed `name = value`, in order of appearance; a measurement that failed (no
    such crossing) prints nothing, so give each a name of its own."""
    values: dict[str, list[float]] = {}
    for name, value in _MEASURE.findall(text):
        values.setdefault(name, []).append(float(value))
    return values
