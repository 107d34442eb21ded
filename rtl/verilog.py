"""From Amaranth to Verilog: one file for the chip, one black box per SRAM macro.

files = verilog(load_chip("flow/chips/digits.yaml"))   # {"digits.v": "...", "sram_512x32.v": ...}
write_verilog(chip, Path("build/rtl"))
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from amaranth.back import rtlil

from golden.atomic import write_atomically

from .chip import Chip
from .config import COLUMN_BITS
from .config import Chip as ChipConfig

__all__ = ["black_box", "verilog", "write_verilog", "yosys"]

# Initial values go: at power-up every register is X until the reset.
_EXPORT = """\
read_rtlil {source}
setattr -unset init */w:*
proc -noopt
pmuxtree
opt_clean -purge
write_verilog -noattr {target}
"""

_BLACK_BOX = """\
// Single-port SRAM, {words} words of {bits} bits: black box, for synthesis and lint.
(* blackbox *)
module {name} (
`ifdef USE_POWER_PINS
    inout vccd1,
    inout vssd1,
`endif
    input clk0,
    input csb0,
    input web0,
    input [{address_top}:0] addr0,
    input [{bit_top}:0] din0,
    output [{bit_top}:0] dout0
);
endmodule
"""


def verilog(chip: ChipConfig) -> dict[str, str]:
    """File name -> text. The same bytes for the same chip, whatever ran before."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "chip.il"), Path(folder, "chip.v")
        source.write_text(_rtlil(chip), encoding="utf-8")
        yosys(_EXPORT.format(source=source, target=target))
        text = target.read_text(encoding="utf-8")
    body = text[text.index("\nmodule ") + 1 :]
    header = f"// {chip.name}: written by `spikeout rtl {chip.name}`. Do not edit.\n\n"
    files = {f"{chip.name}.v": header + body}
    for macro in sorted(chip.macro_counts):
        files[f"{macro}.v"] = black_box(macro)
    return files


def write_verilog(chip: ChipConfig, folder: Path) -> list[Path]:
    """Write `verilog(chip)` to `folder`, each file whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in verilog(chip).items():
        write_atomically(folder / name, text.encode())
        paths.append(folder / name)
    return paths


def black_box(macro: str) -> str:
    """Verilog of an SRAM macro's interface, by its name."""
    words = int(macro.removeprefix("sram_").split("x")[0])
    return _BLACK_BOX.format(
        name=macro,
        words=words,
        bits=COLUMN_BITS,
        address_top=(words - 1).bit_length() - 1,
        bit_top=COLUMN_BITS - 1,
    )


def yosys(script: str) -> str:
    """Run a script of yosys commands in a process of its own; returns what it printed.

    RuntimeError with yosys' own words if a command fails.
    """
    program = (
        "import sys; from pyosys import libyosys as y; d = y.Design();"
        "[y.run_pass(line, d) for line in sys.stdin.read().splitlines() if line]"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], input=script, capture_output=True, text=True, check=False
    )
    if run.returncode:
        words = [line for line in (run.stdout + run.stderr).splitlines() if "ERROR" in line]
        raise RuntimeError(f"yosys failed: {words[-1] if words else run.stderr[-500:]}")
    return run.stdout


def _rtlil(chip: ChipConfig) -> str:
    """The chip in yosys' language, submodules named `<chip>_<path>` instead of `<chip>.<path>`."""
    text = rtlil.convert(Chip(chip), name=chip.name, emit_src=False).replace("wbs__", "wbs_")
    name = re.escape(chip.name)
    return re.sub(
        rf"\\{name}(\.[\w.]+)", lambda match: "\\" + chip.name + match[1].replace(".", "_"), text
    )
