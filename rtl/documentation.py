"""The tables of docs/chip.md, rendered from the descriptions that the RTL itself uses.

python -m rtl.documentation docs/chip.md flow/chips/digits.yaml    # renews the page in place
"""

from __future__ import annotations

import sys
from pathlib import Path

from amaranth.lib import data

from .config import Chip, load_chip
from .layouts import SCAN_WORDS, UPDATE_WORDS, record_layout, trace_layouts
from .registers import REGISTERS, windows

__all__ = ["renew", "tables"]

BEGIN, END = "<!-- generated tables: begin -->", "<!-- generated tables: end -->"


def tables(chip: Chip) -> str:
    """Markdown: registers, memory windows and word layouts of a chip."""
    parts = [
        f"### Registers\n\nByte offsets from the base address ({chip.base_address:#x}).\n",
        _registers(),
        f"\n### Memory windows of {chip.name}\n",
        _windows(chip),
        "\n### Layer descriptor\n\nLayer l has words 8 l .. 8 l + 6 of the spikes memory.\n",
        _layouts({f"word {i}": word for i, word in enumerate((*SCAN_WORDS, *UPDATE_WORDS))}),
        f"\n### Neuron record of {chip.name}\n",
        _layouts({"record": record_layout(chip)}),
        f"\n### Trace words of {chip.name}\n",
        _layouts({f"word {i}": word for i, word in enumerate(trace_layouts(chip))}),
    ]
    return "\n".join(parts)


def renew(page: str, chip: Chip) -> str:
    """The page with its generated part renewed. ValueError if it has no place for it."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"the page must hold one {BEGIN} and one {END}")
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{tables(chip)}\n\n{END}{rest.split(END)[1]}"


def _registers() -> str:
    lines = ["| offset | register | bits | field | access | meaning |", "|---|---|---|---|---|---|"]
    for register in REGISTERS.values():
        for index, field in enumerate(register.fields):
            place = f"`{register.offset:#04x}` | **{register.name}**" if not index else " | "
            bits = _bits(field.offset, field.width)
            meaning = field.meaning if len(register.fields) > 1 else register.meaning
            lines.append(f"| {place} | {bits} | {field.name} | {field.access} | {meaning} |")
    return "\n".join(lines)


def _windows(chip: Chip) -> str:
    lines = ["| memory | offset | bytes | rows x columns |", "|---|---|---|---|"]
    for window in windows(chip):
        shape = f"{window.words} x {window.columns}"
        lines.append(f"| {window.role} | `{window.offset:#x}` | {window.size} | {shape} |")
    return "\n".join(lines)


def _layouts(words: dict[str, data.StructLayout]) -> str:
    lines = ["| word | bits | field |", "|---|---|---|"]
    for name, layout in words.items():
        for index, (member, field) in enumerate(layout):
            bits = _bits(field.offset, field.width)
            lines.append(f"| {'' if index else name} | {bits} | {member} |")
    return "\n".join(lines)


def _bits(offset: int, width: int) -> str:
    return f"{offset}" if width == 1 else f"{offset + width - 1}:{offset}"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(renew(target.read_text("utf-8"), load_chip(sys.argv[2])), "utf-8")
