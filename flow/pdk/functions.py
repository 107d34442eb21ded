"""Prove the logic that a Liberty states equal to the cells' Verilog models, simulated in Icarus.

One bench holds every cell beside a reference written from its Liberty. A Gray code walks through
all inputs (so that combinational functions are compared exhaustively), then single random bits
flip (so that flip-flops, latches and clock gates meet edges, clears and holds in many orders). One
bit changes at a time, so that no result depends on the order of events.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from flow.pdk.liberty_reader import Group
from flow.pdk.names import PdkError, view_path

__all__ = ["prove", "to_verilog"]

FLIPS = 4000
"""Random single-bit changes after the exhaustive walk."""

TOKEN = re.compile(r"\s*(?:([A-Za-z_]\w*)|([01])|([!&|^()'*+]))")
OPERATORS = {"*": "&", "+": "|"}

BENCH = """\
`timescale 1ns / 1ps
module bench;
  reg [{top}:0] v;
  integer step, wrong;
{cells}
  task check;
    begin
{checks}
    end
  endtask
  initial begin
    wrong = 0;
    for (step = 0; step < {walk}; step = step + 1) begin
      v = step ^ (step >> 1);
      #1 check;
    end
    for (step = 0; step < {flips}; step = step + 1) begin
      v = v ^ ({width}'d1 << ($unsigned($random) % {width}));
      #1 check;
    end
{verdicts}
    $display("BENCH DONE %0d wrong", wrong);
    $finish;
  end
endmodule
"""


def prove(cells: list[Group], tree: Path) -> int:
    """Compare every output whose function the Liberty states; return how many were compared.

    Raises `PdkError` naming the first output that differs, or that was never at both 0 and 1.
    """
    outputs = [output for cell in cells for output in _outputs(cell)]
    if not outputs:
        return 0
    log = _simulate(_bench(cells), tree)
    if "BENCH DONE" not in log:
        raise PdkError(f"Icarus did not finish the comparison of functions: {log.strip()[-200:]}")
    if wrong := re.search(r"^WRONG (\S+) .*$", log, re.MULTILINE):
        raise PdkError(f"Liberty and Verilog model differ: {wrong.group(0).removeprefix('WRONG ')}")
    proved = set(re.findall(r"^PROVED (\S+)$", log, re.MULTILINE))
    if lacking := sorted(set(outputs) - proved):
        raise PdkError(f"the comparison of functions never exercised {lacking[0]}")
    return len(proved)


def to_verilog(expression: str, names: dict[str, str]) -> str:
    """A Liberty function as a Verilog expression, with the names replaced.

    Liberty allows `!a`, `a'`, `a&b`, `a*b`, `a b`, `a|b`, `a+b`, `a^b`.
    """
    parts: list[str] = []
    position = 0
    while expression[position:].strip():
        found = TOKEN.match(expression, position)
        if found is None or (found.group(1) and found.group(1) not in names):
            raise PdkError(f"function {expression!r} is not understood at {position}")
        position = found.end()
        name, constant, mark = found.groups()
        operand = names[name] if name else f"1'b{constant}" if constant else ""
        if mark == "'":
            parts[-1] = f"(~{parts[-1]})" if parts[-1] != ")" else _negate(parts)
            continue
        if (operand or mark in ("!", "(")) and parts and parts[-1][-1] not in "(~&|^":
            parts.append("&")
        parts.append(operand or {"!": "~", **OPERATORS}.get(mark, mark))
    return "".join(parts)


def _negate(parts: list[str]) -> str:
    """Fold the bracket that has just closed into one part, negated: `(a|b)'` -> `(~(a|b))`."""
    depth = 0
    for start in range(len(parts) - 1, -1, -1):
        depth += (parts[start] == ")") - (parts[start] == "(")
        if depth == 0:
            break
    folded = "".join(parts[start:])
    del parts[start + 1 :]
    return f"(~{folded})"


def _outputs(cell: Group) -> list[str]:
    """`cell/pin` of each output whose logic is stated."""
    pins = (pin for pin in cell.groups("pin") if pin.text("direction") == "output")
    stated = (p for p in pins if p.text("function") or p.text("state_function"))
    return [f"{cell.name}/{pin.name}" for pin in stated]


def _bench(cells: list[Group]) -> str:
    width = max(1, *(len(_inputs(cell)) for cell in cells))
    bodies, checks, verdicts = [], [], []
    for number, cell in enumerate(cells):
        if _outputs(cell):
            bodies.append(_instance(number, cell))
            checks.append(_each_output(number, cell, "check"))
            verdicts.append(_each_output(number, cell, "verdict"))
    return BENCH.format(
        top=width - 1,
        width=width,
        walk=1 << width,
        flips=FLIPS,
        cells="\n".join(bodies),
        checks="\n".join(checks),
        verdicts="\n".join(verdicts),
    )


def _inputs(cell: Group) -> list[str]:
    return [pin.name for pin in cell.groups("pin") if pin.text("direction") == "input"]


def _instance(number: int, cell: Group) -> str:
    """The model, its reference, and two flags an output: compared at 0, compared at 1."""
    names = {name: f"v[{bit}]" for bit, name in enumerate(_inputs(cell))}
    ports = [f".{name}({bit})" for name, bit in names.items()]
    lines = _state(number, cell, names)
    for index, pin in enumerate(_output_pins(cell)):
        expression = to_verilog(pin.text("function") or pin.text("state_function"), names)
        if enable := pin.text("three_state"):
            expression = f"({to_verilog(enable, names)}) ? 1'bz : ({expression})"
        wire = f"{number}_{index}"
        lines.append(f"  wire o{wire}; wire e{wire} = {expression}; reg [1:0] s{wire} = 0;")
        ports.append(f".{pin.name}(o{wire})")
    lines.append(f"  {cell.name} u{number} ({', '.join(ports)});")
    return "\n".join(lines)


def _output_pins(cell: Group) -> list[Group]:
    stated = set(_outputs(cell))
    return [pin for pin in cell.groups("pin") if f"{cell.name}/{pin.name}" in stated]


def _state(number: int, cell: Group, names: dict[str, str]) -> list[str]:
    """Reference register of a flip-flop, latch or clock gate; adds its names to `names`."""
    register = f"q{number}"
    for flop in cell.groups("ff"):
        names |= {flop.arguments[0]: register, flop.arguments[1]: f"(~{register})"}
        clock, following, clear, preset = (
            to_verilog(flop.text(key, "0"), names)
            for key in ("clocked_on", "next_state", "clear", "preset")
        )
        return [
            f"  wire c{number} = {clock}, r{number} = {clear}, p{number} = {preset};",
            f"  reg {register};",
            f"  always @(posedge c{number} or posedge r{number} or posedge p{number})",
            f"    {register} <= r{number} ? (p{number} ? 1'bx : 1'b0)"
            f" : p{number} ? 1'b1 : ({following});",
        ]
    for latch in cell.groups("latch"):
        names |= {latch.arguments[0]: register, latch.arguments[1]: f"(~{register})"}
        return _latch(number, latch.text("enable"), latch.text("data_in"), latch, names)
    if cell.text("clock_gating_integrated_cell").startswith("latch_posedge"):
        pins = list(cell.groups("pin"))
        clock = next(pin.name for pin in pins if pin.text("clock_gate_clock_pin"))
        enables = ("clock_gate_enable_pin", "clock_gate_test_pin")
        data = "|".join(pin.name for pin in pins if any(map(pin.text, enables)))
        state = next(pin.name for pin in cell.groups("pin") if pin.text("internal_node"))
        names[state] = register
        return _latch(number, f"!{clock}", data, cell, names)
    return []


def _latch(number: int, enable: str, data: str, group: Group, names: dict[str, str]) -> list[str]:
    gate, value = to_verilog(enable, names), to_verilog(data, names)
    clear, preset = (to_verilog(group.text(key, "0"), names) for key in ("clear", "preset"))
    return [
        f"  reg q{number};",
        f"  always @* if ({clear}) q{number} = ({preset}) ? 1'bx : 1'b0;",
        f"    else if ({preset}) q{number} = 1'b1; else if ({gate}) q{number} = {value};",
    ]


def _each_output(number: int, cell: Group, what: str) -> str:
    lines = []
    for index, pin in enumerate(_output_pins(cell)):
        wire, name = f"{number}_{index}", f"{cell.name}/{pin.name}"
        if what == "check":
            lines.append(
                f"      if (e{wire} !== 1'bx) begin s{wire}[e{wire} === 1'b1] = 1;"
                f" if (o{wire} !== e{wire}) begin wrong = wrong + 1;"
                f' if (wrong < 9) $display("WRONG {name} is %b in the model, %b in Liberty, inputs'
                f' %b", o{wire}, e{wire}, v); end end'
            )
        else:
            constant = pin.text("function") in ("0", "1")
            seen = f"|s{wire}" if constant else f"&s{wire}"
            lines.append(f'    if ({seen}) $display("PROVED {name}");')
    return "\n".join(lines)


def _simulate(bench: str, tree: Path) -> str:
    """Icarus' output; the models are compiled functionally, without delays."""
    for program in ("iverilog", "vvp"):
        if shutil.which(program) is None:
            raise PdkError(f"{program} is missing; apt-get install iverilog")
    with tempfile.TemporaryDirectory() as folder:
        source, compiled = Path(folder, "bench.v"), Path(folder, "bench.vvp")
        source.write_text(bench)
        models = [str(view_path(tree, view)) for view in ("primitives", "verilog")]
        command = ["iverilog", "-g2005-sv", "-DFUNCTIONAL", "-s", "bench", "-o", str(compiled)]
        built = subprocess.run([*command, str(source), *models], capture_output=True, text=True)
        if built.returncode != 0:
            raise PdkError(f"Icarus cannot compile the models: {built.stderr.strip()[-200:]}")
        return subprocess.run(["vvp", "-n", str(compiled)], capture_output=True, text=True).stdout
