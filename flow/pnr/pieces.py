"""What hangs together, found by joining two at a time."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Pieces"]

T = TypeVar("T", bound=Hashable)


class Pieces(Generic[T]):
    """Disjoint sets; each is known by one of its members."""

    def __init__(self) -> None:
        self._parent: dict[T, T] = {}

    def of(self, member: T) -> T:
        """The piece of a member; one not seen before is a piece of its own."""
        parent = self._parent
        while parent.setdefault(member, member) != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    def join(self, a: T, b: T) -> bool:
        """Make one piece of two; False when they were one already."""
        first, second = self.of(a), self.of(b)
        self._parent[first] = second
        return first != second

    def by_member(self) -> dict[T, T]:
        """Member -> its piece."""
        return {member: self.of(member) for member in list(self._parent)}
