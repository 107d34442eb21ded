"""docs/chip.md says what the RTL says."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow.chips import chip_file
from rtl.config import load_chip
from rtl.documentation import renew, tables
from rtl.registers import REGISTERS

PAGE = Path(__file__).parents[2] / "docs" / "chip.md"


def test_page_is_up_to_date() -> None:
    chip = load_chip(chip_file("digits"))
    page = PAGE.read_text(encoding="utf-8")
    assert renew(page, chip) == page


def test_tables_name_every_register_and_field() -> None:
    text = tables(load_chip(chip_file("digits")))
    for register in REGISTERS.values():
        assert f"**{register.name}**" in text
        assert all(f"| {field.name} |" in text for field in register.fields)


def test_page_without_a_place() -> None:
    with pytest.raises(ValueError, match="must hold one"):
        renew("# nothing", load_chip(chip_file("digits")))
