"""Read the folder of a run: what the report shows, whatever the stage the run has reached."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flow.evidence import EVIDENCE
from flow.signoff.verdict import Verdict, read_verdicts
from flow.summary import RUNTIME, step_seconds

__all__ = ["RunData", "Step", "TimedPath", "read_run"]

STEP = re.compile(r"^(\d+)-(.+)$")
VIEWS = ("def", "gds", "lef", "nl", "pnl", "spef", "sdf")


@dataclass(frozen=True)
class Step:
    """A finished step: its folder's name without the number, and how long it took."""

    number: int
    name: str
    seconds: float


@dataclass(frozen=True)
class TimedPath:
    """A path of the timing report. `points` are (pin, cell, arrival in ns, x, y in nm or None)."""

    corner: str
    kind: str
    slack_ns: float
    points: tuple[tuple[str, str, float, int | None, int | None], ...]


@dataclass(frozen=True)
class RunData:
    """A run as the report needs it.

    views : name of a view ("def", "gds", ...) -> file; macros : name -> its LEF and GDS files
    slacks : (corner, check) -> slack of every endpoint in ns
    power : evidence of the power check; drop_v : instance -> drop of its supplies in V
    """

    chip: str
    tag: str
    folder: Path
    metrics: Mapping[str, Any]
    config: Mapping[str, Any]
    views: Mapping[str, Path]
    steps: tuple[Step, ...]
    verdicts: tuple[Verdict, ...]
    paths: tuple[TimedPath, ...] = ()
    slacks: Mapping[tuple[str, str], list[float]] = field(default_factory=dict)
    markers: tuple[Mapping[str, Any], ...] = ()
    power: Mapping[str, Any] = field(default_factory=dict)
    drop_v: Mapping[str, float] = field(default_factory=dict)

    def macro_files(self, kind: str) -> tuple[Path, ...]:
        """Files of one kind (`lef`, `gds`) of the macros of the run's configuration."""
        macros = self.config.get("MACROS") or {}
        return tuple(Path(path) for macro in macros.values() for path in macro.get(kind) or ())


def read_run(folder: Path) -> RunData:
    """Read a run folder `build/<chip>/<tag>`; `ValueError` when no step has finished in it."""
    folder = folder.resolve()
    done = [(int(m.group(1)), p) for p in folder.glob("*/state_out.json") if (m := _step(p))]
    if not done:
        raise ValueError(f"{folder} holds no finished step: `spikeout run {folder.parent.name}`")
    state = _mapping(max(done)[1])
    config = _mapping(folder / "resolved.json")
    verdicts = {v.name: v for _, path in sorted(done) for v in read_verdicts(path.parent)}
    for loose in (folder / "signoff", folder / EVIDENCE):
        verdicts |= {v.name: v for v in read_verdicts(loose)} if loose.is_dir() else {}
    timing = _json_of(verdicts.get("timing"))
    return RunData(
        chip=config.get("DESIGN_NAME", folder.parent.name),
        tag=folder.name,
        folder=folder,
        metrics=state.get("metrics", {}),
        config=config,
        views=dict(_views(state, folder)),
        steps=tuple(_steps(folder)),
        verdicts=tuple(verdicts.values()),
        paths=tuple(_paths(timing)),
        slacks=dict(_slacks(timing)),
        markers=tuple(_json_of(verdicts.get("drc")).get("markers", ())),
        power=_json_of(verdicts.get("power")),
        drop_v=_latest(folder, "ir_drop.json").get("drop_V", {}),
    )


def _mapping(path: Path) -> dict[str, Any]:
    """The JSON object in a file of the run; `ValueError` when there is none."""
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} is damaged: it must hold an object, not {type(content).__name__}")
    return content


def _step(path: Path) -> re.Match[str] | None:
    return STEP.match(path.parent.name)


def _views(state: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, Path]]:
    """Files of the state; one that was moved with its run folder is found by its name."""
    for name in VIEWS:
        value = state.get(name)
        if isinstance(value, dict):
            value = next(iter(value.values()), None)
        if isinstance(value, list):
            value = next(iter(value), None)
        if not isinstance(value, str):
            continue
        candidates = [Path(value), *(folder / "final" / name).glob(Path(value).name)]
        existing = [path for path in candidates if path.is_file()]
        if existing:
            yield name, existing[0]


def _steps(folder: Path) -> Iterator[Step]:
    numbered = [
        (int(m.group(1)), m.group(2), p) for p in folder.iterdir() if (m := STEP.match(p.name))
    ]
    for number, name, path in sorted(numbered):
        if (path / RUNTIME).is_file():
            yield Step(number, name, step_seconds(path))


def _text(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


def _latest(folder: Path, name: str) -> dict[str, Any]:
    """A JSON file of this name out of the last step that left one."""
    found = [(int(m.group(1)), p) for p in folder.glob(f"*/{name}") if (m := _step(p))]
    return json.loads(max(found)[1].read_text()) if found else {}


def _json_of(verdict: Verdict | None) -> dict[str, Any]:
    """The evidence of a verdict, when it is JSON."""
    if verdict is None or verdict.file is None or verdict.file.suffix != ".json":
        return {}
    text = _text(verdict.file)
    return json.loads(text) if text else {}


def _paths(timing: Mapping[str, Any]) -> Iterator[TimedPath]:
    for corner, found in timing.get("corners", {}).items():
        for path in found["paths"]:
            points = tuple(
                (p["pin"], p["cell"] or "", p["arrival_ns"], p["x_nm"], p["y_nm"])
                for p in path["points"]
            )
            yield TimedPath(corner, path["kind"], path["slack_ns"], points)


def _slacks(timing: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], list[float]]]:
    for corner, found in timing.get("corners", {}).items():
        for check, slacks in found.get("slacks_ns", {}).items():
            yield (corner, check), slacks
