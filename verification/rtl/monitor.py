"""Four-state eyes inside the RTL: a Verilog module that watches every register and memory write.

Only for RTL (it knows the hierarchy that `rtl.verilog` writes), and only to find X and to see
which transitions of the state machines happened; all comparisons with the golden model go through
the pins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["monitor"]

_MODULE = re.compile(r"^module (\S+?)\s*\((.*?)^endmodule", flags=re.M | re.S)
_REGISTER = re.compile(r"^  reg (?:\[(\d+):0\] )?(\\\S+ |\w+)\s*;", flags=re.M)
_INSTANCE = re.compile(r"^  (\w+)  ?(\w+) \($", flags=re.M)


def monitor(sources: dict[str, str], top: str) -> str:
    """Verilog of the module `monitor` for chip `top`; it prints lines of two kinds::

    unknown <operation> <cycle> <register or memory write>
    transition <state machine> <state> <next state>
    """
    modules = dict(_MODULE.findall(sources[f"{top}.v"]))
    registers = list(_registers(modules, top, "host.dut"))
    memories = list(_memories(modules, top, "host.dut"))
    lines = [
        "module monitor;",
        "    always @(negedge host.clk) if (host.checking && !host.rst) begin",
    ]
    for path, _ in registers:
        lines.append(_check(f"^{path} === 1'bx", path))
    lines.append("    end")
    lines.append("    always @(posedge host.clk) if (host.checking && !host.rst) begin")
    for path in memories:
        write = f"{path}.csb0 !== 1 && {path}.web0 !== 1"
        inputs = f"{{{path}.csb0, {path}.web0, {path}.addr0, {path}.din0}}"
        lines.append(_check(f"{write} && ^{inputs} === 1'bx", path))
    lines.append("    end")
    for number, (path, width) in enumerate(registers):
        if path.endswith("fsm_state"):
            lines.append(_transitions(number, path, width))
    lines.append("endmodule\n")
    return "\n".join(lines)


def _check(condition: str, path: str) -> str:
    shown = path.replace("\\", "").strip()
    return (
        f"        if ({condition}) begin\n"
        "            host.unknowns = host.unknowns + 1;\n"
        "            if (host.unknowns < 64)\n"
        f'                $display("unknown %0d %0d {shown}", host.number, host.cycle);\n'
        "        end"
    )


def _transitions(number: int, path: str, width: int) -> str:
    size = 1 << width
    return f"""
    reg [{width - 1}:0] last_{number};
    reg [0:{size * size - 1}] seen_{number} = 0;
    always @(negedge host.clk) begin
        if (host.checking && !host.rst && last_{number} !== {path}
            && !seen_{number}[{{last_{number}, {path}}}]) begin
            seen_{number}[{{last_{number}, {path}}}] = 1;
            $display("transition {path.removeprefix("host.dut.")} %0d %0d", last_{number}, {path});
        end
        last_{number} = host.rst ? {width}'d0 : {path};
    end"""


def _registers(modules: dict[str, str], name: str, path: str) -> Iterator[tuple[str, int]]:
    for top, register in _REGISTER.findall(modules[name]):
        yield f"{path}.{register}", int(top or 0) + 1
    for module, instance in _INSTANCE.findall(modules[name]):
        if module in modules:
            yield from _registers(modules, module, f"{path}.{instance}")


def _memories(modules: dict[str, str], name: str, path: str) -> Iterator[str]:
    for module, instance in _INSTANCE.findall(modules[name]):
        if module in modules:
            yield from _memories(modules, module, f"{path}.{instance}")
        elif module.startswith("sram_"):
            yield f"{path}.{instance}"
