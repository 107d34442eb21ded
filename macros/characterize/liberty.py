"""The figures of a macro at a corner as Liberty text.

Units: ns, pF, nW, V; hence energies in pJ. Groups come before the simple attributes of a group, as
in the released libraries: OpenSTA 2.0 otherwise reads internal power as 0.
"""

from __future__ import annotations

from macros.characterize.corners import Corner
from macros.characterize.timing import (
    CONSTRAINT_SLEW_NS,
    CONSTRAINTS,
    LOAD_PF,
    SLEW_NS,
    Figures,
    Table,
)
from macros.liberty_syntax import THRESHOLDS, UNITS, bus_type, group, number, row, template
from macros.shape import MacroShape

__all__ = ["liberty_text"]

POWER_STATES = {"read": "!csb0 & web0", "write": "!csb0 & !web0", "idle": "csb0"}
_HOW = """\
{name} at {corner}: {process} devices, {volt:g} V, {celsius:g} C. Every number is from ngspice with
the device models of the PDK, on the schematic netlist that the layout was compared with, folded to
its critical paths at full load, with wires by geometry (macros/characterize).
dout0: read data appear after the falling edge of clk0 (50 % to 50 %, transitions 20 % to 80 %); one
  point simulated on the whole folded macro, others by clock buffer and output driver alone.
Setup at 10 % push-out of the input flip-flop, hold where it keeps the old value; both with the
  clock buffer's delay.
min_pulse_width, min_period: phases at which two words were written and read back in simulation.
At the rising edge, word lines close {gap:.2f} ns before the decoder shows the next row.
internal_power: supply energy per period, half of it stated at each edge of clk0; read {read:.2f}
  pJ, write {write:.2f} pJ, idle {idle:.2f} pJ; the charge of the outputs' loads is not in it.
Leakage: at rest, with the PDK's models for leakage. Pin capacitance: gate width and wire."""


def liberty_text(shape: MacroShape, corner: Corner, figures: Figures, area_um2: float) -> str:
    """The library `<macro>__<corner>` with the macro as its only cell."""
    note = _HOW.format(
        name=shape.name,
        corner=corner.name,
        process=corner.process,
        volt=corner.volt,
        celsius=corner.celsius,
        gap=figures.word_line_gap_ns,
        read=figures.read_pj,
        write=figures.write_pj,
        idle=figures.idle_pj,
    )
    lines = [
        *(f"/* {line} */" for line in note.splitlines()),
        *group(
            "library",
            f"{shape.name}__{corner.name}",
            [*_head(shape, corner), *_cell(shape, figures, area_um2)],
        ),
    ]
    return "\n".join([*lines, ""])


def _head(shape: MacroShape, corner: Corner) -> list[str]:
    lines = [
        *UNITS,
        f'voltage_map ("vccd1", {corner.volt:g});',
        'voltage_map ("vssd1", 0);',
        "default_cell_leakage_power : 0;",
        "default_fanout_load : 0;",
        "default_inout_pin_cap : 0;",
        "default_input_pin_cap : 0;",
        "default_output_pin_cap : 0;",
        f"default_max_transition : {SLEW_NS[-1]:g};",
    ]
    conditions = [
        "process : 1;",
        f"temperature : {corner.celsius:g};",
        'tree_type : "balanced_tree";',
        f"voltage : {corner.volt:g};",
    ]
    return [
        *lines,
        *THRESHOLDS,
        "slew_derate_from_library : 1;",
        "nom_process : 1;",
        f"nom_temperature : {corner.celsius:g};",
        f"nom_voltage : {corner.volt:g};",
        *group("operating_conditions", corner.name, conditions),
        f'default_operating_conditions : "{corner.name}";',
        *template(
            "output",
            {"input_net_transition": SLEW_NS, "total_output_net_capacitance": LOAD_PF},
        ),
        *template(
            "constraint",
            {
                "related_pin_transition": CONSTRAINT_SLEW_NS,
                "constrained_pin_transition": CONSTRAINT_SLEW_NS,
            },
        ),
        *bus_type("word", shape.bits),
        *bus_type("address", shape.address_bits),
    ]


