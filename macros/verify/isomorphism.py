"""Whether two flat circuits are the same: every net of one paired with a net of the other.

Nets start with the names of their pins as colours; a round mixes into each net's colour those of
the transistors on it, and into theirs the colours of their nets, until no colour splits any more.
Circuits that differ have, from some round on, colours that the other has not: these are reported.
What is left in one colour is alike, such as both nodes of a dummy cell; it is paired by walking
from net to net. The verdict is the pairing itself: it must carry every transistor with its model,
sizes and all four terminals onto one of the other circuit, and every pin onto that of its name.

One round costs O(transistors); a memory of 100,000 takes a few seconds.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from macros.verify.flat import Transistor

__all__ = ["Circuit", "differences"]

SHOWN = 20
Colours = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Circuit:
    """A flat circuit, parallel transistors joined.

    Parameters
    ----------
    transistors : with nets numbered in any way
    pins : net -> name
    names : net -> what to call it in a report
    """

    transistors: Sequence[Transistor]
    pins: Mapping[int, str]
    names: Mapping[int, str]

    @cached_property
    def nets(self) -> list[int]:
        """Every net that a transistor or a pin is on."""
        used = {n for d in self.transistors for n in (d.gate, d.bulk, *d.ends)}
        return sorted(used | set(self.pins))

    @cached_property
    def terminals(self) -> npt.NDArray[np.int64]:
        """[transistors, 4]: place in `nets` of gate, bulk and both ends."""
        place = {net: k for k, net in enumerate(self.nets)}
        rows = [[place[n] for n in (d.gate, d.bulk, *d.ends)] for d in self.transistors]
        return np.array(rows, np.int64).reshape(-1, 4)

    def kinds(self) -> Colours:
        """A colour of each transistor by its model and sizes."""
        return _colours((d.model, d.width, d.length) for d in self.transistors)

    def start(self) -> Colours:
        """A colour of each net by its pin."""
        return _colours(self.pins.get(net, "").lower() for net in self.nets)

    def describe(self, place: int) -> str:
        net = self.nets[place]
        on = int((self.terminals == place).any(axis=1).sum())
        return f"{self.pins.get(net) or self.names.get(net, f'net {net}')} ({on} transistors)"


def differences(drawn: Circuit, meant: Circuit) -> list[str]:
    """What is different in a layout's circuit and a schematic's; empty when they are the same."""
    found = _census(drawn, meant)
    colours = drawn.start(), meant.start()
    kinds = drawn.kinds(), meant.kinds()
    classes = 0
    while not found and len(np.unique(colours[0])) > classes:
        classes = len(np.unique(colours[0]))
        colours = _round(drawn, kinds[0], colours[0]), _round(meant, kinds[1], colours[1])
        found = _only_in_one(drawn, meant, colours)
    if len(drawn.nets) != len(meant.nets):
        found.append(f"{len(drawn.nets)} nets in the layout, {len(meant.nets)} in the schematic")
    return found or _prove(drawn, meant, colours)


def _census(drawn: Circuit, meant: Circuit) -> list[str]:
    """Numbers of transistors of each kind, and pins."""
    found = [
        f"pin {name} is only in the {where}"
        for one, other, where in ((drawn, meant, "layout"), (meant, drawn, "schematic"))
        for name in sorted(_lower(one.pins.values()) - _lower(other.pins.values()))
    ]
    have, want = (
        Counter((d.model, d.width, d.length) for d in c.transistors) for c in (drawn, meant)
    )
    for kind in sorted(have.keys() | want.keys()):
        if have[kind] != want[kind]:
            model, width, length = kind
            found.append(
                f"{have[kind]} {model} {width} x {length} nm in the layout, {want[kind]} in the"
                " schematic"
            )
    return found[:SHOWN]


def _lower(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in names}


def _only_in_one(drawn: Circuit, meant: Circuit, colours: tuple[Colours, Colours]) -> list[str]:
    """Nets whose colour is not as frequent in the other circuit."""
    counts = [Counter(c.tolist()) for c in colours]
    if counts[0] == counts[1]:
        return []
    found = []
    for circuit, own, mine, theirs, where in (
        (drawn, colours[0], counts[0], counts[1], "layout"),
        (meant, colours[1], counts[1], counts[0], "schematic"),
    ):
        odd = [k for k, c in enumerate(own.tolist()) if mine[c] > theirs[c]]
        found += [f"{circuit.describe(k)} only in the {where}" for k in odd[: SHOWN // 2]]
    return found


def _round(circuit: Circuit, kinds: Colours, colours: Colours) -> Colours:
    """Colours of nets after one exchange with the transistors on them."""
    gate, bulk, low, high = circuit.terminals.T
    ends = _mix(colours[low]) + _mix(colours[high])
    own = _mix(kinds + _mix(colours[gate] + np.uint64(1)) + _mix(colours[bulk] + ends))
    total = np.zeros_like(colours)
    for role, nets in enumerate((gate, bulk, low, high)):
        np.add.at(total, nets, _mix(own + np.uint64(min(role, 2))))
    return _mix(colours + _mix(total))


def _mix(values: Colours) -> Colours:
    """Splitmix64's finisher: 64 bits that depend on all 64."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _colours(values: Iterable[object]) -> Colours:
    """A colour for each value, the same for equal ones."""
    known: dict[object, int] = {}
    found = []
    for value in values:
        if value not in known:
            digest = hashlib.sha256(repr(value).encode()).digest()
            known[value] = int.from_bytes(digest[:8], "big")
        found.append(known[value])
    return np.array(found, np.uint64)


