"""A stand-in for the Liberty of an SRAM macro that has not been built: STATED timing.

With it a chip can be synthesised and its logic timed before its macros exist. Nothing here was
measured: the numbers are what a single-port macro of 2 KB with a self-timed read after the falling
clock edge should meet. The library's name says PLACEHOLDER, and every report repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass

from macros.shape import MacroShape

__all__ = ["MARK", "TIMING", "Timing", "liberty", "spice"]

MARK = "PLACEHOLDER"
"""This word in a library's head says that its timing is stated, not measured."""


@dataclass(frozen=True)
class Timing:
    """Stated timing of one corner, ns and pF."""

    read_ns: float  # falling clk0 to dout0
    setup_ns: float  # every input to rising clk0
    hold_ns: float
    temperature: int
    voltage: float


TIMING = {
    "tt_025C_1v80": Timing(2.5, 0.6, 0.2, 25, 1.80),
    "ss_100C_1v60": Timing(4.5, 1.0, 0.3, 100, 1.60),
    "ff_n40C_1v95": Timing(1.6, 0.4, 0.2, -40, 1.95),
}

TRANSITION_NS = 0.2
INPUT_PF, CLOCK_PF, OUTPUT_PF = 0.01, 0.1, 0.3
AREA_UM2_PER_BIT = 14.0

LIBRARY = """\
/* {name}: PLACEHOLDER. Its timing is stated, not measured: the macro has not been built. */
library ("PLACEHOLDER_{name}_{corner}") {{
  technology ("cmos");
  delay_model : "table_lookup";
  time_unit : "1ns";
  voltage_unit : "1V";
  current_unit : "1mA";
  leakage_power_unit : "1nW";
  pulling_resistance_unit : "1kohm";
  capacitive_load_unit (1, "pf");
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20;
  slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80;
  slew_upper_threshold_pct_fall : 80;
  nom_process : 1;
  nom_temperature : {temperature};
  nom_voltage : {voltage};
{types}
  cell ("{name}") {{
    area : {area};
    is_macro_cell : true;
    interface_timing : true;
    dont_touch : true;
{pins}
  }}
}}
"""
TYPE = """\
  type ("{name}") {{
    base_type : "array";
    data_type : "bit";
    bit_width : {width};
    bit_from : {top};
    bit_to : 0;
    downto : true;
  }}"""
CLOCK = """\
    pin ("clk0") {{
      direction : "input";
      clock : true;
      capacitance : {pf};
    }}"""
INPUT = """\
    {kind} ("{name}") {{{bus}
      direction : "input";
      capacitance : {pf};
      timing () {{
        related_pin : "clk0";
        timing_type : "setup_rising";
        rise_constraint ("scalar") {{ values ("{setup}"); }}
        fall_constraint ("scalar") {{ values ("{setup}"); }}
      }}
      timing () {{
        related_pin : "clk0";
        timing_type : "hold_rising";
        rise_constraint ("scalar") {{ values ("{hold}"); }}
        fall_constraint ("scalar") {{ values ("{hold}"); }}
      }}
    }}"""
OUTPUT = """\
    bus ("dout0") {{
      bus_type : "word";
      direction : "output";
      max_capacitance : {pf};
      timing () {{
        related_pin : "clk0";
        timing_type : "falling_edge";
        cell_rise ("scalar") {{ values ("{read}"); }}
        cell_fall ("scalar") {{ values ("{read}"); }}
        rise_transition ("scalar") {{ values ("{transition}"); }}
        fall_transition ("scalar") {{ values ("{transition}"); }}
      }}
    }}"""


def liberty(shape: MacroShape, corner: str) -> str:
    """Liberty of the stand-in at one of the corners of `TIMING`."""
    timing = TIMING[corner]
    widths = {"word": shape.bits, "address": shape.address_bits}
    types = [TYPE.format(name=name, width=width, top=width - 1) for name, width in widths.items()]
    buses = {"csb0": "", "web0": "", "addr0": "address", "din0": "word"}
    inputs = [
        INPUT.format(
            kind="bus" if bus else "pin",
            name=name,
            bus=f'\n      bus_type : "{bus}";' if bus else "",
            pf=INPUT_PF,
            setup=timing.setup_ns,
            hold=timing.hold_ns,
        )
        for name, bus in buses.items()
    ]
    output = OUTPUT.format(pf=OUTPUT_PF, read=timing.read_ns, transition=TRANSITION_NS)
    return LIBRARY.format(
        name=shape.name,
        corner=corner,
        temperature=timing.temperature,
        voltage=timing.voltage,
        types="\n".join(types),
        area=shape.words * shape.bits * AREA_UM2_PER_BIT,
        pins="\n".join([CLOCK.format(pf=CLOCK_PF), *inputs, output]),
    )


def spice(shape: MacroShape) -> str:
    """A subcircuit of the macro's name and pins with nothing in it."""
    buses = {"din0": shape.bits, "addr0": shape.address_bits, "dout0": shape.bits}
    pins = [f"{bus}[{bit}]" for bus, width in buses.items() for bit in range(width)]
    pins += ["clk0", "csb0", "web0", "vccd1", "vssd1"]
    lines = [
        f"* {shape.name}: {MARK}, empty: the macro has not been built",
        f".subckt {shape.name}",
    ]
    lines += [f"+ {' '.join(pins[first : first + 8])}" for first in range(0, len(pins), 8)]
    return "\n".join([*lines, f".ends {shape.name}", ""])
