"""Layers that are taken out of a part of a layout because they have been checked there by other
means, and what the rest of the deck may then say about that part."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from macros.technology import layers, rules
from macros.technology.layers import WIRES, Layer
from macros.verify.drc.grid import DRAWN

__all__ = ["RIM", "TAPS_REACH", "below", "is_of", "rim_of"]

PREFIXES = ("li", "ct", "m1", "via", "m2", "via2", "m3", "via3", "m4", "via4", "m5")
"""How the names of their rules begin."""
RIM = 5_000
"""Farther than any rule of distance but latch-up's, nm."""
TAPS = (layers.TAP, layers.NWELL)
TAPS_REACH = rules.rule("lu_2")
"""How far from these layers latch-up's rules serve a diffusion, nm."""


def rim_of(layer: Layer) -> int:
    """How deep a layer must stay for what lies outside to be judged, nm."""
    return TAPS_REACH if layer in TAPS else RIM


def below(drawn: Iterable[Layer]) -> list[Layer]:
    """Layers that no rule joins with the drawn ones: below the metal below the lowest of them, for
    a wire's rules ask for the cuts under it and theirs for the metal under these."""
    lowest = min((WIRES.index(layer) if layer in WIRES else -1 for layer in drawn), default=99)
    if lowest < 0:
        return []
    return [x for x in DRAWN if x not in WIRES or WIRES.index(x) < lowest - 2]


def is_of(rule: str, emptied: Collection[Layer]) -> bool:
    """Whether a rule looks at emptied layers, so that its markers may come from emptying. Grid and
    angles do not: what is left is as it was."""
    prefix, _, rest = rule.partition("_")
    if not emptied or (prefix == "x" and rest != "pin"):
        return False
    return prefix not in PREFIXES or WIRES[PREFIXES.index(prefix)] in emptied
