"""What sign-off needs of a chip's run folder: LibreLane's last state and resolved configuration.

run = read_run(Path("build/digits/run"))
run.view("nl"), run.timed().corners
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from flow.signoff.opensta import TimedDesign
from flow.signoff.verdict import NoVerdict

__all__ = ["ChipRun", "command_of", "read_run", "run_of_step"]

SETTINGS = (
    "CLOCK_PORT",
    "CLOCK_PERIOD",
    "IO_DELAY_CONSTRAINT",
    "SYNTH_DRIVING_CELL",
    "SYNTH_CLK_DRIVING_CELL",
    "OUTPUT_CAP_LOAD",
    "MAX_FANOUT_CONSTRAINT",
    "MAX_TRANSITION_CONSTRAINT",
    "CLOCK_UNCERTAINTY_CONSTRAINT",
    "CLOCK_TRANSITION_CONSTRAINT",
    "TIME_DERATING_CONSTRAINT",
)
"""Variables that `flow/constraints/chip.sdc` reads."""
ROUTED = "def"
"""The view that only a placed and routed design has."""


@dataclass(frozen=True)
class ChipRun:
    """A run folder, its resolved configuration and the last state of its views and metrics."""

    folder: Path
    config: Mapping[str, Any]
    state: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.config["DESIGN_NAME"]

    @property
    def period_ns(self) -> float:
        return float(self.config["CLOCK_PERIOD"])

    @property
    def tree(self) -> Path:
        """The sky130A tree of the run."""
        return Path(self.config["PDK_ROOT"], self.config["PDK"])

    @property
    def rtl(self) -> Path:
        return Path(self.config["VERILOG_FILES"][0])

    @property
    def is_routed(self) -> bool:
        return bool(self.state.get(ROUTED))

    @property
    def metrics(self) -> Mapping[str, Any]:
        return self.state.get("metrics", {})

    @property
    def macros(self) -> Mapping[str, Mapping[str, Any]]:
        return self.config.get("MACROS") or {}

    def view(self, name: str) -> Path:
        """A view's only file; `NoVerdict` when the run has not made it, or has lost it."""
        value = self.state.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, str):
            raise NoVerdict(f"{self.folder} has no view {name}: take the run further")
        path = Path(value)
        if not path.is_file():
            raise NoVerdict(f"{path} is not there")
        return path

    def corner_view(self, name: str, corner: str) -> Path | None:
        """The file of a view that differs by corner, for example "spef"; None without one."""
        for pattern, value in (self.state.get(name) or {}).items():
            if fnmatch(corner, pattern):
                return Path(value[0] if isinstance(value, list) else value)
        return None

    def liberties(self, corner: str) -> list[Path]:
        """Liberty files of the cells and of every macro at a corner."""
        groups = [self.config["LIB"], *(macro["lib"] for macro in self.macros.values())]
        return [Path(path) for group in groups for path in _matching(group, corner)]

    def corner_of(self, process: str) -> str:
        """The nominal corner of a process: "ss", "tt" or "ff"."""
        for corner in self.config["STA_CORNERS"]:
            if corner.startswith("nom") and f"_{process}_" in corner:
                return corner
        raise NoVerdict(f"{self.folder} has no nominal corner {process}")

    def timed(self, netlist: Path | None = None) -> TimedDesign:
        """The run for OpenSTA, at all corners, the default one first."""
        default = self.config["DEFAULT_CORNER"]
        corners = sorted(self.config["STA_CORNERS"], key=lambda corner: corner != default)
        wires = {corner: self.corner_view("spef", corner) for corner in corners}
        if any(wires.values()) and not all(wires.values()):
            lacking = next(corner for corner, path in wires.items() if path is None)
            raise NoVerdict(f"{self.folder} has no SPEF for corner {lacking}")
        settings = {name: self.config.get(name) for name in SETTINGS}
        return TimedDesign(
            name=self.name,
            netlist=netlist or self.view("nl"),
            constraints=Path(self.config["SIGNOFF_SDC_FILE"]),
            settings={name: str(value) for name, value in settings.items() if value is not None},
            liberties={corner: self.liberties(corner) for corner in corners},
            spef={corner: path for corner, path in wires.items() if path is not None},
        )

    def macro_ports(self) -> dict[str, Path]:
        """Macro -> Verilog with its ports."""
        return {name: Path(macro["vh"][0]) for name, macro in self.macros.items()}

    def reads_at_falling_edge(self, macro: str, corner: str) -> bool:
        """Whether the macro's Liberty starts a read at the falling edge of its clock."""
        for path in map(Path, _matching(self.macros[macro]["lib"], corner)):
            text = path.read_text()
            if f"({macro})" in text.replace('"', "").replace("( ", "("):
                kinds = re.findall(r'timing_type\s*:\s*"?(\w+)_edge', text)
                return "falling" in kinds
        raise NoVerdict(f"no Liberty of {macro} at corner {corner}")

    def lefs(self) -> list[Path]:
        """LEFs of cells and macros that are there."""
        macros = (path for macro in self.macros.values() for path in macro.get("lef") or ())
        paths = [*map(Path, self.config["CELL_LEFS"]), *map(Path, macros)]
        return [path for path in paths if path.is_file()]


def command_of(folder: Path) -> str:
    """The command that makes the run of a folder `<chip>/<tag>`."""
    option = f" --tag {folder.name}" if folder.name != "run" else ""
    return f"spikeout run {folder.parent.name}{option}"


def read_run(folder: Path) -> ChipRun:
    """The run in a folder; `NoVerdict` when there is none or it is not complete enough to read."""
    states = [
        (int(found.group(1)), path)
        for path in folder.glob("*/state_out.json")
        if (found := re.match(r"(\d+)-", path.parent.name))
    ]
    if not states or not (folder / "resolved.json").is_file():
        raise NoVerdict(f"{folder} holds no run: `{command_of(folder)}` makes one")
    try:
        config = json.loads((folder / "resolved.json").read_text())
        state = json.loads(max(states)[1].read_text())
    except ValueError as error:
        raise NoVerdict(f"{folder} is damaged: {error}") from None
    return ChipRun(folder, config, state)


def run_of_step(folder: Path, config: str, state: str) -> ChipRun:
    """The run that a step in `folder` is part of; `config` and `state` are JSON, as LibreLane dumps
    them. A step knows its own variables only, the others stand in the run's folder."""
    resolved = json.loads((folder.parent / "resolved.json").read_text())
    return ChipRun(folder.parent, json.loads(config) | resolved, json.loads(state))


def _matching(groups: Mapping[str, Any], corner: str) -> list[str]:
    found = [paths for pattern, paths in groups.items() if fnmatch(corner, pattern)]
    return [path for paths in found for path in ([paths] if isinstance(paths, str) else paths)]
