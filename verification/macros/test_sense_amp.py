"""macros.proof.sense_amp: the offset under mismatch, against a case with a known answer."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from flow import pdk
from macros.proof import sense_amp
from macros.proof.bitcell import Corner
from macros.proof.mismatch import sigmas

TT = Corner("tt", 1.80, 25)


@pytest.fixture(scope="module")
def tree() -> Path:
    return pdk.resolve(timing=False)


def test_each_pair_of_mirror_images_is_counted_once() -> None:
    parts = sense_amp._transistors()
    kept = sense_amp._one_half(parts)
    images = [tuple(sense_amp._MIRROR.get(net, net) for net in parts[k].nets) for k in kept]
    names = [one.nets for one in parts]
    assert all(image in names for image in images)
    assert len({*images, *(parts[k].nets for k in kept)}) == 2 * len(kept)
    assert ("x1", "bl", "tail", "gnd") in [parts[k].nets for k in kept]


def test_a_nominal_amplifier_follows_the_sign_of_its_inputs(tree: Path) -> None:
    parts = sense_amp._transistors()
    decided = sense_amp._decisions(tree, TT, 0.8, parts, [None, None], np.array([0.005, -0.005]))
    assert list(decided) == [True, False]


def test_wider_threshold_in_one_input_is_an_offset_of_about_that_much(tree: Path) -> None:
    """One input transistor's vth0 moved by PROBE deviations: the input must make up for it."""
    parts = sense_amp._transistors()
    number = next(k for k, one in enumerate(parts) if one.nets[1] == "bl" and one.nets[0] == "x1")
    one = parts[number]
    by = sense_amp.PROBE * sigmas(tree, one.device, one.width_um)["vth0"]
    copies: list[tuple[int, str] | None] = [(number, "vth0"), (number, "vth0")]
    around = np.array([0.6 * by, 1.6 * by])
    assert list(sense_amp._decisions(tree, TT, 0.8, parts, copies, around)) == [False, True]


def test_an_amplifier_that_never_decides_is_refused(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = re.sub(r"^(x0 tail) en ", r"\1 gnd ", sense_amp.SCHEMATICS["sense_amp"], flags=re.M)
    monkeypatch.setitem(sense_amp.SCHEMATICS, "sense_amp", cut)
    with pytest.raises(RuntimeError, match="did not decide"):
        sense_amp._decisions(tree, TT, 0.8, sense_amp._transistors(), [None], np.array([0.1]))


@pytest.mark.full
def test_five_sigma_stay_far_below_what_the_bit_lines_offer(tree: Path) -> None:
    assert 5 * sense_amp.offset_sigma(tree, Corner("ss", 1.60, 100), 0.65) < 0.15
