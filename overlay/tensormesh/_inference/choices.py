"""Accumulation that streamed chat and text completions share. Sans I/O."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

ChoiceT = TypeVar("ChoiceT", bound="Choice")


class Choice(ABC):
    """One choice of a completion."""

    __slots__ = ()

    @abstractmethod
    def add(self, choice: Any) -> None:
        """Take the next chunk."""

    @abstractmethod
    def build(self) -> Any:
        """Return the choice so far."""


class ChoicesAccumulator(Generic[ChoiceT]):
    """Collect the chunks of one completion. A chunk costs a few appends, never a copy.

    Args:
        new_choice: Function that makes a choice, given its index.
    """

    __slots__ = ("_choices", "_first", "_new_choice", "_usage", "_values")

    def __init__(self, new_choice: Callable[[int], ChoiceT]) -> None:
        self._new_choice = new_choice
        self._choices: dict[int, ChoiceT] = {}
        self._first: Any = None
        self._usage: Any = None
        self._values: dict[str, Any] = {}

    def add(self, chunk: Any) -> None:
        """Take the next chunk."""
        if self._first is None:
            self._first = chunk
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

    def _arguments(self) -> dict[str, Any]:
        """Return the constructor arguments of the completion. Needs a first chunk."""
        return {
            "id": self._first.id or "",
            "created": self._first.created or 0,
            "model": self._first.model or "",
            "choices": [choice.build() for _, choice in sorted(self._choices.items())],
            "usage": self._usage,
            **self._values,
        }
