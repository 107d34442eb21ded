"""Pin access of every cell of the library, proved from rectangles."""

from __future__ import annotations

from itertools import combinations

import pytest

from flow.pnr.access import (
    Access,
    CellAccess,
    Resource,
    analyse_cell,
    conflicts,
    simultaneous_access,
)
from flow.pnr.cell_library import Library
from flow.pnr.dont_use import DONT_USE


@pytest.fixture(scope="module")
def cells(library: Library) -> dict[str, CellAccess]:
    return {
        name: analyse_cell(master, library.shapes(name))
        for name, master in library.masters.items()
        if master.signal_pins and not master.is_macro
    }


def test_library_is_whole(library: Library) -> None:
    assert len(library.masters) == 437


def test_accesses_without_common_resource_are_clean(cells: dict[str, CellAccess]) -> None:
    """The router only looks at resources; the rectangles must agree for every pair of pins."""
    pairs = 0
    for name, cell in cells.items():
        for one, other in combinations(cell.pins, 2):
            for a in cell.pins[one]:
                for b in cell.pins[other]:
                    pairs += 1
                    if not a.resources & b.resources:
                        assert not conflicts(a, b), (name, one, a, other, b)
    assert pairs > 90_000


def test_all_pins_of_a_cell_can_leave_at_once(cells: dict[str, CellAccess]) -> None:
    """In every orientation, since mirroring maps the grid of a cell on itself."""
    stuck = {
        name for name, cell in cells.items() if simultaneous_access(cell, list(cell.pins)) is None
    }
    assert stuck == set(DONT_USE)


def test_every_contact_lies_on_its_pin(library: Library, cells: dict[str, CellAccess]) -> None:
    for name, cell in cells.items():
        for pin, accesses in cell.pins.items():
            li1 = [rect for layer, rect in library.masters[name].pins[pin].shapes if layer == "li1"]
            for access in accesses:
                if access.contact is None:
                    continue
                x, y = access.contact
                assert x % 5 == 0
                assert y % 5 == 0
                corners = [(x + dx, y + dy) for dx in (-85, 85) for dy in (-85, 85)]
                assert all(
                    any(r[0] <= cx <= r[2] and r[1] <= cy <= r[3] for r in li1)
                    for cx, cy in corners
                ), (name, pin, access)


def test_conflicts_sees_metal_and_contacts() -> None:
    def at(x: int, y: int) -> Access:
        metal = (x - 145, y - 115, x + 145, y + 115)
        return Access(0, 0, (x, y), metal, frozenset({Resource("node", 0, 0)}), 0)

    assert conflicts(at(0, 0), at(0, 340))  # pads 110 apart
    assert not conflicts(at(0, 0), at(0, 370))
    assert conflicts(at(0, 0), at(425, 0))
    assert not conflicts(at(0, 0), at(430, 0))
