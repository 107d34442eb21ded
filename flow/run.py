"""Take a chip through the flow: its Verilog, its macros, one LibreLane run, one folder.

    result = run_chip("digits", Wishes(to="synthesis"))
    result.folder, result.metrics["timing__setup__ws"]

The run folder is `build/<chip>/<tag>/`: `rtl/` and `macros/` hold what went in, `NN-<step>/` each
step's files, `final/` the views and `metrics.json`.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow import doctor, openlane, pdk
from flow.chip_config import librelane_config, write_sources
from flow.chips import chip_file
from flow.evidence import keep_evidence
from flow.progress import expected_seconds
from golden import load_network
from macros.store import Busy, atomic_write, lock
from rtl.config import Chip, load_chip
from rtl.image import compile_network

__all__ = ["CHIP_FILE", "FlowFailed", "Run", "Wishes", "execute", "run_chip", "run_folder"]

PROGRAMS = {"sta": "opensta", "perl": "perl"}
"""Programs of the embedded flow that no Python package brings -> Debian package."""
OPENLANE_PROGRAMS = ("openroad", "magic", "klayout")
"""Programs that openlane mode finds on PATH."""
CHIP_FILE = "chip.yaml"
"""The chip's parameters as they went into a run."""


class FlowFailed(RuntimeError):
    """A step failed or found a fault; the message says which and why, `folder` is that of the run
    (None when it did not begin)."""

    def __init__(self, message: str, folder: Path | None = None) -> None:
        super().__init__(message)
        self.folder = folder


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, the metrics of its last step and its timing corners."""

    folder: Path
    metrics: Mapping[str, Any]
    corners: tuple[str, ...] = ()

    def latest(self, step: str, name: str) -> Path | None:
        """The file `name` of the latest execution of a step, given by its id."""
        slug = step.lower().replace(".", "-")
        found = sorted(self.folder.glob(f"*-{slug}/{name}"), key=_ordinal)
        return found[-1] if found else None


@dataclass(frozen=True)
class Wishes:
    """Which part of the flow is done, and how.

    Parameters
    ----------
    frm, to : stages of `flow.flow.STAGES` or step ids; None is the first, the last. What an earlier
        run in the folder did from `frm` on is removed first, all of it without `frm`
    resume : go on with the step that an earlier run in the folder did not finish, in place of `frm`
    overrides : `KEY=VALUE`, variables of LibreLane
    verbose : show what the tools print
    """

    frm: str | None = None
    to: str | None = None
    resume: bool = False
    overrides: tuple[str, ...] = ()
    verbose: bool = False

    def check(self) -> None:
        """Refuse what cannot be done before anything is written."""
        from flow.flow import Spikeout

        for stage in (self.frm, self.to):
            Spikeout.stage(stage)
        _check_overrides(self.overrides, Spikeout.variables())
        _require_programs()


ALL = Wishes()


def run_folder(chip: str, tag: str, build: Path = Path("build")) -> Path:
    """`build/<chip>/<tag>`; a tag with anything but letters, digits, `_`, `-`, `.` is refused."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", tag):
        raise ValueError(f"tag must be letters, digits, _, - and ., not {tag!r}")
    return build.absolute() / chip / tag


def run_chip(
    chip: str,
    wishes: Wishes = ALL,
    *,
    network: Path | None = None,
    tag: str = "run",
    build: Path = Path("build"),
) -> Run:
    """Take a chip (a name of `flow/chips` or a YAML file) through the flow, from its parameters on.

    A network is kept in the run folder, after a proof that it fits the chip. Raises as `execute`
    does, and `ValueError` for a chip or network that does not exist, is not valid or does not fit.
    """
    source = chip_file(chip)
    parameters = load_chip(source)
    folder = run_folder(parameters.name, tag, build)
    if network is not None:
        compile_network(load_network(network), parameters)
    wishes.check()
    with _alone(folder):
        afresh = wishes.frm is None and not (wishes.resume and any(folder.glob("*/state_out.json")))
        if afresh:
            for old in folder.glob("*/state_out.json"):  # none of them is of these sources
                old.unlink()
        _keep_inputs(folder, source, network, afresh)
        if afresh:
            write_sources(parameters, folder)
        return _run_flow(parameters, folder, wishes)


def _keep_inputs(folder: Path, chip: Path, network: Path | None, afresh: bool) -> None:
    """Put the chip's file and its network into the run; sign-off and report read them there."""
    atomic_write(folder / CHIP_FILE, chip.read_bytes())
    if network is not None:
        atomic_write(folder / "network.nir", network.read_bytes())
    elif afresh:
        (folder / "network.nir").unlink(missing_ok=True)


def _run_flow(parameters: Chip, folder: Path, wishes: Wishes) -> Run:
    from flow.flow import Spikeout

    known = Spikeout.variables()  # what only the other mode's steps take is left out
    config = librelane_config(parameters, folder)
    if doctor.mode()[0] == "openlane":
        config = openlane.complete(config)
    config = {name: value for name, value in config.items() if name in known}
    try:
        return _execute(config, folder, wishes)
    finally:
        _link(folder.parent / "latest", folder.name)


