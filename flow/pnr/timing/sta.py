"""One OpenSTA run over a design and its parasitics: slack of every endpoint at every corner."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from flow.pnr.design import Design
from flow.pnr.timing.constraints import Constraints
from flow.pnr.verilog import write_verilog

__all__ = ["Slacks", "Step", "TimingError", "analyse"]

SCRIPT = Path(__file__).with_name("slacks.tcl")


class TimingError(RuntimeError):
    """OpenSTA failed or did not say that it finished."""


class Step(NamedTuple):
    """A pin on a path, and when data arrive there in ns."""

    pin: str
    arrival: float


@dataclass
class Slacks:
    """ns: `setup` and `hold` [corner][endpoint]; `slow` [corner]: pins beyond the limit of their
    transition; `paths`: the worst setup paths as (slack, steps). Pins are named as by
    `Design.pin_name`."""

    setup: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    hold: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    slow: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    paths: list[tuple[float, list[Step]]] = field(default_factory=list)

    def violations(self) -> dict[str, int]:
        """Endpoints and pins in violation, at all corners together."""
        return {
            "setup": _negative(self.setup),
            "hold": _negative(self.hold),
            "transition": sum(len(pins) for pins in self.slow.values()),
        }


def _negative(slacks: Mapping[str, Mapping[str, float]]) -> int:
    return sum(slack < 0 for ends in slacks.values() for slack in ends.values())


def analyse(
    design: Design, constraints: Constraints, spef: Path, *, ideal_clock: bool, worst: int = 0
) -> Slacks:
    """Time a design; `worst` setup paths are given step by step. Raises TimingError."""
    with tempfile.TemporaryDirectory() as folder:
        netlist = Path(folder, "design.v")
        write_verilog(design, netlist)
        log = _run(
            constraints,
            OPENLANE_SDC_IDEAL_CLOCKS=str(int(ideal_clock)),
            _NAME=design.name,
            _NETLIST=str(netlist),
            _SPEF=str(spef),
            _WORST=str(worst),
        )
    return parse(log)


def _run(constraints: Constraints, **more: str) -> str:
    corners = " ".join(
        f"{{{corner}}} {{{' '.join(f'{{{path}}}' for path in paths)}}}"
        for corner, paths in constraints.liberties.items()
    )
    environment = {**os.environ, **constraints.environment, **more}
    environment |= {"_SDC": str(constraints.sdc), "_CORNERS": corners}
    try:
        done = subprocess.run(
            ["sta", "-no_splash", "-exit", str(SCRIPT)],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except FileNotFoundError:
        raise TimingError("OpenSTA (program sta, Debian package opensta) is not there") from None
    return done.stdout + done.stderr


def parse(log: str) -> Slacks:
    """Read what the script printed. Raises TimingError when it did not finish, or knew no endpoint
    or cell."""
    failed = re.search(r"^(?:Error:|%FAILED) (.*)", log, re.MULTILINE)
    if failed or "%DONE" not in log:
        raise TimingError(f"OpenSTA failed: {failed[1] if failed else 'it did not finish'}")
    if unknown := re.search(r"^Warning: .*?(\S+) not found\. *Creating black box", log, re.M):
        raise TimingError(f"OpenSTA knows no cell {unknown[1]}")
    found = Slacks()
    for line in log.splitlines():
        kind, _, rest = line.partition(" ")
        match kind:
            case "%SLACK":
                corner, delay, slack, pin = rest.split(" ", 3)
                table = found.setup if delay == "max" else found.hold
                table[corner][_plain(pin)] = float(slack)
            case "%SLEW":
                corner, pin = rest.split(" ", 1)
                found.slow[corner].append(_plain(pin))
            case "%PATH":
                found.paths.append((float(rest), []))
            case "%POINT":
                arrival, pin = rest.split(" ", 1)
                found.paths[-1][1].append(Step(_plain(pin), float(arrival)))
    if not found.setup or not found.hold:
        raise TimingError("OpenSTA found no timing path")
    return found


def _plain(name: str) -> str:
    return name.replace("\\", "")
