"""Cycles and cells: the bars of the chips, as tests."""

from __future__ import annotations

import pytest

from flow.chips import chip_file
from rtl.config import load_chip
from rtl.image import compile_network
from verification.bench.rtl import active, cells_per_block, one_bit_network, step_cycles
from verification.rtl.regression import LEVELS


def test_digits_logic_is_small() -> None:
    table = cells_per_block(load_chip(chip_file("digits")))
    assert {"digits_lanes", "digits_updater", "digits_host"} <= set(table)
    assert 1000 < sum(cells for cells, _ in table.values()) <= 5000


def test_two_layers_of_256() -> None:
    chip = load_chip(chip_file("openspike256"))
    image = compile_network(one_bit_network((256, 256, 256), 6), chip)
    cycles, _ = step_cycles(LEVELS["rtl"](chip, "icarus"), image, active(26, 256))
    assert cycles.max() <= 110


@pytest.mark.full
def test_a_layer_of_1024() -> None:
    chip = load_chip(chip_file("openspike1024"))
    image = compile_network(one_bit_network((1024, 1024), 0), chip)
    simulator = LEVELS["rtl"](chip, "icarus")
    cycles, _ = step_cycles(simulator, image, active(102, 1024))
    assert cycles.max() <= 450
    cycles, reads = step_cycles(simulator, image, active(1024, 1024))
    assert reads.max() == 4096
    assert cycles.max() <= 1.03 * 4096
