"""What a run of tools gives: its result, and the events of a streamed one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion import ChatCompletion
    from tensormesh_api.inference.models.chat_message import ChatMessage
    from tensormesh_api.inference.models.usage_info import UsageInfo

    from .call import ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What came of a run of tools.

    Attributes:
        text: The model's last answer; empty if it has no text.
        messages: The whole conversation: what was given, every answer, every result of a tool. It
            can be sent again, with a further question behind it.
        completion: The model's last answer, whole.
        usage: Tokens of all rounds, or None if the server reported none.
        rounds: How many answers came of the model, 1 or more.
        calls: All calls, in the order in which the model asked for them.
    """

    text: str
    messages: list[ChatMessage]
    completion: ChatCompletion
    usage: UsageInfo | None
    rounds: int
    calls: list[ToolCall]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of text, without reasoning.

    Attributes:
        text: The piece.
        round: The round that it belongs to, from 1.
    """

    text: str
    round: int
    type: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The model begins to write a call.

    Attributes:
        name: The tool's name.
        index: Place of the call among those of its round, from 0.
        round: The round that it belongs to, from 1.
    """

    name: str
    index: int
    round: int
    type: Literal["call_started"] = "call_started"


@dataclass(frozen=True, slots=True)
class ArgumentsDelta:
    """A piece of a call's arguments, which are JSON when all have come.

    Attributes:
        text: The piece.
        name: The tool's name.
        index: Place of the call among those of its round, from 0.
        round: The round that it belongs to, from 1.
    """

    text: str
    name: str
    index: int
    round: int
    type: Literal["arguments"] = "arguments"


@dataclass(frozen=True, slots=True)
class CallFinished:
    """A call has its result, or will have none. Those of one round come as they finish.

    Attributes:
        call: The call; `status` says what came of it.
    """

    call: ToolCall
    type: Literal["call_result"] = "call_result"


@dataclass(frozen=True, slots=True)
class RoundFinished:
    """An answer of the model, and all calls in it, are done.

    Attributes:
        completion: The answer.
        round: The round's number, from 1.
    """

    completion: ChatCompletion
    round: int
    type: Literal["round_done"] = "round_done"


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The model has answered by text: the last event.

    Attributes:
        result: What came of the run.
    """

    result: RunResult
    type: Literal["finished"] = "finished"


RunEvent = TextDelta | CallStarted | ArgumentsDelta | CallFinished | RoundFinished | RunFinished
"""An event of a streamed run, told apart by its class or its `type`."""