def execute(config: Mapping[str, Any], folder: Path, wishes: Wishes = ALL) -> Run:
    """Run the flow `Spikeout` on a LibreLane configuration in the given folder.

    Raises `ValueError` for wishes that the flow cannot fulfil or a configuration that LibreLane
    refuses, `FlowFailed` when a step fails, `Busy` when another run is at work in the folder.
    """
    wishes.check()
    with _alone(folder):
        return _execute(config, folder, wishes)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The run folder for this process alone; a second run in it is refused."""
    try:
        held = contextlib.ExitStack()
        held.enter_context(lock(folder.parent / f".{folder.name}.lock", wait=False))
    except Busy:
        raise Busy(
            f"another run is at work in {folder}: wait for it, or choose another --tag"
        ) from None
    with held:
        yield


def _execute(config: Mapping[str, Any], folder: Path, wishes: Wishes) -> Run:
    """`execute`, with the wishes checked and the folder already ours."""
    from librelane.config import InvalidConfig
    from librelane.flows import FlowError, FlowException

    from flow.flow import KeptState, Spikeout
    from flow.steps.signoff import run_verdicts

    first, last = Spikeout.stage(wishes.frm, end=False), Spikeout.stage(wishes.to)
    tree = pdk.resolve()
    _quieten(wishes.verbose)
    expected = expected_seconds(folder.parent)
    order = [step.id for step in Spikeout.Steps]
    done = _finished(folder, order)
    following = max(done, default=-1) + 1
    end = order.index(last) if last else len(order) - 1
    if (
        wishes.resume
    ):  # at the latest with the last step: a run may have died before its views were kept
        first = order[min(following, end)]
    elif first is not None and order.index(first) > end:
        raise ValueError(f"--from {wishes.frm} must not come after --to {wishes.to}")
    elif first is not None and (not done or order.index(first) > following):
        raise ValueError(f"--from {wishes.frm}: {folder} holds no finished step to go on from")
    start = order.index(first) if first else 0
    kept = [place for number, place in done.items() if number < start]
    _remove_steps(folder, kept)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        flow = Spikeout(
            dict(config),
            pdk=tree.name,
            pdk_root=str(tree.parent),
            design_dir=str(folder),
            config_override_strings=list(wishes.overrides),
        )
    except InvalidConfig as error:
        raise ValueError("; ".join(error.errors)) from error
    flow.expected = expected
    try:
        state = flow.start(
            KeptState.loads((kept[-1] / "state_out.json").read_text()) if kept else None,
            tag=folder.name,
            _force_run_dir=str(folder),
            _no_load_previous_steps=True,
            frm=first if kept else None,
            to=last,
        )
    except (FlowError, FlowException) as error:
        raise FlowFailed(str(error), folder) from error
    keep_evidence(folder, run_verdicts(folder))
    return Run(folder, dict(state.metrics), tuple(flow.config["STA_CORNERS"]))


def _finished(folder: Path, order: Sequence[str]) -> dict[int, Path]:
    """Folders of the steps that an earlier run finished, by their place in the flow: those before
    the first that is missing, died or found a fault. What stands after it does not count, or the
    fault would be forgotten, and a run killed while it removed old steps would go on from one."""
    places = {step.lower().replace(".", "-"): place for place, step in enumerate(order)}
    done: dict[int, Path] = {}
    for state in sorted(folder.glob("*-*/state_out.json"), key=_ordinal):
        number, slug = state.parent.name.split("-", 1)
        try:
            json.loads(state.read_text())
            place = places[slug]
        except (ValueError, KeyError):
            break
        if int(number) != len(done) + 1 or place <= max(done, default=-1):
            break
        done[place] = state.parent
    return done


def _remove_steps(folder: Path, kept: Sequence[Path]) -> None:
    """Remove what an earlier run left but the steps to keep, the earliest first, as `_finished`
    expects it; what goes in (`rtl/`, `macros/`) stays."""
    for old in sorted(folder.glob("*")):
        if re.match(r"\d+-", old.name) or old.name in ("final", "tmp"):
            if old not in kept:
                (old / "state_out.json").unlink(missing_ok=True)
                shutil.rmtree(old)
        elif old.suffix == ".log" and not kept:
            old.unlink()


def _link(link: Path, target: str) -> None:
    """Point the symbolic link at `target`, in one step."""
    aside = link.with_name(f".{link.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)


def _require_programs() -> None:
    if doctor.mode()[0] == "openlane":
        for program in OPENLANE_PROGRAMS:
            if shutil.which(program) is None:
                raise FlowFailed(f"{program} is not on PATH, which openlane mode needs")
        return
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
    logging.options.set_show_progress_bar(False)  # ours is shown
    logging.set_log_level("SUBPROCESS" if verbose else "WARNING")


def _ordinal(path: Path) -> int:
    return int(path.parent.name.split("-", 1)[0])