def _prove(drawn: Circuit, meant: Circuit, colours: tuple[Colours, Colours]) -> list[str]:
    """Pair all nets and carry the transistors over."""
    partner = _pair(drawn, meant, [c.tolist() for c in colours])
    if len(partner) != len(drawn.nets) or len(set(partner.values())) != len(meant.nets):
        return ["nets that are alike could not be paired"]
    carried, wanted = (
        Counter(
            (d.model, d.width, d.length, to(g), to(b), *sorted((to(s), to(e))))
            for d, (g, b, s, e) in zip(c.transistors, c.terminals.tolist(), strict=True)
        )
        for c, to in ((drawn, partner.__getitem__), (meant, int))
    )
    found = [f"no {model} {w} x {n} nm at the same nets" for model, w, n, *_ in carried - wanted]
    for place, other in partner.items():
        names = (drawn.pins.get(drawn.nets[place], ""), meant.pins.get(meant.nets[other], ""))
        if names[0].lower() != names[1].lower():
            found.append(f"{names[0] or 'no pin'} in the layout is {names[1] or 'no pin'}")
    return found[:SHOWN]


def _pair(drawn: Circuit, meant: Circuit, colours: list[list[int]]) -> dict[int, int]:
    """Net of the layout -> net of the schematic: by colour; of those alike the first, and from
    there along the transistors."""
    sides = (drawn, meant)
    members: list[dict[int, list[int]]] = [defaultdict(list), defaultdict(list)]
    for side in (0, 1):
        for place, colour in enumerate(colours[side]):
            members[side][colour].append(place)
    partner: dict[int, int] = {}
    taken: set[int] = set()
    on = [_on_nets(circuit) for circuit in sides]
    kinds = [circuit.kinds().tolist() for circuit in sides]

    def bind(first: int, second: int) -> None:
        partner[first] = second
        taken.add(second)

    def label(side: int, device: int, net: int) -> tuple[object, ...]:
        """What a transistor looks like from a net: nets already paired count by their partner."""
        places = sides[side].terminals[device].tolist()
        seen = []
        for place in places:
            known = partner.get(place, -1) if side == 0 else (place if place in taken else -1)
            seen.append((place == net, known, colours[side][place]))
        return kinds[side][device], seen[0], seen[1], *sorted(seen[2:])

    def walk(first: int, second: int) -> None:
        bind(first, second)
        queue = [(first, second)]
        while queue:
            here, there = queue.pop()
            ours = sorted(on[0][here], key=lambda d: repr(label(0, d, here)))
            theirs = sorted(on[1][there], key=lambda d: repr(label(1, d, there)))
            for mine, other in zip(ours, theirs, strict=False):
                for a, b in zip(
                    _free(drawn, mine, partner, colours[0]),
                    _free(meant, other, taken, colours[1]),
                    strict=False,
                ):
                    if a not in partner and b not in taken and colours[0][a] == colours[1][b]:
                        bind(a, b)
                        queue.append((a, b))

    for colour, places in members[0].items():
        if len(places) == 1 and len(members[1][colour]) == 1:
            bind(places[0], members[1][colour][0])
    for colour, places in members[0].items():
        for place in places:
            if place not in partner:
                free = next((p for p in members[1][colour] if p not in taken), None)
                if free is not None:
                    walk(place, free)
    return partner


def _on_nets(circuit: Circuit) -> dict[int, list[int]]:
    """Net -> transistors on it."""
    found: dict[int, list[int]] = defaultdict(list)
    for device, places in enumerate(circuit.terminals.tolist()):
        for place in set(places):
            found[place].append(device)
    return found


def _free(
    circuit: Circuit, device: int, done: Mapping[int, int] | set[int], colours: list[int]
) -> list[int]:
    """Nets of a transistor that are not paired yet: gate, bulk, then ends by colour."""
    gate, bulk, *ends = circuit.terminals[device].tolist()
    places = [gate, bulk, *sorted(ends, key=lambda place: colours[place])]
    return [place for place in places if place not in done]
