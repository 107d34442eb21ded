"""Verilog of a netlist with delays, for Icarus: models of its cells with paths and timing checks.

    sources, sdf = timed_sources(netlist, delays, tree, macros)

The function of a cell is the library's own functional model; paths are added to it as a `specify`
block that `$sdf_annotate` fills in. Icarus has no timing checks: each model watches its own setup
and hold and prints "timing <operation> <cycle> setup <instance> <pin>". Limits come to each
instance as parameters. A macro's read data is X from the clock edge that starts the read until its
delay has passed. Instances are renamed i0, i1, ...: Icarus' SDF reader knows no escaped names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from flow import netlist as netlists
from flow.cell_models import cell_models
from flow.signoff.delays import Delays, Limit, write_sdf
from flow.signoff.verdict import NoVerdict

__all__ = ["ANNOTATE", "LIMITS", "instance_names", "timed_sources"]

ANNOTATE = "annotate"
"""Top module beside the bench: it reads the SDF of plusarg +sdf, and writes the nets of the chip as
VCD to the file of plusarg +activity from operation +from on."""
LIMITS = "limits"
"""Top module with the limits of every instance."""
SHOWN = 50
"""Violations of timing that are printed."""
HALF_PS = 0.0005

NO_UNIT_DELAY = "`define UNIT_DELAY\n"
ANNOTATION = """\
module {name};
  reg [8 * 512 - 1:0] sdf, activity;
  integer violations = 0, first = 0;
  initial if ($value$plusargs("sdf=%s", sdf)) $sdf_annotate(sdf, host.dut);
  initial if ($value$plusargs("activity=%s", activity)) begin
    if (!$value$plusargs("from=%d", first)) first = 0;
    wait (host.number >= first);
    $dumpfile(activity);
    $dumpvars(1, host.dut);
  end
endmodule
"""
WATCH = """\
  parameter SETUP_{pin} = 0.0, HOLD_{pin} = 0.0;
  realtime changed_{pin} = -1e9, clocked_{pin} = -1e9;
  always @({pin}) begin
    changed_{pin} = $realtime;
    if (host.checking && $realtime - clocked_{pin} < HOLD_{pin} - {half_ps}) begin
      annotate.violations = annotate.violations + 1;
      if (annotate.violations <= {shown})
        $display("timing %0d %0d hold %m {pin}", host.number, host.cycle);
    end
  end
  always @({edge} {clock}) begin
    clocked_{pin} = $realtime;
    if (host.checking && $realtime - changed_{pin} < SETUP_{pin} - {half_ps}) begin
      annotate.violations = annotate.violations + 1;
      if (annotate.violations <= {shown})
        $display("timing %0d %0d setup %m {pin}", host.number, host.cycle);
    end
  end
