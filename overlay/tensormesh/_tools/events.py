"""The result of a run of tools, and the events of a streamed run."""

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
    """The result of a run of tools.

    Attributes:
        text: Text of the last response, empty if it has none.
        messages: The whole conversation: the messages passed in, every response and every tool
            result. Append a message and pass it to the next run.
        completion: The last response.
        usage: Token counts of all rounds, or None if the server reported none.
        rounds: Number of responses, at least 1.
        calls: All calls, in the order in which the model made them.
    """

    text: str
    messages: list[ChatMessage]
    completion: ChatCompletion
    usage: UsageInfo | None
    rounds: int
    calls: list[ToolCall]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Text of the response, without reasoning.

    Attributes:
        text: The text.
        round: Number of the round, from 1.
    """

    text: str
    round: int
    type: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The model started to write a tool call.

    Attributes:
        name: Name of the tool.
        index: Position of the call in its round, from 0.
        round: Number of the round, from 1.
    """

    name: str
    index: int
    round: int
    type: Literal["call_started"] = "call_started"


@dataclass(frozen=True, slots=True)
class ArgumentsDelta:
    """A piece of a call's arguments. All pieces together are JSON.

    Attributes:
        text: The piece of JSON text.
        name: Name of the tool.
        index: Position of the call in its round, from 0.
        round: Number of the round, from 1.
    """

    text: str
    name: str
    index: int
    round: int
    type: Literal["arguments"] = "arguments"


@dataclass(frozen=True, slots=True)
class CallFinished:
    """A call is done, failed, invalid or refused. Calls of one round may finish in any order.

    Attributes:
        call: The call, with its `status`.
    """

    call: ToolCall
    type: Literal["call_result"] = "call_result"


@dataclass(frozen=True, slots=True)
class RoundFinished:
    """A response and all its calls are done.

    Attributes:
        completion: The response.
        round: Number of the round, from 1.
    """

    completion: ChatCompletion
    round: int
    type: Literal["round_done"] = "round_done"


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run is finished. The last event.

    Attributes:
        result: Result of the run.
    """

    result: RunResult
    type: Literal["finished"] = "finished"


RunEvent = TextDelta | CallStarted | ArgumentsDelta | CallFinished | RoundFinished | RunFinished
"""An event of a streamed run. Distinguish events by class or by `type`."""
