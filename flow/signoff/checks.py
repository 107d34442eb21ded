"""The sign-off of a chip: all checks by name, each on a run folder.

    outcome = run_check("timing", Context(run, chip, folder))

A check is looked up here by the command line, by LibreLane's steps and by the report alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flow.pdk.names import liberty_path
from flow.signoff.chip_run import ChipRun, command_of
from flow.signoff.verdict import NoVerdict, Verdict, read_verdicts, verdict_file, write_verdict
from rtl.config import Chip

__all__ = ["CHECKS", "Context", "run_check"]


@dataclass(frozen=True)
class Context:
    """What every check gets.

    Parameters
    ----------
    run : views, metrics and configuration
    chip : parameters of the accelerator
    folder : where evidence and verdicts go
    images : inferences of the check "gates"
    """

    run: ChipRun
    chip: Chip
    folder: Path
    images: int = 360


def _drc(context: Context) -> Verdict:
    from flow.signoff.drc import check_drc

    return check_drc(context.run.view("gds"), context.folder, context.run.name)


def _lvs(context: Context) -> Verdict:
    from flow.signoff.lvs import check_lvs

    run = context.run
    return check_lvs(run.view("gds"), run.view("pnl"), context.folder, run.name)


def _timing(context: Context) -> Verdict:
    from flow.signoff.timing import check_timing

    run = context.run
    placement = run.view("def") if run.is_routed else None
    return check_timing(
        run.timed(), context.folder / "timing", placement=placement, lefs=run.lefs()
    )


def _equivalence(context: Context) -> Verdict:
    from flow.signoff.equivalence import check_equivalence

    run = context.run
    liberty = liberty_path(run.tree, "tt_025C_1v80")
    return check_equivalence(
        run.rtl, run.view("nl"), run.name, liberty, run.macro_ports(), context.folder
    )


def _gates(context: Context) -> Verdict:
    from flow.signoff.simulation import check_images

    return check_images(context.run, context.chip, context.folder, context.images)


def _power_up(context: Context) -> Verdict:
    from flow.signoff.simulation import check_power_up

    return check_power_up(context.run, context.chip, context.folder)


def _delays(process: str) -> Callable[[Context], Verdict]:
    def check(context: Context) -> Verdict:
        from flow.signoff.simulation import check_delays

        corner = context.run.corner_of(process)
        return check_delays(context.run, context.chip, corner, context.folder)

    return check


def _power(context: Context) -> Verdict:
    from flow.signoff.power import check_power

    return check_power(context.run, context.chip, context.folder)


def _completeness(context: Context) -> Verdict:
    from flow.signoff.completeness import check_completeness

    return check_completeness(context.run, read_verdicts(context.folder), context.folder)


CHECKS: dict[str, Callable[[Context], Verdict]] = {
    "drc": _drc,
    "lvs": _lvs,
    "timing": _timing,
    "equivalence": _equivalence,
    "gates": _gates,
    "power_up": _power_up,
    "sdf_ss": _delays("ss"),
    "sdf_ff": _delays("ff"),
    "power": _power,
    "completeness": _completeness,
}
"""Check by name, in the order of a sign-off; the last one looks at what the others left."""


def run_check(name: str, context: Context) -> Verdict:
    """Run a check and keep its verdict in the context's folder; a verdict from before is removed
    first, so that a check that cannot judge leaves none."""
    if name not in CHECKS:
        raise ValueError(f"check must be one of {[*CHECKS]}, not {name!r}")
    context.folder.mkdir(parents=True, exist_ok=True)
    verdict_file(name, context.folder).unlink(missing_ok=True)
    verdict = CHECKS[name](context)
    write_verdict(verdict, context.folder)
    return verdict


def require_current(context: Context, rtl: str) -> None:
    """`NoVerdict` when the run was made from other RTL than the chip has today."""
    if context.run.rtl.read_text() != rtl:
        folder = context.run.folder
        raise NoVerdict(f"{folder} is of older RTL: run `{command_of(folder)}` again")
