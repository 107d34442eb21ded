"""Is the netlist the RTL? A formal proof, register by register.

    verdict = check_equivalence(rtl, netlist, "digits", liberty, macros, folder)

Both designs are cut at their registers and macros and become and-inverter graphs. Registers are
paired by the names that synthesis kept, what is left by what they compute; a pairing is only a
guess. The proof is ABC's combinational equivalence check: with paired registers equal, every next
state, every clock, every output and every pin of a macro is equal. It is an induction over time, so
a wrong guess cannot pass. A register of the RTL that synthesis removed must be proved constant or
equal to another one in the same way. A gated clock is an enable of its registers. State machines
that synthesis encodes anew get that encoding in the RTL as well, from Yosys' `fsm` pass.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flow import netlist as netlists
from flow.signoff.aig import CLOCK_GATE, Aig, evaluate, from_json, patterns, write_aiger
from flow.signoff.verdict import NoVerdict, Verdict
from macros.store import atomic_write

__all__ = ["Pairing", "check_equivalence", "pair"]

WIDTH = 2048
"""Random situations in which unnamed registers are told apart, and differences are looked for."""
FILLS = (0, (1 << WIDTH) - 1)
"""Values of a register that has no partner yet: 0 in all situations, or 1."""
TEMPORARY = re.compile(r"(?<![\w\\$])_(\d+)_(?!\w)")
"""Names that Amaranth gives to intermediate signals; Yosys drops such names, unless changed."""
PUBLIC = re.compile(r"(^|\.)temporary(\d+_)")
SHOWN = 20

RTL = """\
read_verilog {source}
{boxes}
hierarchy -check -top {top}
proc
flatten
opt_expr
opt_clean
opt -nodffe -nosdff
fsm
memory -nomap
memory_map
opt_clean
techmap
dfflegalize -cell $_DFF_P_ x
techmap
aigmap
opt_clean
write_json {out}
"""
NETLIST = """\
read_liberty -ignore_miss_func -ignore_miss_data_latch -ignore_miss_dir {liberty}
{boxes}
read_verilog {source}
hierarchy -check -top {top}
flatten -noscopeinfo
aigmap
opt_clean
write_json {out}
"""
CELL = re.compile(r'^\s*cell\s*\(\s*"?(\w+)"?\s*\)', re.MULTILINE)
IDLE = re.compile(r"__(?:diode|fill|decap|tap\w*)_?\d*$")
"""Cells without a function: their pins only load a net."""


@dataclass(frozen=True)
class Pairing:
    """Registers of two designs that are taken to be equal.

    partners : register of the RTL -> register of the netlist, or 0 or 1 when it is constant
    lost : registers of the RTL without a partner
    odd : registers of the netlist without a partner
    """

    partners: Mapping[str, str | int]
    lost: Sequence[str]
    odd: Sequence[str]


def check_equivalence(
    rtl: Path,
    netlist: Path,
    top: str,
    liberty: Path,
    boxes: Mapping[str, Path],
    folder: Path,
) -> Verdict:
    """Prove the netlist equal to the RTL; write `equivalence.json` to `folder`.

    `boxes` maps each macro to Verilog with its ports. Raises `NoVerdict` when a file cannot be
    read, is of another design, or uses a cell that Liberty has not.
    """
    _check_inputs(rtl, netlist, top, liberty, boxes)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        gold = _graph(_public(rtl, work), RTL, top, boxes, work)
        gate = _graph(netlist, NETLIST, top, boxes, work, liberty=liberty)
        if set(_free(gold)) ^ set(_free(gate)):
            odd = sorted(set(_free(gold)) ^ set(_free(gate)))[0]
            raise NoVerdict(f"{netlist} is of another design: only one of the two has {odd}")
        pairing = pair(gold, gate)
        faults = [f"register {name} has no counterpart in the netlist" for name in pairing.lost]
        faults += [f"register {name} has no counterpart in the RTL" for name in pairing.odd]
        compared = 0
        if not faults:
            compared, differing = _prove(gold, gate, pairing, work)
            faults = [f"{name} differs" for name in differing]
    report = folder / "equivalence.json"
    content = {
        "design": top,
        "registers": len(gate.registers),
        "functions_compared": compared,
        "constant": sorted(name for name, partner in pairing.partners.items() if partner == 0),
        "renamed": {n: p for n, p in pairing.partners.items() if p != n and p != 0},
        "faults": faults,
    }
    atomic_write(report, json.dumps(content, indent=1) + "\n")
    figure = f"{len(gate.registers)} registers, {compared} functions proved equal"
    if faults:
        figure = f"{len(faults)} differences among {len(gate.registers)} registers: {faults[0]}"
    metrics = {
        "signoff__equivalence__register__count": len(gate.registers),
        "signoff__equivalence__function__count": compared,
        "signoff__equivalence_difference__count": len(faults),
    }
    return Verdict("equivalence", not faults and compared > 0, figure, report, metrics)


def _check_inputs(
    rtl: Path, netlist: Path, top: str, liberty: Path, boxes: Mapping[str, Path]
) -> None:
    for path in (rtl, netlist, liberty, *boxes.values()):
        if not path.is_file():
            raise NoVerdict(f"{path} is not there")
    for path in (rtl, netlist):
        text = path.read_text(errors="replace")
        modules = re.findall(r"^\s*module\s+(\w+)", text, re.MULTILINE)
        if top not in modules:
            raise NoVerdict(f"{path} is of another design: it has no module {top}")
        if len(modules) != len(re.findall(r"^\s*endmodule", text, re.MULTILINE)):
            raise NoVerdict(f"{path} is truncated: a module has no end")
    known = _cells(liberty)
    for master in netlists.histogram(netlist):
        if master not in known and master not in boxes and not IDLE.search(master):
            raise NoVerdict(f"{liberty} has no cell {master}")


def _cells(liberty: Path) -> set[str]:
    return set(CELL.findall(liberty.read_text()))


def _public(rtl: Path, work: Path) -> Path:
    path = work / "rtl.v"
    path.write_text(TEMPORARY.sub(r"temporary\1_", rtl.read_text()))
    return path


def _graph(
    source: Path, script: str, top: str, boxes: Mapping[str, Path], work: Path, **more: Path
) -> Aig:
    """Run a script of Yosys in a process of its own: it ends the process at an error."""
    out = work / "design.json"
    out.unlink(missing_ok=True)
    reads = [f"read_verilog -lib {path}" for path in boxes.values()]
    known = {cell for path in more.values() for cell in _cells(path)}
    stubs = work / "stubs.v"
    stubs.write_text("".join(_stub(name, known) for name in netlists.histogram(source)))
    reads.append(f"read_verilog -overwrite {stubs}")
    commands = work / "script.ys"
    commands.write_text(
        script.format(source=source, boxes="\n".join(reads), top=top, out=out, **more)
    )
    program = (
        "import sys; from pyosys import libyosys as y;"
        "y.run_pass('script ' + sys.argv[1], y.Design())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(commands)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if not out.is_file():
        words = re.findall(r"ERROR: (.*)", run.stdout + run.stderr)
        raise NoVerdict(f"Yosys cannot read {source}: {words[0] if words else run.returncode}")
    module = json.loads(out.read_text())["modules"][top]
    try:
        return from_json(module, boxes)
    except ValueError as error:
        raise NoVerdict(f"{source}: {error}") from None


def _stub(master: str, known: set[str]) -> str:
    """Verilog of a cell whose function Liberty does not give, empty for others."""
    if gate := CLOCK_GATE.search(master):
        enables = "GATE, SCE" if gate[1] else "GATE"
        return f"(* blackbox *) module {master} (input CLK, {enables}, output GCLK); endmodule\n"
    if IDLE.search(master) and master not in known:
        return f"module {master} (input DIODE); endmodule\n"
    return ""


def _free(graph: Aig) -> list[str]:
    """Inputs that are no register: ports and what macros give."""
    return [name for name in graph.inputs if name not in graph.registers]


def pair(gold: Aig, gate: Aig) -> Pairing:
    """Guess which registers correspond: by name, then by their next state in random situations in
    which the unpaired registers are all 0, then all 1; again with what has been found."""
    named = {_plain(alias): name for name, known in gate.registers.items() for alias in known}
    partners: dict[str, str | int] = {}
    for name, known in gold.registers.items():
        found = next((named[p] for alias in known if (p := _plain(alias)) in named), None)
        if found is not None:
            partners[name] = found
    while left := [name for name in gold.registers if name not in partners]:
        taken = sorted({str(partner) for partner in partners.values()} & set(gate.registers))
        free = [name for name in gate.registers if name not in set(taken)]
        values = patterns(gate.inputs, WIDTH, seed=1)
        low, high = (_next_states(gold, gate, partners, values, fill) for fill in FILLS)
        marks, theirs = (
            {name: (bits, ones[name]) for name, bits in zeros.items()}
            for zeros, ones in zip(low, high, strict=True)
        )
        news: dict[str, str | int] = {}
        for name in left:
            same = [other for other in free if theirs[other] == marks[name]]
            if not same:  # as if the register had the other's value
                same = [r for r in taken if _mix(*marks[name], values[r]) == theirs[r][0]]
            if same:
                news[name] = same[0]
            elif marks[name][0] == 0:
                news[name] = 0
        if not news:
            break
        partners |= news
    lost = [name for name in gold.registers if name not in partners]
    odd = [name for name in gate.registers if name not in set(partners.values())]
    return Pairing(partners, lost, odd)


def _mix(low: int, high: int, value: int) -> int:
    """A function of one more variable, its values where the variable is 0 and 1, at `value`."""
    return (high & value) | (low & ~value)


def _plain(name: str) -> str:
    return PUBLIC.sub(r"\1_\2", name)


def _next_states(
    gold: Aig, gate: Aig, partners: Mapping[str, str | int], values: Mapping[str, int], fill: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Register -> its next state in every situation, of both designs; unpaired registers are
    `fill`."""
    taken = set(partners.values())
    theirs = {n: values[n] if n not in gate.registers or n in taken else fill for n in values}
    ours = {name: theirs[name] for name in _free(gold)}
    ours |= {n: theirs.get(str(partners.get(n)), fill) for n in gold.registers}
    ours |= {name: 0 for name, partner in partners.items() if partner == 0}
    left, right = evaluate(gold, ours, WIDTH), evaluate(gate, theirs, WIDTH)
    return {n: left[f"{n}.D"] for n in gold.registers}, {n: right[f"{n}.D"] for n in gate.registers}


