"""What was said so far. Sans I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Conversation:
    """A conversation with a model.

    Args:
        model: The model to ask.
        system: Instructions, or None.
        fields: Further fields of every request.

    Attributes:
        model: The model to ask next.
        system: Instructions, or None.
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
        """The messages as a request holds them, instructions first."""
        head = [] if self.system is None else [{"role": "system", "content": self.system}]
        return head + self._turns

    def request(self, question: str) -> dict[str, Any]:
        """The request that asks one thing more. What was said so far stays as it is."""
        asked = {"role": "user", "content": question}
        return {**self._fields, "model": self.model, "messages": [*self.messages, asked]}

    def add(self, question: str, answer: str) -> None:
        """Remember a question and its answer."""
        self._turns += [
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer},
        ]

    def reset(self) -> None:
        """Forget what was said; model and instructions stay."""
        self._turns.clear()
