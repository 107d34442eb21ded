"""The cells beside the bit cell array: flip-flop, sense amplifier, write driver, as stick diagrams.

Sense amplifier and write driver have the bit cell's pitch. Their schematics, written on their own,
stand in macros.technology.schematics; the layouts are compared with them.
"""

from __future__ import annotations

from macros.technology.bitcell import WIDTH
from macros.technology.drawing import Drawing
from macros.technology.layers import LI1
from macros.technology.sticks import Level, draw_sticks

__all__ = ["draw_dff", "draw_sense_amp", "draw_write_driver"]


def draw_dff() -> Drawing:
    """Rising-edge flip-flop: clocked inverters as master and slave, pins D, Q, clk, vdd, gnd."""
    level = Level(
        n="gnd D . ckb m ck . mb gnd m mb m gnd mb . ck s ckb . fb gnd s fb s gnd s Q s gnd "
        "clk ckb clk gnd ckb ck",
        p="vdd D . ck m ckb . mb vdd m mb m vdd mb . ckb s ck . fb vdd s fb s vdd s Q s vdd "
        "clk ckb clk vdd ckb ck",
        pads=6,
    )
    return draw_sticks(
        "dff",
        [level],
        columns={"clk": 6550},
        places={"D": 340, "Q": 5350},
        pins=["D", "Q", "clk"],
        supply_layer=LI1,
    )


def draw_sense_amp() -> Drawing:
    """Clocked comparator that samples the bit lines at its gates while en rises, a latch that
    holds the result while en is low, and a driver; two keepers lift the bit lines, which come
    through n-transistors, to the supply. Pins bl, br, en, dout, vdd, gnd."""
    driver = Level(n="tail en gnd qb dout qb gnd", p="_ | vdd qb dout qb vdd", n_width=1880, pads=3)
    latch = Level(n="q qb . o1 gnd o2 . q qb", p="vdd qb q o1 vdd o2 qb q vdd", pads=4)
    core = Level(
        n="_ | o1 o2 x1 bl tail br x2 o1 o2",
        p="bl br vdd o2 o1 en vdd en o2 o1 vdd bl br",
        n_width=1880,
        p_width=740,
        pads=5,
    )
    return draw_sticks(
        "sense_amp",
        [driver, latch, core],
        width=WIDTH,
        columns={"bl": 230, "br": 3590},
        places={
            "en": 1090,
            "tail": 1500,
            "o1": 1910,
            "o2": 2320,
            "qb": 2730,
            "q": 3140,
            "dout": 2320,
        },
        pins=["bl", "br", "en", "dout"],
    )


def draw_write_driver() -> Drawing:
    """Pulls bl (din low) or br (din high) to gnd while en is high.

    Pins din, bl, br, en, vdd, gnd."""
    inverter = Level(n="gnd din dinb", p="vdd din dinb", pads=3)
    pulls = Level(n="bl en . dinb gnd din . en br", n_width=1880, pads=3)
    return draw_sticks(
        "write_driver",
        [inverter, pulls],
        width=WIDTH,
        columns={"bl": 230, "br": 3590},
        places={"din": 2500},
        pins=["bl", "br", "din"],
        rails=["en"],
    )