def _prove(gold: Aig, gate: Aig, pairing: Pairing, work: Path) -> tuple[int, list[str]]:
    """Number of functions compared, and those that differ."""
    partners = pairing.partners
    renamed: dict[str, str | int] = dict(partners)
    renamed.update((name, name) for name in _free(gold))
    pairs = [(name, name) for name in gold.outputs if not name.endswith((".D", ".CLK"))]
    for name, partner in partners.items():
        if partner != 0:
            pairs += [(f"{name}.D", f"{partner}.D"), (f"{name}.CLK", f"{partner}.CLK")]
    theirs = {name: name for name in gate.inputs}
    constants = [f"{name}.D" for name, partner in partners.items() if partner == 0]
    gate.outputs["0"] = 0
    pairs += [(name, "0") for name in constants]
    files = [work / "rtl.aig", work / "netlist.aig"]
    files[0].write_bytes(write_aiger(gold, renamed, [ours for ours, _ in pairs]))
    files[1].write_bytes(write_aiger(gate, theirs, [other for _, other in pairs]))
    run = subprocess.run(
        [_abc(), "-c", f"cec -n {files[0]} {files[1]}"],
        capture_output=True,
        text=True,
        cwd=work,
        check=False,
    )
    if "Networks are equivalent" in run.stdout:
        return len(pairs), []
    if "NOT EQUIVALENT" not in run.stdout:
        raise NoVerdict(f"ABC gave no answer: {run.stdout.strip()[-200:]}")
    return len(pairs), _differences(gold, gate, renamed, pairs) or ["a function of rare inputs"]


def _differences(
    gold: Aig, gate: Aig, renamed: Mapping[str, str | int], pairs: Sequence[tuple[str, str]]
) -> list[str]:
    """Functions that differ in random situations."""
    theirs = patterns(gate.inputs, WIDTH, seed=2)
    ours = {name: 0 if new == 0 else theirs[str(new)] for name, new in renamed.items()}
    left, right = evaluate(gold, ours, WIDTH), evaluate(gate, theirs, WIDTH)
    return [a for a, b in pairs if left[a] != right[b]][:SHOWN]


def _abc() -> str:
    import pyosys

    return str(Path(pyosys.__file__).with_name("yosys-abc"))
