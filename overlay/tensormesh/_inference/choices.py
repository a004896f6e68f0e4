"""Accumulation that streamed chat and text completions share. Sans I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._streams.pieces import Pieces


class Choice(Protocol):
    """One choice of a completion."""

    def add(self, choice: Any) -> None:
        """Take the next chunk."""

    def build(self) -> Any:
        """Return the choice so far."""


class ChoicesAccumulator:
    """Collect the chunks of one completion. A chunk costs a few appends, never a copy.

    Args:
        new_choice: Function that makes a choice, given its index.

    Attributes:
        first: The first chunk, or None before it.
    """

    __slots__ = ("_choices", "_new_choice", "_usage", "_values", "first")

    def __init__(self, new_choice: Callable[[int], Choice]) -> None:
        self.first: Any = None
        self._new_choice = new_choice
        self._choices: dict[int, Choice] = {}
        self._usage: Any = None
        self._values: dict[str, Any] = {}

    def add(self, chunk: Any) -> None:
        """Take the next chunk."""
        if self.first is None:
            self.first = chunk
        if chunk.usage is not None:
            self._usage = chunk.usage
        if chunk.system_fingerprint is not None:
            self._values["system_fingerprint"] = chunk.system_fingerprint
        if chunk.service_tier is not None:
            self._values["service_tier"] = chunk.service_tier
        for choice in chunk.choices:
            index = choice.index or 0
            known = self._choices.get(index)
            if known is None:
                known = self._choices[index] = self._new_choice(index)
            known.add(choice)

    def pieces(self, index: int, field: str) -> Pieces:
        """Return the text of a known choice's field."""
        found: Pieces = getattr(self._choices[index], field)
        return found

    def arguments(self) -> dict[str, Any]:
        """Return the constructor arguments of the completion. Needs a first chunk."""
        return {
            "id": self.first.id or "",
            "created": self.first.created or 0,
            "model": self.first.model or "",
            "choices": [choice.build() for _, choice in sorted(self._choices.items())],
            "usage": self._usage,
            **self._values,
        }
