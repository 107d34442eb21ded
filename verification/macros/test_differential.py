"""macros.proof.differential: bit lines against the amplifiers' offset, on the shipped macro."""

from __future__ import annotations

import re

import pytest

from flow import pdk
from macros.characterize import CORNERS
from macros.characterize.netlist import read_macro
from macros.generator.build import words_per_row
from macros.proof import bitcell, sense_amp
from macros.proof.differential import CASES, differentials
from macros.shape import MacroShape
from macros.views import find_views

SHAPE = MacroShape(512, 32)


@pytest.mark.full
@pytest.mark.parametrize("corner", CORNERS)
def test_bit_lines_are_five_sigma_apart_at_sense_enable(corner, capsys):
    """At the least phases that the Liberty states, after the opposite data, too."""
    tree, views, where = pdk.resolve(timing=False), find_views(SHAPE.name), CORNERS[corner]
    text = views.liberty[corner].read_text()
    high, low = (
        float(re.search(rf"min_pulse_width_{level} : ([^;]+);", text).group(1))
        for level in ("high", "low")
    )
    macro = read_macro(views.spice, SHAPE.name)
    found = differentials(macro, SHAPE, words_per_row(SHAPE), where, tree, (high, low))
    conditions = bitcell.Corner(where.process, where.volt, where.celsius)
    sigma = sense_amp.offset_sigma(tree, conditions, 0.4 * where.volt)
    with capsys.disabled():
        shown = ", ".join(f"{case} data {1e3 * found[case]:.0f} mV" for case in CASES)
        print(f"\n{corner}: {shown}; five sigma of the offset {5e3 * sigma:.0f} mV")
    assert set(found) == set(CASES)
    assert min(found.values()) > 5 * sigma
