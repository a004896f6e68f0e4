"""One call that a model asks for, and what came of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from .._json import dumps, loads

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion_tool_call import ChatCompletionToolCall

Status = Literal["pending", "done", "failed", "invalid", "refused"]

_MAX_QUOTE = 400


class ToolCall:
    """One call of a tool.

    Attributes:
        id: Its id. Made by the SDK where the server sent none, or one that it had used before.
        name: The tool's name, as the model wrote it.
        text: The arguments as the model wrote them.
        arguments: The arguments in the annotated types, by name; those that the model left out
            are not there. Empty if they are not valid.
        round: The round that it belongs to, from 1.
        index: Its place among the calls of its round, from 0.
        status: `"pending"`; `"done"`; `"failed"`, the tool raised `error`; `"invalid"`, there is
            no such tool, or the arguments do not fit; `"refused"` by `approve`.
        result: What the tool returned, if it is `"done"`.
        error: What the tool raised, if it has `"failed"`, or why it is `"invalid"`.
        content: What the model is told of it, once it is no longer `"pending"`.
    """

    __slots__ = (
        "arguments",
        "content",
        "error",
        "id",
        "index",
        "name",
        "result",
        "round",
        "status",
        "text",
    )

    def __init__(self, id: str, name: str, text: str, *, round: int, index: int) -> None:
        self.id: str = id
        self.name: str = name
        self.text: str = text
        self.arguments: dict[str, Any] = {}
        self.round: int = round
        self.index: int = index
        self.status: Status = "pending"
        self.result: Any = None
        self.error: Exception | None = None
        self.content: str | None = None

    def __repr__(self) -> str:
        return f"<ToolCall {self.name}({self.text}) {self.status}>"


def content_of(result: Any) -> str:
    """What a tool returned as text: a text as it is, all else as JSON.

    Raises:
        TypeError, ValueError: JSON cannot hold it.
    """
    if isinstance(result, str):
        result.encode()
        return result
    try:
        return dumps(result).decode()
    except TypeError:
        plain = msgspec.to_builtins(result, str_keys=True, enc_hook=_plain)
        return dumps(plain).decode()


def _plain(value: Any) -> Any:
    """Models of pydantic as plain data."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"JSON cannot hold a {type(value).__name__}")


def from_wire(call: ChatCompletionToolCall, round: int, index: int) -> ToolCall:
    """A call as a server sent it."""
    function = call.function
    return ToolCall(call.id, function.name, function.arguments or "", round=round, index=index)


def read_arguments(call: ToolCall) -> dict[str, Any]:
    """The arguments as decoded JSON. No text, and `null`, stand for no arguments.

    Raises:
        ValueError: They are not a JSON object.
    """
    if not call.text.strip():
        return {}
    try:
        value = loads(call.text.encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"the arguments are not valid JSON ({error}): {call.text[:_MAX_QUOTE]}"
        ) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"the arguments must be a JSON object: {call.text[:_MAX_QUOTE]}")
    return value


def wire_text(call: ToolCall) -> str:
    """The arguments as they can be sent back: servers refuse what is no JSON object."""
    try:
        value = json.loads(call.text)
    except (ValueError, RecursionError):
        return "{}"
    return sendable(call.text) if isinstance(value, dict) else "{}"


def finish(call: ToolCall, result: Any) -> None:
    """Note what the tool returned."""
    try:
        call.content = content_of(result)
    except (TypeError, ValueError) as error:
        fail(call, TypeError(f"{call.name!r} returned what JSON cannot hold: {error}"))
        return
    call.status, call.result = "done", result


def fail(call: ToolCall, error: Exception) -> None:
    """Note what the tool raised."""
    call.status, call.error = "failed", error
    _tell(call, f"{type(error).__name__}: {error}")


def reject(call: ToolCall, error: Exception) -> None:
    """Note why it cannot be called."""
    call.status, call.error = "invalid", error
    _tell(call, str(error))


def refuse(call: ToolCall, reason: str) -> None:
    """Note that it must not be called."""
    call.status = "refused"
    _tell(call, f"this call was refused{': ' if reason else '.'}{reason}")


def _tell(call: ToolCall, problem: str) -> None:
    call.content = sendable(f"Error: {problem}")


def sendable(text: str) -> str:
    """A text with question marks for halves of surrogate pairs, which no request can hold."""
    return text.encode("utf-8", "replace").decode()
