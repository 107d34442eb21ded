"""How far our rule deck and the official one agree, rule by rule, on planted layouts.

    python -m verification.flow.signoff.agreement path/to/sky130A_mr.drc

Every rule's two tiny layouts, at its value and just below, stand apart in one GDS. Both decks check
it, and each layout gets a verdict from each. A rule that the official deck does not have is named.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import klayout.db as kdb
import klayout.rdb as rdb

from flow.signoff.official import common_rule, run_official
from macros.technology import layers
from macros.technology.rules import rule
from macros.verify.drc.check import run_deck
from verification.macros.test_drc import CASES, UNMEASURED, Shape, short_of

PITCH = 120_000  # nm, beyond the reach of any rule
COLUMNS = 16


def planted() -> list[tuple[str, bool, list[Shape]]]:
    """(rule, whether it is broken, shapes) of every layout."""
    measured = [
        (name, bad, case(short_of(name) if bad else rule(name)))
        for name, case in CASES.items()
        for bad in (False, True)
    ]
    plain = [(name, bad, pair[bad]) for name, pair in UNMEASURED.items() for bad in (False, True)]
    return measured + plain


def draw(cases: list[tuple[str, bool, list[Shape]]]) -> kdb.Layout:
    """All layouts in one cell, `PITCH` apart."""
    layout = kdb.Layout()
    top = layout.create_cell("planted")
    for number, (_, _, shapes) in enumerate(cases):
        origin = kdb.Vector(number % COLUMNS * PITCH, number // COLUMNS * PITCH)
        for layer, box in shapes:
            top.shapes(layout.layer(*layer)).insert(kdb.Box(*box).moved(origin))
    top.shapes(layout.layer(*layers.BOUNDARY)).insert(top.bbox())
    return layout


def number_at(x_nm: float, y_nm: float) -> int:
    """Which layout a place belongs to."""
    shift = PITCH // 4
    return int((y_nm + shift) // PITCH) * COLUMNS + int((x_nm + shift) // PITCH)


def official_rules(gds: Path, deck: Path, folder: Path) -> tuple[dict[int, set[str]], set[str]]:
    """Rules that the official deck finds broken in each layout, and all that it has."""
    run_official(gds, deck, folder, "planted")
    base = rdb.ReportDatabase("official")
    base.load(str(folder / "drc_official.lyrdb"))
    found: dict[int, set[str]] = defaultdict(set)
    for category in base.each_category():
        for item in base.each_item_per_category(category.rdb_id()):
            middle = _shape(next(item.each_value())).bbox().center()
            found[number_at(middle.x * 1000, middle.y * 1000)].add(common_rule(category.name()))
    return found, {common_rule(category.name()) for category in base.each_category()}


def _shape(value: rdb.RdbItemValue) -> kdb.DPolygon | kdb.DEdgePair | kdb.DEdge | kdb.DBox:
    for kind in ("polygon", "edge_pair", "edge", "box"):
        if getattr(value, f"is_{kind}")():
            return getattr(value, kind)()
    raise ValueError(f"a finding without a shape: {value}")


def main() -> None:
    """Print one line per disagreement and the totals."""
    deck = Path(sys.argv[1])
    cases = planted()
    layout = draw(cases)
    with tempfile.TemporaryDirectory(prefix="spikeout-agreement-") as folder:
        gds = Path(folder) / "planted.gds"
        layout.write(str(gds))
        official, known = official_rules(gds, deck, Path(folder))
    ours: dict[int, set[str]] = defaultdict(set)
    for marker in run_deck(layout, layout.top_cell()).markers:
        x0, y0, x1, y1 = marker.box
        ours[number_at((x0 + x1) / 2, (y0 + y1) / 2)].add(marker.rule)
    agreed = 0
    only_ours = sorted({name for name, _, _ in cases if name not in known})
    for number, (name, bad, _) in enumerate(cases):
        if name not in known:
            continue
        verdicts = name in ours[number], name in official[number]
        agreed += verdicts[0] == verdicts[1]
        if verdicts[0] != verdicts[1]:
            kind = "broken" if bad else "kept"
            print(f"{name} {kind}: ours {verdicts[0]}, official {verdicts[1]}")
    others = {name for number, rules in official.items() for name in rules - ours[number]}
    both = sum(name in known for name, _, _ in cases)
    print(f"{agreed} of {both} layouts of rules that both have: the same verdict")
    print(f"official alone, in passing: {sorted(others)}")
    print(f"rules of ours alone ({len(only_ours)}): {' '.join(only_ours)}")


if __name__ == "__main__":
    main()
