"""Layout against schematic for a whole macro, by netgen.

KLayout extracts the transistors, netgen compares: its partition refinement decides the symmetric
arrays of a memory in seconds where a search from net to net does not end. Compared are devices with
model, width and length, all nets, and the pins by name; supplies must be one piece of metal each.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import klayout.db as kdb

from macros.verify.extract import extract
from macros.verify.lvs import LvsResult, flatten, read_schematic
from macros.verify.supplies import pieces

__all__ = ["compare_macro"]

PROGRAM = "netgen-lvs"
SETUP = """\
permute transistors
foreach side {1 2} {
  foreach model {sky130_fd_pr__nfet_01v8 sky130_fd_pr__pfet_01v8_hvt} {
    permute "-circuit$side $model" drain source
    property "-circuit$side $model" delete as ad ps pd m
    property "-circuit$side $model" tolerance {w 0.001} {l 0.001}
  }
}
"""
MATCH = "Circuits match uniquely."
COUNTS = re.compile(r"Circuit 1 contains (\d+) devices, Circuit 2 contains (\d+) devices")
NETS = re.compile(r"Circuit 1 contains (\d+) nets,\s+Circuit 2 contains (\d+) nets")
MISMATCH = re.compile(r"\(no matching|\*\*Mismatch\*\*|\(delta=|[Pp]roperty errors")
SHOWN = 20


def compare_macro(layout: kdb.Layout, top: kdb.Cell, schematic: Path) -> LvsResult:
    """Compare a macro with the subcircuit of its name, both expanded to transistors.

    Raises RuntimeError when netgen is missing or gives no verdict, `ValueError` when the schematic
    has no such subcircuit.
    """
    if shutil.which(PROGRAM) is None:
        raise RuntimeError(f"{PROGRAM} is missing: apt-get install netgen-lvs")
    extracted = extract(layout, top)  # owns its netlist
    drawn = extracted.netlist()
    circuit = flatten(drawn, top.name)
    reference = read_schematic(schematic)
    if reference.circuit_by_name(top.name) is None:
        raise ValueError(f"{schematic.name} has no subcircuit {top.name!r}")
    flatten(reference, top.name)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for netlist, file in ((drawn, "layout.spice"), (reference, "schematic.spice")):
            _write(netlist, folder / file)
        (folder / "setup.tcl").write_text(SETUP)
        cell = top.name.lower()
        arguments = [f"layout.spice {cell}", f"schematic.spice {cell}", "setup.tcl", "result.out"]
        answer = subprocess.run(
            [PROGRAM, "-batch", "lvs", *arguments], cwd=folder, capture_output=True, text=True
        )
        report = folder / "result.out"
        text = report.read_text(errors="replace") if report.is_file() else ""
    log = answer.stdout + text
    if not COUNTS.search(log) or not NETS.search(log):
        last = (answer.stdout.strip().splitlines() or ["no output"])[-1]
        raise RuntimeError(f"netgen gave no verdict on {top.name}: {last}")
    differences = _differences(log)
    differences += [
        f"{net} is in {count} pieces of metal"
        for net, count in pieces(layout, top).items()
        if count != 1
    ]
    return LvsResult(
        tuple(differences),
        sum(1 for _ in circuit.each_device()),
        sum(1 for _ in circuit.each_net()),
    )


def _differences(log: str) -> list[str]:
    """What netgen says is different; none only on its own word that all matches."""
    found = []
    for pattern, what in ((COUNTS, "devices"), (NETS, "nets")):
        counts = pattern.search(log)
        assert counts is not None
        if counts.group(1) != counts.group(2):
            found.append(f"{counts.group(1)} {what} in the layout, {counts.group(2)} in schematic")
    lines = (" ".join(line.split()) for line in log.splitlines())
    found += list(dict.fromkeys(line for line in lines if MISMATCH.search(line)))[:SHOWN]
    if found or MATCH in log:
        return found
    return ["netgen says that the netlists do not match"]


def _write(netlist: kdb.Netlist, path: Path) -> None:
    """SPICE with names that netgen reads: lower case, no brackets, only pins that have a label."""
    writer = kdb.NetlistSpiceWriter()
    writer.use_net_names = True
    writer.with_comments = False
    netlist.write(str(path), writer)
    text = path.read_text().lower().replace("\\", "")
    text = re.sub(r"\[(\d+)\]", r"_\1_", text.replace("\n+", " "))
    lines = [_without_inner_pins(line) for line in text.splitlines()]
    path.write_text("\n".join(lines) + "\n")


def _without_inner_pins(line: str) -> str:
    """A label of a cell below is no pin of the macro."""
    if not line.startswith(".subckt"):
        return line
    return " ".join(word for word in line.split() if "$" not in word)
