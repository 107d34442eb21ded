"""The Boolean function of a combinational cell, read off its transistors.

`truth_table` is a switch-level simulation; `sum_of_products` writes what it finds as Liberty does.
The PDK's Verilog models play no part, so `spikeout pdk check` compares two independent sources.
"""

from __future__ import annotations

from itertools import product

from flow.pdk.characterize.netlist import Device, Netlist

__all__ = ["condition", "sum_of_products", "truth_table"]

Vector = tuple[bool, ...]


def truth_table(netlist: Netlist, inputs: tuple[str, ...], output: str) -> dict[Vector, bool]:
    """Value of `output` for every vector of `inputs`; `ValueError` where it floats or fights."""
    table: dict[Vector, bool] = {}
    for vector in product((False, True), repeat=len(inputs)):
        value = _settle(netlist, dict(zip(inputs, vector, strict=True))).get(output)
        if value is None:
            raise ValueError(f"{netlist.name}: {output} is not driven at {vector}")
        table[vector] = value
    return table


def _settle(netlist: Netlist, driven: dict[str, bool]) -> dict[str, bool]:
    """Values of all nets that are connected to a supply or an input through conducting switches."""
    known = {**driven, "VPWR": True, "VGND": False}
    while True:
        fresh = dict(known)
        moved = True
        while moved:
            moved = False
            for device in netlist.devices:
                if not _conducts(device, known):
                    continue
                ends = (device.drain, device.source)
                for here, there in (ends, ends[::-1]):
                    if here in fresh and there not in fresh:
                        fresh[there] = fresh[here]
                        moved = True
        if fresh.keys() == known.keys():
            return known
        known = fresh


def _conducts(device: Device, known: dict[str, bool]) -> bool:
    return known.get(device.gate) is (not device.kind.startswith("p"))


def sum_of_products(inputs: tuple[str, ...], table: dict[Vector, bool]) -> str:
    """`(A&!B) | (C)` for a truth table, `0` or `1` for a constant: the prime implicants that some
    vector needs, and greedily as many of the others as the rest takes."""
    ones = {vector for vector, value in table.items() if value}
    if len(ones) in (0, len(table)):
        return "1" if ones else "0"
    primes = sorted(_primes(ones), key=lambda term: (-term.count(None), _order(term)))
    ways = {vector: [term for term in primes if _covers(term, vector)] for vector in ones}
    chosen = {found[0] for found in ways.values() if len(found) == 1}
    left = {vector for vector, found in ways.items() if not chosen & set(found)}
    while left:
        best = max(primes, key=lambda term: sum(_covers(term, vector) for vector in left))
        chosen.add(best)
        left = {vector for vector in left if not _covers(best, vector)}
    terms = [condition(inputs, term) for term in sorted(chosen, key=_order)]
    return " | ".join(f"({term})" for term in terms)


def condition(inputs: tuple[str, ...], term: tuple[bool | None, ...]) -> str:
    """`A&!B` for the literals of a term; None means that the input does not matter."""
    return "&".join(
        name if value else f"!{name}"
        for name, value in zip(inputs, term, strict=True)
        if value is not None
    )


def _primes(ones: set[Vector]) -> set[tuple[bool | None, ...]]:
    """Prime implicants by pairwise merging (Quine and McCluskey)."""
    primes: set[tuple[bool | None, ...]] = set()
    layer: set[tuple[bool | None, ...]] = set(ones)
    while layer:
        merged: set[tuple[bool | None, ...]] = set()
        used: set[tuple[bool | None, ...]] = set()
        for term in layer:
            for place, value in enumerate(term):
                if value is None:
                    continue
                other = (*term[:place], not value, *term[place + 1 :])
                if other in layer:
                    used |= {term, other}
                    merged.add((*term[:place], None, *term[place + 1 :]))
        primes |= layer - used
        layer = merged
    return primes


def _covers(term: tuple[bool | None, ...], vector: Vector) -> bool:
    return all(want is None or want == have for want, have in zip(term, vector, strict=True))


def _order(term: tuple[bool | None, ...]) -> tuple[int, ...]:
    return tuple(2 if value is None else int(not value) for value in term)
