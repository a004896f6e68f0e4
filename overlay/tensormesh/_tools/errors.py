"""What ends a run of tools before the model has answered by text."""

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
    """A run of tools ended without a text. What a request failed by is raised as it is.

    Attributes:
        reason: what ended it: the name of the bound that was reached; ``"tool"``, a tool failed
            and ``on_error`` is ``"raise"``; ``"answer"``, the model's answer had no choices.
        messages: the conversation up to the last round that was finished. It can be sent again.
        completion: the model's last answer, or ``None``. Its calls are in ``messages`` only if
            their round was finished.
        usage: tokens of all rounds, or ``None`` if the server reported none.
        rounds: how many answers came of the model.
        calls: all calls up to then; ``status`` says what came of each.
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
        self.reason = reason
        self.messages = list(messages)
        self.completion = completion
        self.usage = usage
        self.rounds = rounds
        self.calls = list(calls)


class ToolLimitError(ToolLoopError):
    """A bound of the run was reached: ``max_rounds``, ``max_seconds`` or ``max_tokens_total``."""


class ToolCallError(ToolLoopError):
    """A tool failed, and ``on_error`` is ``"raise"``. Its own exception is the ``__cause__``."""