def _cell(shape: MacroShape, figures: Figures, area_um2: float) -> list[str]:
    memory = [
        'type : "ram";',
        f"address_width : {shape.address_bits};",
        f"word_width : {shape.bits};",
    ]
    body = group("memory", "", memory)
    for pin, kind in (("vccd1", "primary_power"), ("vssd1", "primary_ground")):
        body += group("pg_pin", pin, [f'pg_type : "{kind}";', f'voltage_name : "{pin}";'])
    body += group("leakage_power", "", [f"value : {number(figures.leakage_nw)};"])
    body += _clock(figures)
    for pin in ("csb0", "web0"):
        body += group("pin", pin, _input(figures, pin))
    for bus, kind, width in (
        ("addr0", "address", shape.address_bits),
        ("din0", "word", shape.bits),
    ):
        memory = group("memory_write", "", ['address : "addr0";', 'clocked_on : "clk0";'])
        inner = group("pin", f"{bus}[{width - 1}:0]", _input(figures, bus))
        attributes = [f'bus_type : "{kind}";', 'direction : "input";']
        body += group("bus", bus, [*attributes, *(memory if bus == "din0" else []), *inner])
    body += _output(shape, figures)
    return group(
        "cell",
        shape.name,
        [
            *body,
            f"area : {area_um2:.3f};",
            f"cell_leakage_power : {number(figures.leakage_nw)};",
            "dont_touch : true;",
            "dont_use : true;",
            "interface_timing : true;",
            "is_macro_cell : true;",
        ],
    )


def _clock(figures: Figures) -> list[str]:
    """Half of a period's energy at each edge, by what the macro is asked to do."""
    body: list[str] = []
    energies = {"read": figures.read_pj, "write": figures.write_pj, "idle": figures.idle_pj}
    for state, when in POWER_STATES.items():
        half = f'values ("{number(energies[state] / 2)}");'
        tables = [
            line for edge in ("fall", "rise") for line in group(f"{edge}_power", "scalar", [half])
        ]
        body += group("internal_power", "", [*tables, f'when : "{when}";'])
    return group(
        "pin",
        "clk0",
        [
            *body,
            f"capacitance : {number(figures.pin_pf['clk0'])};",
            "clock : true;",
            'direction : "input";',
            f"max_transition : {SLEW_NS[-1]:g};",
            f"min_period : {number(figures.period_ns)};",
            f"min_pulse_width_high : {number(figures.high_ns)};",
            f"min_pulse_width_low : {number(figures.low_ns)};",
            'related_ground_pin : "vssd1";',
            'related_power_pin : "vccd1";',
        ],
    )


def _input(figures: Figures, pin: str) -> list[str]:
    body: list[str] = []
    for kind in CONSTRAINTS:
        tables = getattr(figures, kind)
        groups = [
            line
            for edge in ("fall", "rise")
            for line in _table(f"{edge}_constraint", "constraint", tables[edge])
        ]
        body += group(
            "timing", "", [*groups, 'related_pin : "clk0";', f'timing_type : "{kind}_rising";']
        )
    return [
        *body,
        f"capacitance : {number(figures.pin_pf[pin])};",
        'direction : "input";',
        f"max_transition : {SLEW_NS[-1]:g};",
        'related_ground_pin : "vssd1";',
        'related_power_pin : "vccd1";',
    ]


def _output(shape: MacroShape, figures: Figures) -> list[str]:
    tables = [
        line
        for name, values in (
            ("cell_fall", figures.delay["fall"]),
            ("cell_rise", figures.delay["rise"]),
            ("fall_transition", figures.slew["fall"]),
            ("rise_transition", figures.slew["rise"]),
        )
        for line in _table(name, "output", values)
    ]
    arc = [
        *tables,
        'related_pin : "clk0";',
        'timing_sense : "non_unate";',
        'timing_type : "falling_edge";',
    ]
    pin = [
        *group("timing", "", arc),
        'direction : "output";',
        f"max_capacitance : {LOAD_PF[-1]:g};",
        f"max_transition : {SLEW_NS[-1]:g};",
        f"min_capacitance : {LOAD_PF[0]:g};",
        'related_ground_pin : "vssd1";',
        'related_power_pin : "vccd1";',
    ]
    body = ['bus_type : "word";', 'direction : "output";']
    body += group("memory_read", "", ['address : "addr0";'])
    return group("bus", "dout0", [*body, *group("pin", f"dout0[{shape.bits - 1}:0]", pin)])


def _table(name: str, axes: str, table: Table) -> list[str]:
    rows = [f"{row(values)}, \\" for values in table]
    rows[-1] = rows[-1].removesuffix(", \\") + ");"
    return group(name, axes, ["values ( \\", *rows])
