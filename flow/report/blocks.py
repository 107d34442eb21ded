"""Which block of the accelerator each cell belongs to, in a netlist that synthesis has flattened.

Registers keep their hierarchical names, gates do not. A named net says the block of its driver;
every other gate belongs to where most of its readers are, found backwards from the named ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from flow.pnr.design import Design

__all__ = ["CLOCK_TREE", "FILL", "GLUE", "MACROS", "blocks_of"]

CLOCK_TREE, FILL, GLUE, MACROS = "clock tree", "fill, taps, decap", "glue", "SRAM"
"""What has no block of the RTL: clock buffers, cells without a function, gates that no named net
depends on, macros."""

HOST = re.compile(r"^(wb|irq)")
PREFIX = re.compile(r"^\\?([A-Za-z]\w*?)(?=\.|__|\[|\$|$)")
SMALL_SHARE = 0.005
"""A prefix that fewer of the cells have is no block of its own."""
ROUNDS = 200


def blocks_of(design: Design) -> list[str]:
    """Block of every instance [N]."""
    outputs = _outputs(design)
    block: list[str | None] = [_fixed(design, k) for k in range(design.instances)]
    readers: list[list[int]] = [[] for _ in range(design.instances)]
    for net in range(design.nets):
        pins = [(k, outputs[k, p]) for k, p in design.net_pins(net) if k >= 0]
        named = _block_of_net(design.net_names[net])
        sinks = [k for k, is_output in pins if not is_output]
        for k in (k for k, is_output in pins if is_output):
            readers[k] += sinks
            if block[k] is None:
                block[k] = named
    block = _without_small(block)
    for _ in range(ROUNDS):
        found = {
            k: votes.most_common(1)[0][0]
            for k in range(design.instances)
            if block[k] is None and (votes := _votes(block, readers[k]))
        }
        if not found:
            break
        for k, name in found.items():
            block[k] = name
    return [name or GLUE for name in block]


def _fixed(design: Design, k: int) -> str | None:
    """Block of what is not logic."""
    master = design.master(k)
    if master.is_macro:
        return MACROS
    if design.instance_names[k].startswith("clkbuf") or "clkbuf" in master.name:
        return CLOCK_TREE
    if not any(pin.direction == "output" for pin in master.signal_pins):
        return FILL
    return None


def _outputs(design: Design) -> dict[tuple[int, int], bool]:
    """(instance, pin index) -> whether the pin drives."""
    drives = [[pin.direction == "output" for pin in m.signal_pins] for m in design.master_objects()]
    return {
        (k, p): drives[design.master_of[k]][p]
        for k in range(design.instances)
        for p in range(len(drives[design.master_of[k]]))
    }


def _block_of_net(name: str) -> str | None:
    if HOST.match(name.lstrip("\\")):
        return "host"
    match = PREFIX.match(name)
    return None if match is None or name.startswith("_") else match.group(1)


def _without_small(block: Sequence[str | None]) -> list[str | None]:
    counts = Counter(block)
    least = SMALL_SHARE * len(block)
    kept = {CLOCK_TREE, FILL, MACROS, "host"} | {n for n, c in counts.items() if c >= least}
    return [name if name in kept else None for name in block]


def _votes(block: Sequence[str | None], readers: Sequence[int]) -> Counter[str]:
    logic = (block[k] for k in readers)
    return Counter(name for name in logic if name not in (None, FILL, CLOCK_TREE, MACROS))
