"""The official sky130A deck of KLayout beside ours, where the user has both.

`sky130A_mr.drc` (open_pdks, mpw_precheck) runs in the klayout program of the machine. Its findings
are counted by our rule names, so that the two decks can be compared rule by rule.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import klayout.rdb as rdb

from flow.signoff.gds import read_gds
from flow.signoff.programs import program_of
from flow.signoff.verdict import NoVerdict, Verdict

__all__ = ["check_official_drc", "common_rule", "disagreements", "run_official"]

ALIASES = {
    "difftap.2": "difftap_1",  # a width inside areaid.core; SkyWater's difftap.2 is not in the deck
    "MR_licon.SP.1": "licon_2",
    "nsdm_psdm_overlap": "sd_8",
    "791_m1.4": "m1_4",
    "m1.3ab": "m1_3",
    "m2.3ab": "m2_3",
    "m3.3cd": "m3_3",
    "m4.5ab": "m4_5",
    **{f"{kind}.{number}": "sd_1" for kind in ("nsdm", "psdm") for number in (2, 3, 5)},
    **{f"{kind}.{number}": "sd_2" for kind in ("nsdm", "psdm") for number in (1, 4, 6)},
}
"""Official rule -> ours, where the names differ; of others only a suffix does."""

RIGHT_ANGLED = ("diff", "tap", "poly", "licon", "ct", "via", "via2", "via3", "via4")


def common_rule(official: str) -> str:
    """Our name of an official rule: `via.4a_a` (the same rule, another case) is via_4a."""
    if official in ALIASES:
        return ALIASES[official]
    if official.endswith("_OFFGRID"):
        return "x_1b"
    if official.endswith("_angle"):
        return "x_2" if official.removesuffix("_angle") in RIGHT_ANGLED else "x_3a"
    return re.sub(r"_[a-z]$", "", official).replace(".", "_")


def run_official(gds: Path, deck: Path, out: Path, top: str) -> Counter[str]:
    """Markers of the official deck, counted by its own rule names; they stay in
    `out`/drc_official.lyrdb.

    Raises `NoVerdict` when klayout is missing or the deck did not run to its end.
    """
    program = program_of("klayout", "klayout")
    out.mkdir(parents=True, exist_ok=True)
    report = (out / "drc_official.lyrdb").absolute()
    report.unlink(missing_ok=True)
    values = {
        "input": str(gds.absolute()),
        "top_cell": top,
        "report": str(report),
        **dict.fromkeys(("feol", "beol", "offgrid"), "true"),
        **dict.fromkeys(("seal", "floating_met"), "false"),
        "thr": "1",
    }
    settings = [part for key, value in values.items() for part in ("-rd", f"{key}={value}")]
    command = [program, "-b", "-zz", "-r", str(deck.absolute()), *settings]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not report.exists():
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise NoVerdict(f"the official deck {deck.name} did not run: {' '.join(last)}")
    base = rdb.ReportDatabase("official")
    base.load(str(report))
    if not any(True for _ in base.each_category()):
        raise NoVerdict(f"the official deck {deck.name} checked no rule")
    return Counter({c.name(): c.num_items() for c in base.each_category() if c.num_items()})


def check_official_drc(gds: Path, deck: Path, out: Path, top: str | None = None) -> Verdict:
    """Verdict of the official deck alone."""
    _layout, cell = read_gds(gds, top)  # keeps the cell alive
    counts = run_official(gds, deck, out, cell.name)
    figure = f"{counts.total()} markers of {deck.name}"
    if counts:
        figure += ": " + ", ".join(f"{n} {name}" for name, n in counts.most_common(4))
    metrics = {"klayout__official_drc_error__count": counts.total()}
    return Verdict("drc_klayout", not counts, figure, out / "drc_official.lyrdb", metrics)


def disagreements(ours: set[str], official: set[str], known: set[str]) -> dict[str, str]:
    """Rule -> which deck alone finds it broken; `known` are the rules that both decks have."""
    alone = dict.fromkeys(sorted((ours & known) - official), "ours")
    return alone | dict.fromkeys(sorted(official - ours), "official")
