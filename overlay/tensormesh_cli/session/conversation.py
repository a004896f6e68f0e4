"""A conversation with a model, without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Conversation:
    """A conversation with a model.

    Args:
        model: The model. May be changed.
        system: Instructions, or None. May be changed.
        fields: More fields of every request.
    """

    def __init__(
        self, model: str, *, system: str | None = None, fields: Mapping[str, Any] | None = None
    ) -> None:
        self.model = model
        self.system = system
        self._fields = dict(fields or {})
        self._turns: list[dict[str, Any]] = []

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages as in a request, instructions first."""
        head = [] if self.system is None else [{"role": "system", "content": self.system}]
        return head + self._turns

    def request(self, question: str) -> dict[str, Any]:
        """Return a request with one more question. The conversation does not change."""
        asked = {"role": "user", "content": question}
        return {**self._fields, "model": self.model, "messages": [*self.messages, asked]}

    def add(self, question: str, answer: str) -> None:
        """Add a question and its answer."""
        self._turns += [
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer},
        ]

    def reset(self) -> None:
        """Remove all messages, but keep the model and the instructions."""
        self._turns.clear()
