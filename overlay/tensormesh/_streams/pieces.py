"""Text that comes in pieces."""

from __future__ import annotations

# A short piece takes ten times the memory of its characters: they are joined this often.
_MOST_LOOSE = 1000


class Pieces:
    """Takes little more memory than the text, and time in proportion to it."""

    __slots__ = ("_joined", "_loose")

    def __init__(self) -> None:
        self._joined: list[str] = []
        self._loose: list[str] = []

    def add(self, piece: str) -> None:
        """Append a piece."""
        self._loose.append(piece)
        if len(self._loose) == _MOST_LOOSE:
            self._joined.append("".join(self._loose))
            self._loose.clear()

    def value(self) -> str | None:
        """The whole text; None before the first piece."""
        if not self._joined and not self._loose:
            return None
        return "".join(self._joined) + "".join(self._loose)
