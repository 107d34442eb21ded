"""Magic with the technology file of an official PDK: its design rules, and its extraction.

    verdict = check_magic_drc(gds, tree, folder, "digits")
    spice = extract(gds, tree, work, "digits", [macro_lef])

Magic's exit status is 0 whatever happens, so only the last line of our script is believed.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from flow.pdk.names import PROCESS
from flow.signoff.programs import printed_by, program_of
from flow.signoff.verdict import NoVerdict, Verdict
from macros.store import atomic_write

__all__ = ["TECHNOLOGY", "check_magic_drc", "extract"]

TECHNOLOGY = f"libs.tech/magic/{PROCESS}.tech"
"""The technology file, in an official tree."""
TOO_OLD = re.compile(r"Magic version ([\d.]+) is required .* this version of magic is ([\d.]+\d)")
READ = """\
drc off
gds noduplicates true
{abstracts}
gds read {{{gds}}}
load {{{top}}}
select top cell
"""
RULES = """\
drc euclidean on
drc style drc(full)
drc check
set scale [expr {{1000 * [cif scale out]}}]
set out [open findings w]
foreach {{rule boxes}} [drc listall why] {{
    foreach box $boxes {{
        foreach value $box {{ puts -nonewline $out "[expr {{round($value * $scale)}}] " }}
        puts $out $rule
    }}
}}
close $out
"""
NETLIST = """\
extract no all
extract do local
extract unique
extract all
ext2spice lvs
ext2spice -o {{{spice}}}
"""
END = """\
puts "finished in technology [tech name]"
quit -noprompt
"""


def check_magic_drc(gds: Path, tree: Path, out: Path, top: str) -> Verdict:
    """Magic's full design rules; each finding is a line of `out`/drc_magic.txt: box in nm, rule.

    Raises `NoVerdict` when magic or the technology file is missing, or magic does not finish.
    """
    with tempfile.TemporaryDirectory(prefix="spikeout-magic-") as name:
        _run(READ + RULES, tree, Path(name), gds=gds.absolute(), top=top, abstracts="")
        findings = (Path(name) / "findings").read_text()
    atomic_write(out / "drc_magic.txt", findings or f"{top}: no errors\n")
    counts = Counter(line.split(maxsplit=4)[4] for line in findings.splitlines())
    figure = f"{counts.total()} errors of magic"
    if counts:
        figure += ": " + ", ".join(f"{n} {rule}" for rule, n in counts.most_common(2))
    metrics = {"magic__drc_error__count": counts.total()}
    return Verdict("drc_magic", not counts, figure, out / "drc_magic.txt", metrics)


def extract(gds: Path, tree: Path, work: Path, top: str, abstracts: Sequence[Path] = ()) -> Path:
    """SPICE netlist of a layout, by cells and transistors, with the cells of `abstracts` (LEF) as
    black boxes. Raises `NoVerdict` as `check_magic_drc` does."""
    spice = work / f"{top}.spice"
    reads = "\n".join(f"lef read {{{path.absolute()}}}" for path in abstracts)
    _run(READ + NETLIST, tree, work, gds=gds.absolute(), top=top, abstracts=reads, spice=spice)
    if not spice.is_file():
        raise NoVerdict(f"magic wrote no netlist of {gds.name}")
    return spice


def _run(script: str, tree: Path, work: Path, **values: object) -> None:
    technology = (tree / TECHNOLOGY).absolute()
    if not technology.is_file():
        raise NoVerdict(f"the PDK has no {TECHNOLOGY}")
    commands = work / "script.tcl"
    commands.write_text(script.format(**values) + END)
    program = program_of("magic", "magic")
    options = ("-dnull", "-noconsole", "-rcfile", "/dev/null", "-T", str(technology))
    said = printed_by([program, *options, str(commands)], work)
    if old := TOO_OLD.search(said):
        raise NoVerdict(f"the PDK wants magic {old[1]} or newer, this is {old[2]}")
    if f"finished in technology {PROCESS}" not in said:
        last = [line for line in said.splitlines() if line.strip()][-1:]
        raise NoVerdict(f"magic did not finish: {' '.join(last).strip()}")
