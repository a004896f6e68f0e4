"""Objects that arrive in pieces, found by the index or the id of a piece. Sans I/O."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Slots(Generic[T]):
    """Objects of one kind within one response, such as its tool calls.

    Servers may leave out the index or the id of a piece, and some use one index for everything.
    """

    __slots__ = ("_by_id", "_latest", "_next_number", "_numbered")

    def __init__(self) -> None:
        self._numbered: list[tuple[int, T]] = []
        # By index; None stands for pieces without one.
        self._latest: dict[int | None, T] = {}
        self._by_id: dict[tuple[int | None, str], T] = {}
        self._next_number = 0

    def __len__(self) -> int:
        return len(self._numbered)

    def find(self, index: int | None, id: str | None = None) -> T | None:
        """Return the object with this id, else the last one used with this index, if any."""
        known = self._by_id.get((index, id)) if id else None
        return self._latest.get(index) if known is None else known

    def add(self, item: T, index: int | None) -> T:
        """Add an object. One whose index is missing or taken goes to the end."""
        number = self._next_number if index is None or index in self._latest else index
        self._next_number = max(self._next_number, number + 1)
        self._numbered.append((number, item))
        self._latest[number] = item
        return item

    def use(self, item: T, index: int | None, id: str | None = None) -> T:
        """Note that a piece with this index and id belongs to an object."""
        self._latest[None] = item
        if index is not None:
            self._latest[index] = item
        if id:
            self._by_id[index, id] = self._by_id[None, id] = item
        return item

    def ordered(self) -> list[T]:
        """Return the objects in the order of their indices."""
        return [item for _, item in sorted(self._numbered, key=lambda pair: pair[0])]
