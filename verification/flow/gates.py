"""The chip at gate level on the bench of the RTL, without delays (level "gates") or with those of
the slow and fast corner ("sdf", "sdf-ff": always four-state, from power-up X).

    simulator = simulator(chip, "icarus", "run")   # netlist of the chip's run of that tag
    simulator = build_netlist(netlist, chip, "verilator", tree)

The sources are the netlist, the cells' functional models from the PDK and the behavioural macros;
the bench, the stimulus and the golden model are those of the RTL, so every accumulator, potential,
armed bit and spike is compared.
"""

from __future__ import annotations

from pathlib import Path

from flow import netlist as netlists
from flow import pdk
from flow.cell_models import FUNCTIONAL, cell_models
from flow.run import run_folder
from flow.signoff.chip_run import command_of, read_run
from macros.shape import MacroShape
from macros.views.verilog import behavioural_verilog
from rtl.config import Chip
from rtl.verilog import verilog
from verification.rtl.regression import LEVELS, Level
from verification.rtl.simulation import Simulator, build

__all__ = ["build_netlist", "latest_netlist", "simulator", "timed"]


def simulator(chip: Chip, engine: str, tag: str = "run") -> Simulator:
    """Simulator of the netlist of the chip's run; `RuntimeError` when there is none yet."""
    return build_netlist(latest_netlist(chip, tag), chip, engine, pdk.resolve())


def latest_netlist(chip: Chip, tag: str = "run") -> Path:
    """The gate-level netlist that a run ended with; `RuntimeError` when there is none, or when it
    was made from other RTL than the chip has today."""
    folder = run_folder(chip.name, tag)
    path = folder / "final" / "nl" / f"{chip.name}.nl.v"
    advice = f"run `{command_of(folder)} --to synthesis`"
    if not path.is_file():
        raise RuntimeError(f"{path} is not there: {advice}")
    source = folder / "rtl" / f"{chip.name}.v"
    if source.read_text() != verilog(chip)[source.name]:
        raise RuntimeError(f"{path} is of older RTL: {advice}")
    return path


def build_netlist(netlist: Path, chip: Chip, engine: str, tree: Path) -> Simulator:
    """Simulator of a netlist with the models of exactly the cells in it."""
    masters = set(netlists.histogram(netlist)) - set(chip.macro_counts)
    fast = engine == "verilator"
    sources = cell_models(tree, masters, two_state=fast) | {netlist.name: netlist.read_text()}
    for macro in chip.macro_counts:
        sources[f"{macro}.v"] = behavioural_verilog(MacroShape.from_name(macro))
    arguments = ["-MAKEFLAGS", "OPT_FAST=-O1"] if fast else []  # -O2 compiles longer than it saves
    return build(sources, chip.name, engine, defines=FUNCTIONAL, arguments=arguments)


def timed(process: str) -> Level:
    """Simulator of the netlist of the chip's run with the delays of the corner of "ss" or "ff"; the
    engine is Icarus whatever is asked for, because Verilator has no delays."""

    def simulator(chip: Chip, engine: str, tag: str = "run") -> Simulator:
        from flow.signoff.simulation import timed_simulator

        latest_netlist(chip, tag)  # of today's RTL, or an error
        run = read_run(run_folder(chip.name, tag))
        return timed_simulator(run, chip, run.corner_of(process), run.folder / "signoff")

    return simulator


LEVELS["gates"] = simulator
LEVELS["sdf"] = timed("ss")
LEVELS["sdf-ff"] = timed("ff")
