"""Decide what a run of tools does next. Sans I/O: `run` and `async_run` do the rest."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from tensormesh_api._wire import wire_objects
from tensormesh_api.inference.models.chat_completion_function_call import ChatCompletionFunctionCall
from tensormesh_api.inference.models.chat_completion_tool_call import ChatCompletionToolCall
from tensormesh_api.inference.models.chat_message import ChatMessage

from .._structured.faults import sendable
from .._structured.types import add_usage
from .call import ToolCall, wire_text
from .errors import ToolCallError, ToolLimitError, ToolLoopError
from .events import RunResult
from .text import split_calls

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion import ChatCompletion
    from tensormesh_api.inference.models.chat_completion_message import ChatCompletionMessage
    from tensormesh_api.inference.models.usage_info import UsageInfo

    from .box import Toolbox
    from .errors import Reason

ErrorT = TypeVar("ErrorT", bound=ToolLoopError)

# A request limited to the remaining time of the run may end this much earlier.
_TOLERANCE_SECONDS = 0.01


class Rules(NamedTuple):
    """Options of a run; see `RunMethods.run`."""

    max_rounds: int = 10
    max_seconds: float | None = None
    max_tokens_total: int | None = None
    on_error: Literal["report", "raise"] = "report"
    parse_text_calls: bool = False

    def check(self) -> None:
        """Raise `ValueError` for an invalid option."""
        for name in ("max_rounds", "max_seconds", "max_tokens_total"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be positive, got {value!r}")
        if self.on_error not in ("report", "raise"):
            raise ValueError(f"on_error must be 'report' or 'raise', got {self.on_error!r}")


class Loop:
    """The state of one run.

    Each round calls `request` for the arguments of the request, `take` with the response for the
    tool calls to make, and `end_round` when they are done.

    Args:
        toolbox: The tools.
        params: Arguments of `create`, without `tools`.
        rules: Limits and other options.

    Raises:
        TypeError, ValueError: An argument is invalid.
    """

    def __init__(self, toolbox: Toolbox, params: Mapping[str, Any], rules: Rules) -> None:
        rules.check()
        self.toolbox: Toolbox = toolbox
        self.rules: Rules = rules
        self._params = dict(params)
        if self._params.get("n") not in (None, 1):
            raise ValueError("n must be 1: a run follows a single response")
        given = wire_objects(self._params.pop("messages", None), "messages")
        self.messages: list[ChatMessage] = [ChatMessage.from_dict(message) for message in given]
        self.completion: ChatCompletion | None = None
        self.usage: UsageInfo | None = None
        self.rounds: int = 0
        self.calls: list[ToolCall] = []
        self.is_finished: bool = False
        self._is_counted = True
        self._ids = {call.id for message in self.messages for call in message.tool_calls or ()}
        self._round: list[ToolCall] = []
        self._answer: ChatMessage | None = None
        self._clock = time.monotonic
        self._deadline = None if rules.max_seconds is None else self._clock() + rules.max_seconds

    def remaining(self) -> float | None:
        """Return the remaining seconds, at least 0, or None without a time limit."""
        return None if self._deadline is None else max(0.0, self._deadline - self._clock())

    def request(self) -> dict[str, Any]:
        """Return the arguments of `create` for the next round.

        Raises:
            ToolLimitError: No time is left.
        """
        self.check_time()
        return {
            **self._params,
            "messages": list(self.messages),
            "tools": self.toolbox.definitions,
            "total_timeout_seconds": self._shorter(self._params.get("total_timeout_seconds")),
        }

    def take(self, completion: ChatCompletion) -> list[ToolCall]:
        """Take the response of a round. Return its calls; the pending ones are to be made.

        Raises:
            ToolLimitError: The response has calls, but another round is not allowed.
            ToolLoopError: The response has no choices.
        """
        self.rounds += 1
        self.completion = completion
        self.usage = add_usage(self.usage, completion.usage)
        self._is_counted = self._is_counted and completion.usage is not None
        if not completion.choices:
            raise self.error(ToolLoopError, "answer", "the response has no choices")
        message = completion.choices[0].message
        content, self._round = self._split(message)
        self._name_calls()
        self._answer = _answer(message, content, self._round)
        if self._round:
            self._check_bounds()
        for call in self._round:
            self.toolbox.check(call)
        self.calls += self._round
        return self._round

    def end_round(self) -> None:
        """Add the response and the results of its calls to the conversation."""
        assert self._answer is not None
        self.messages.append(self._answer)
        self.messages += [
            ChatMessage(role="tool", tool_call_id=call.id, content=call.content)
            for call in self._round
        ]
        self.is_finished = not self._round
        # A model that is forced to call a tool in every round would never finish.
        if self._params.get("tool_choice") not in (None, "auto", "none"):
            del self._params["tool_choice"]

    def result(self) -> RunResult:
        """Return the result of the finished run."""
        assert self.completion is not None
        return RunResult(
            text=self.completion.choices[0].message.content or "",
            messages=list(self.messages),
            completion=self.completion,
            usage=self.usage,
            rounds=self.rounds,
            calls=list(self.calls),
        )

    def is_spent(self) -> bool:
        """Return whether a request that just timed out used up the time of the run."""
        remaining = self.remaining()
        return remaining is not None and remaining <= _TOLERANCE_SECONDS

    def check_time(self) -> None:
        """Raise `ToolLimitError` if no time is left."""
        if self.remaining() == 0:
            raise self.late()

    def late(self) -> ToolLimitError:
        """Return the error for a run that took too long."""
        return self.error(
            ToolLimitError, "max_seconds", f"the run took longer than {self.rules.max_seconds} s"
        )

    def failure(self, call: ToolCall) -> ToolCallError:
        """Return the error for a failed tool."""
        kind = type(call.error).__name__
        return self.error(ToolCallError, "tool", f"{call.name} failed: {kind}: {call.error}")

    def error(self, cls: type[ErrorT], reason: Reason, message: str) -> ErrorT:
        """Return an error with the state of the run."""
        return cls(
            message,
            reason=reason,
            messages=self.messages,
            completion=self.completion,
            usage=self.usage,
            rounds=self.rounds,
            calls=self.calls,
        )

    def _shorter(self, bound: Any) -> Any:
        """Limit a request to the remaining time of the run. `create` rejects invalid values."""
        remaining = self.remaining()
        if remaining is None or not isinstance(bound, int | float | None):
            return bound
        return remaining if bound is None else min(bound, remaining)

    def _check_bounds(self) -> None:
        """Refuse to make calls whose results could not be sent."""
        rules, most = self.rules, self.rules.max_tokens_total
        self.check_time()
        if self.rounds >= rules.max_rounds:
            text = f"the model is still calling tools after {self.rounds} rounds"
            raise self.error(ToolLimitError, "max_rounds", text)
        if most is None:
            return
        if not self._is_counted or self.usage is None:
            text = "the server reports no usage, so max_tokens_total cannot be enforced"
            raise self.error(ToolLimitError, "max_tokens_total", text)
        if self.usage.total_tokens >= most:
            text = f"the run has used {self.usage.total_tokens} of {most} tokens"
            raise self.error(ToolLimitError, "max_tokens_total", text)

    def _split(self, message: ChatCompletionMessage) -> tuple[str | None, list[ToolCall]]:
        """Return the text of a response and its calls."""
        calls = [
            ToolCall(
                call.id,
                call.function.name,
                call.function.arguments or "",
                round=self.rounds,
                index=index,
            )
            for index, call in enumerate(message.tool_calls or ())
        ]
        if calls or not message.content or not self.rules.parse_text_calls:
            return message.content, calls
        text, found = split_calls(message.content, self.toolbox.entries)
        return text, [
            ToolCall("", call.name, call.arguments, round=self.rounds, index=index)
            for index, call in enumerate(found)
        ]

    def _name_calls(self) -> None:
        """Give a new id to calls without one, and to calls whose id is taken."""
        for call in self._round:
            number = 0
            while not call.id or call.id in self._ids:
                number += 1
                call.id = f"call_{self.rounds}_{call.index}" + (f"_{number}" * (number > 1))
            self._ids.add(call.id)


def _answer(message: ChatCompletionMessage, content: str | None, calls: list[ToolCall]) -> Any:
    """Return a response as a message that can be sent back."""
    text = sendable(content or "")
    data: dict[str, Any] = {"role": "assistant", "content": text or (None if calls else "")}
    if message.reasoning:
        data["reasoning"] = sendable(message.reasoning)
    if calls:
        data["tool_calls"] = [
            ChatCompletionToolCall(
                id=call.id,
                function=ChatCompletionFunctionCall(
                    name=sendable(call.name), arguments=wire_text(call)
                ),
            ).to_dict()
            for call in calls
        ]
    return ChatMessage.from_dict(data)
