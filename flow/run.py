"""Take a chip through the flow: its Verilog, its macros, one LibreLane run, one folder.

    result = run_chip("digits", to="synthesis")
    result.folder, result.metrics["timing__setup__ws"]

The run folder is `build/<chip>/<tag>/`: `rtl/` and `macros/` hold what went in, `NN-<step>/` each
step's files, `final/` the views and `metrics.json`.
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow import pdk
from flow.chip_config import librelane_config, write_sources
from flow.chips import chip_file
from golden import load_network
from macros.store import atomic_write, lock
from rtl.config import load_chip
from rtl.image import compile_network

__all__ = ["FlowFailed", "Run", "execute", "run_chip", "run_folder"]

PROGRAMS = {"sta": "opensta", "perl": "perl"}
"""Programs of the embedded flow that no Python package brings -> Debian package."""


class FlowFailed(RuntimeError):
    """A step failed or found a fault; the message says which and why."""


@dataclass(frozen=True)
class Run:
    """A finished run: its folder and the metrics of its last step."""

    folder: Path
    metrics: Mapping[str, Any]

    def latest(self, step: str, name: str) -> Path | None:
        """The file `name` of the latest execution of a step, given by its id."""
        slug = step.lower().replace(".", "-")
        found = sorted(self.folder.glob(f"*-{slug}/{name}"), key=_ordinal)
        return found[-1] if found else None


def run_folder(chip: str, tag: str, build: Path = Path("build")) -> Path:
    """`build/<chip>/<tag>`; a tag with anything but letters, digits, `_`, `-`, `.` is refused."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", tag):
        raise ValueError(f"tag must be letters, digits, _, - and ., not {tag!r}")
    return build.absolute() / chip / tag


def run_chip(
    chip: str,
    *,
    network: Path | None = None,
    tag: str = "run",
    frm: str | None = None,
    to: str | None = None,
    overrides: Sequence[str] = (),
    build: Path = Path("build"),
    verbose: bool = False,
) -> Run:
    """Take a chip (a name of `flow/chips` or a YAML file) from its parameters to stage `to`.

    A network is kept in the run folder, after a proof that it fits the chip. Raises as `execute`
    does, and `ValueError` for a chip or network that does not exist, is not valid or does not fit.
    """
    parameters = load_chip(chip_file(chip))
    folder = run_folder(parameters.name, tag, build)
    if network is not None:
        compile_network(load_network(network), parameters)
        atomic_write(folder / "network.nir", network.read_bytes())
    if frm is None:
        write_sources(parameters, folder)
    from flow.flow import Spikeout

    known = Spikeout.variables()  # wishes of steps that this mode has not are left out
    wishes = librelane_config(parameters, folder)
    config = {name: value for name, value in wishes.items() if name in known}
    return execute(config, folder, frm=frm, to=to, overrides=overrides, verbose=verbose)


def execute(
    config: Mapping[str, Any],
    folder: Path,
    *,
    frm: str | None = None,
    to: str | None = None,
    overrides: Sequence[str] = (),
    verbose: bool = False,
) -> Run:
    """Run the flow `Spikeout` on a LibreLane configuration in the given folder.

    `frm` and `to` are stages of `flow.flow.STAGES` or step ids; without `frm` the steps of an
    earlier run in the folder are removed first, with it they are continued. `overrides` are
    `KEY=VALUE` strings. Raises `ValueError` for a configuration that LibreLane refuses,
    `FlowFailed` when a step fails.
    """
    from librelane.config import InvalidConfig
    from librelane.flows import FlowError, FlowException

    from flow.flow import Spikeout

    first, last = (Spikeout.stage(name) for name in (frm, to))
    tree = pdk.resolve()
    _require_programs()
    _check_overrides(overrides, Spikeout.variables())
    _quieten(verbose)
    with lock(folder.parent / f".{folder.name}.lock"):
        if frm is None:
            _remove_steps(folder)
        elif not any(folder.glob("*/state_out.json")):
            raise ValueError(f"--from {frm}: {folder} holds no finished step to go on from")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            flow = Spikeout(
                dict(config),
                pdk=tree.name,
                pdk_root=str(tree.parent),
                design_dir=str(folder),
                config_override_strings=list(overrides),
            )
        except InvalidConfig as error:
            raise ValueError("; ".join(error.errors)) from error
        try:
            state = flow.start(
                tag=folder.name,
                _force_run_dir=str(folder),
                frm=first,
                to=last,
            )
        except (FlowError, FlowException) as error:
            raise FlowFailed(str(error)) from error
    return Run(folder, dict(state.metrics))


def _remove_steps(folder: Path) -> None:
    """Remove what an earlier run left; what goes in (`rtl/`, `macros/`) stays."""
    for old in folder.glob("*"):
        if re.match(r"\d+-", old.name) or old.name in ("final", "tmp"):
            shutil.rmtree(old)
        elif old.suffix == ".log":
            old.unlink()


def _require_programs() -> None:
    for program, package in PROGRAMS.items():
        if shutil.which(program) is None:
            raise FlowFailed(f"{program} is missing; apt-get install {package}")


def _check_overrides(overrides: Sequence[str], known: set[str]) -> None:
    """Refuse what LibreLane would pass over with a warning."""
    for override in overrides:
        key, equals, _ = override.partition("=")
        if not equals:
            raise ValueError(f"-c takes KEY=VALUE, not {override!r}")
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"-c: the flow has no variable {key}{hint}")


def _quieten(verbose: bool) -> None:
    """LibreLane talks on standard error, and only about trouble unless asked."""
    from librelane import logging

    logging.console.stderr = True
    logging.options.set_condensed_mode(not verbose)
    logging.set_log_level("SUBPROCESS" if verbose else "WARNING")


def _ordinal(path: Path) -> int:
    return int(path.parent.name.split("-", 1)[0])
