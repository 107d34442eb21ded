"""Second opinions: an official PDK's tools on what our checks have judged.

    verdicts, not_run = second_opinions("drc", context)

With $PDK_ROOT an official sky130A (open_pdks, ciel) and the programs klayout, magic and netgen, its
own decks run beside ours, and their verdicts stand below ours. One that finds a fault fails the
sign-off as ours does; one that cannot run says why and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from flow.pdk.names import PROCESS
from flow.pdk.resolver import installed
from flow.signoff.magic import check_magic_drc
from flow.signoff.netgen import check_netgen_lvs
from flow.signoff.official import check_official_drc
from flow.signoff.verdict import NoVerdict, Verdict, verdict_file, write_verdict

if TYPE_CHECKING:
    from flow.signoff.checks import Context

__all__ = ["BESIDE", "second_opinions"]

DECK = f"libs.tech/klayout/drc/{PROCESS}_mr.drc"
"""KLayout's deck, in an official tree."""


def _klayout(context: Context, tree: Path) -> Verdict:
    if not (tree / DECK).is_file():
        raise NoVerdict(f"the PDK has no {DECK}")
    run = context.run
    return check_official_drc(run.view("gds"), tree / DECK, context.folder, run.name)


def _magic(context: Context, tree: Path) -> Verdict:
    return check_magic_drc(context.run.view("gds"), tree, context.folder, context.run.name)


def _netgen(context: Context, tree: Path) -> Verdict:
    run = context.run
    macros = [Path(path) for macro in run.macros.values() for path in macro["lef"]]
    return check_netgen_lvs(
        run.view("gds"), run.view("pnl"), tree, context.folder, run.name, macros
    )


BESIDE: dict[str, dict[str, Callable[[Context, Path], Verdict]]] = {
    "drc": {"drc_klayout": _klayout, "drc_magic": _magic},
    "lvs": {"lvs_netgen": _netgen},
}
"""Our check -> official ones beside it, by name."""


def second_opinions(check: str, context: Context) -> tuple[list[Verdict], dict[str, str]]:
    """Verdicts of the official tools beside one of our checks, kept in the context's folder, and
    why others did not run, by name."""
    tree = installed()
    verdicts, not_run = [], {}
    for name, opinion in BESIDE.get(check, {}).items():
        verdict_file(name, context.folder).unlink(missing_ok=True)
        try:
            if tree is None:
                raise NoVerdict("needs an official PDK: set PDK_ROOT to one")
            verdicts.append(opinion(context, tree))
        except NoVerdict as error:
            not_run[name] = str(error)
        else:
            write_verdict(verdicts[-1], context.folder)
    return verdicts, not_run
