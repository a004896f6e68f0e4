"""Errors that end a run of tools before the model's final text."""

from __future__ import annotations

from .._errors import TensormeshError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from tensormesh_api.inference.models.chat_completion import ChatCompletion
    from tensormesh_api.inference.models.chat_message import ChatMessage
    from tensormesh_api.inference.models.usage_info import UsageInfo

    from .call import ToolCall

    Reason = Literal["max_rounds", "max_seconds", "max_tokens_total", "tool", "answer"]


class ToolLoopError(TensormeshError):
    """A run of tools ended without a final text. Failed requests raise their own errors.

    Attributes:
        reason: Name of the limit that was reached; `"tool"` if a tool failed and `on_error` is
            `"raise"`; `"answer"` if the response had no choices.
        messages: The conversation up to the last finished round. It can be sent again.
        completion: The last response, or None. Its calls are in `messages` only if their round
            was finished.
        usage: Token counts of all rounds, or None if the server reported none.
        rounds: Number of responses received.
        calls: All calls so far, with their `status`.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: Reason,
        messages: Sequence[ChatMessage] = (),
        completion: ChatCompletion | None = None,
        usage: UsageInfo | None = None,
        rounds: int = 0,
        calls: Sequence[ToolCall] = (),
    ) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.messages: list[ChatMessage] = list(messages)
        self.completion: ChatCompletion | None = completion
        self.usage: UsageInfo | None = usage
        self.rounds: int = rounds
        self.calls: list[ToolCall] = list(calls)


class ToolLimitError(ToolLoopError):
    """The run reached `max_rounds`, `max_seconds` or `max_tokens_total`."""


class ToolCallError(ToolLoopError):
    """A tool failed and `on_error` is `"raise"`. The `__cause__` is the tool's exception."""
