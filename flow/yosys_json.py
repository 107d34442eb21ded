"""A Verilog netlist as Yosys' JSON, which place and route reads."""

from __future__ import annotations

import subprocess
from pathlib import Path

from flow import shims

__all__ = ["write_json"]


def write_json(netlist: Path, top: str, path: Path) -> None:
    """Write module `top` of the Verilog file `netlist` to `path`.

    Raises `RuntimeError` with Yosys' own sentence when it cannot.
    """
    script = f"read_verilog {_quoted(netlist)}; hierarchy -top {top}; write_json {_quoted(path)}"
    with shims.on_path(only_missing=True):
        done = subprocess.run(
            ["yosys", "-q", "-p", script], capture_output=True, text=True, check=False
        )
    if done.returncode or not path.is_file():
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise RuntimeError(f"Yosys cannot read {netlist}: {lines[-1]}")


def _quoted(path: Path) -> str:
    return '"' + str(path).replace('"', '\\"') + '"'