"""
MACRO = """\
`timescale 1ns / 1ps
module {name} ({ports});
{declarations}
  parameter READ = 0.0;
  wire [{top}:0] value;
  {name}_function memory ({connections}, .{output}(value));
  always @(posedge {clock}) if (csb0 !== 1'b1 && web0 !== 1'b0) begin
    {wait}{output} = {{{bits}{{1'bx}}}};
    #(READ) {output} = value;
  end
{watches}endmodule
"""
PORT = re.compile(r"^\s*(input|output)\s+(?:reg\s+)?(\[(\d+):0\]\s+)?(\w+),?\s*$", re.MULTILINE)


def instance_names(netlist: Path) -> dict[str, str]:
    """Instance -> its name in the simulation."""
    return {name: f"i{number}" for number, name in enumerate(netlists.instances(netlist))}


def timed_sources(
    netlist: Path,
    delays: Delays,
    tree: Path,
    macros: Mapping[str, str],
    falling: Mapping[str, bool],
) -> tuple[dict[str, str], str]:
    """File name -> Verilog, and the SDF text.

    `macros` maps each macro to its behavioural Verilog, `falling` to whether a read starts at the
    falling edge of its clock. `NoVerdict` when the delays are of another netlist.
    """
    masters = netlists.instances(netlist)
    if odd := sorted(set(delays.paths) - set(masters)):
        raise NoVerdict(f"the delays are of another netlist: it has no instance {odd[0]}")
    outputs = {name for name, master in masters.items() if _has_output(master)}
    if lost := sorted(outputs - set(delays.paths)):
        raise NoVerdict(f"the delays are of another netlist: they lack instance {lost[0]}")
    names = instance_names(netlist)
    used = set(masters.values())
    cells = used - set(macros)
    sources = cell_models(tree, cells)
    sources["cells.v"] = NO_UNIT_DELAY + _with_timing(sources["cells.v"], delays, masters)
    sources["netlist.v"] = _renamed(netlist.read_text(), names)
    for macro in used & set(macros):
        sources[f"{macro}.v"] = _macro(macro, macros[macro], delays, masters, falling[macro])
    sources[f"{ANNOTATE}.v"] = ANNOTATION.format(name=ANNOTATE) + _parameters(
        delays, masters, names, set(macros)
    )
    return sources, write_sdf(delays, names, cells)


def _has_output(master: str) -> bool:
    """Tie cells and cells without function have no delay."""
    return not re.search(r"__(conb|tap\w*|decap|fill\w*|diode|macro_sparecell)_?\d*$", master)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    def rename(found: re.Match[str]) -> str:
        master, name = found.groups()
        new = names.get(name.lstrip("\\"))
        return f"  {master} {new} (" if new and master not in netlists.DECLARATION else found[0]

    return netlists.INSTANCE.sub(rename, text)


def _watch(pin: str, limit: Limit) -> str:
    return WATCH.format(pin=pin, edge=limit.edge, clock=limit.clock, half_ps=HALF_PS, shown=SHOWN)


def _with_timing(cells: str, delays: Delays, masters: Mapping[str, str]) -> str:
    """The models with a specify block, and watches of setup and hold, in each."""
    paths: dict[str, set[tuple[str, str]]] = {}
    watches: dict[str, dict[str, str]] = {}
    for instance, found in delays.paths.items():
        paths.setdefault(masters[instance], set()).update(found)
    for instance, limits in delays.limits.items():
        for pin, limit in limits.items():
            text = _watch(pin, limit)
            watches.setdefault(masters[instance], {})[pin] = text

    def extend(found: re.Match[str]) -> str:
        arcs = sorted(paths.get(found[2], ()))
        lines = [f"    ({pin} => {output}) = (0, 0);" for pin, output in arcs]
        block = ["  specify", *lines, "  endspecify"] if arcs else []
        body = "".join(watches.get(found[2], {}).values())
        return found[1] + body + "\n".join(block) + "\nendmodule"

    return re.sub(r"(^module (\w+)\b.*?)^endmodule", extend, cells, flags=re.M | re.S)


def _parameters(
    delays: Delays, masters: Mapping[str, str], names: Mapping[str, str], macros: set[str]
) -> str:
    """Limits of every instance and read delays of the macros, as `defparam`s."""
    lines = []
    for instance, limits in delays.limits.items():
        worst: dict[str, tuple[float, float]] = {}
        for pin, limit in limits.items():
            bus = pin.split("[")[0] if masters[instance] in macros else pin
            setup, hold = worst.get(bus, (-1e9, -1e9))
            worst[bus] = (max(setup, limit.setup), max(hold, limit.hold))
        for pin, (setup, hold) in worst.items():
            where = f"host.dut.{names[instance]}"
            lines.append(f"  defparam {where}.SETUP_{pin} = {setup:.3f};")
            lines.append(f"  defparam {where}.HOLD_{pin} = {hold:.3f};")
    for instance, master in masters.items():
        if master in macros:
            read = max(max(pair) for pair in delays.paths[instance].values())
            lines.append(f"  defparam host.dut.{names[instance]}.READ = {read:.3f};")
    return "\n".join([f"module {LIMITS};", *lines, "endmodule", ""])


def _macro(
    name: str, behaviour: str, delays: Delays, masters: Mapping[str, str], falling: bool
) -> str:
    """The macro's behavioural model inside a shell that delays its read data and watches inputs."""
    ports = [
        (way, int(top or 0), port)
        for way, _, top, port in PORT.findall(behaviour.split("endmodule")[0])
    ]
    output, top = next((port, top) for way, top, port in ports if way == "output")
    instance = next(n for n, master in masters.items() if master == name)
    limits = {pin.split("[")[0]: limit for pin, limit in delays.limits.get(instance, {}).items()}
    shell = MACRO.format(
        name=name,
        ports=", ".join(port for *_, port in ports),
        declarations="\n".join(
            f"  {way}{' reg' if way == 'output' else ''} [{high}:0] {port};"
            for way, high, port in ports
        ),
        connections=", ".join(f".{port}({port})" for way, _, port in ports if way == "input"),
        output=output,
        top=top,
        bits=top + 1,
        clock="clk0",
        wait="@(negedge clk0) " if falling else "",
        watches="".join(_watch(pin, limit) for pin, limit in limits.items()),
    )
    return re.sub(rf"\bmodule {name}\b", f"module {name}_function", behaviour) + shell
