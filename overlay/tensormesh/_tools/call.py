"""One tool call of a model, and its outcome."""

from __future__ import annotations

import json
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal

import msgspec

from .._json import dumps, loads
from .._structured.faults import sendable

Status = Literal["pending", "done", "failed", "invalid", "refused"]

_MAX_QUOTE = 400


@dataclass(slots=True, eq=False, repr=False)
class ToolCall:
    """One call of a tool.

    Attributes:
        id: The id. The SDK creates one if the server sent none, or one that it had used before.
        name: The name of the tool, as the model wrote it.
        text: The arguments, as the model wrote them.
        arguments: The arguments converted to the annotated types, without those that the model
            omitted. Empty if they are not valid.
        round: The number of its round, from 1.
        index: The position among the calls of its round, from 0.
        status: `"pending"`, `"done"`, `"failed"` (the tool raised `error`), `"invalid"` (there is
            no such tool, or the arguments are not valid) or `"refused"` (by `approve`).
        result: What the tool returned, if the status is `"done"`.
        error: What the tool raised, or why the call is invalid.
        content: The text that is sent to the model, once the call is no longer pending.
    """

    id: str
    name: str
    text: str
    _: KW_ONLY
    round: int
    index: int
    arguments: dict[str, Any] = field(default_factory=dict, init=False)
    status: Status = field(default="pending", init=False)
    result: Any = field(default=None, init=False)
    error: Exception | None = field(default=None, init=False)
    content: str | None = field(default=None, init=False)

    def __repr__(self) -> str:
        return f"<ToolCall {self.name}({self.text}) {self.status}>"


def content_of(result: Any) -> str:
    """Convert what a tool returned to text: a string as it is, anything else as JSON.

    Raises:
        TypeError, ValueError: It cannot be converted to JSON.
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
    """Convert pydantic models to plain data."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} cannot be converted to JSON")


def read_arguments(call: ToolCall) -> dict[str, Any]:
    """Decode the arguments. An empty text and `null` mean no arguments.

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
    """Return the arguments to send back. Servers refuse anything but a JSON object."""
    try:
        value = json.loads(call.text)
    except (ValueError, RecursionError):
        return "{}"
    return sendable(call.text) if isinstance(value, dict) else "{}"


def finish(call: ToolCall, result: Any) -> None:
    """Record what the tool returned."""
    try:
        call.content = content_of(result)
    except (TypeError, ValueError) as error:
        fail(
            call,
            TypeError(f"{call.name!r} returned a value that cannot be converted to JSON: {error}"),
        )
        return
    call.status, call.result = "done", result


def fail(call: ToolCall, error: Exception) -> None:
    """Record what the tool raised."""
    call.status, call.error = "failed", error
    _tell(call, f"{type(error).__name__}: {error}")


def reject(call: ToolCall, error: Exception) -> None:
    """Record why the tool cannot be called."""
    call.status, call.error = "invalid", error
    _tell(call, str(error))


def refuse(call: ToolCall, reason: str) -> None:
    """Record that the call was not approved."""
    call.status = "refused"
    _tell(call, f"this call was refused{': ' if reason else '.'}{reason}")


def _tell(call: ToolCall, problem: str) -> None:
    call.content = sendable(f"Error: {problem}")
