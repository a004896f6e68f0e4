"""Text that arrives in pieces."""

from __future__ import annotations

# Short strings take ten times the memory of their characters, so join them this often.
_MOST_LOOSE = 1000


class Pieces:
    """Collect pieces of text in linear time, with little more memory than the text."""

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
        """Return the text, or None before the first piece."""
        if not self._joined and not self._loose:
            return None
        return "".join(self._joined) + "".join(self._loose)
