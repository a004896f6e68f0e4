"""The attempts of one `parse()` call: send, parse, and send again with the fault. Sans I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from tensormesh_api.inference.models.chat_message import ChatMessage

from .._errors import StructuredOutputError
from .faults import FaultError, pointer, readable, sendable, shorten
from .text import find_object
from .types import ParsedChatCompletion, add_usage, parsed_completion

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion import ChatCompletion
    from tensormesh_api.inference.models.usage_info import UsageInfo

    from .forms import Form

    SchemaPrompt = str | Callable[[dict[str, Any]], str]

_INSTRUCTING = ("system", "developer")
_ADVICE = {
    "not_json": "Set max_attempts to let the model correct itself, or use a stronger model",
    "schema": "Set max_attempts to let the model correct itself, or relax the type",
    "length": "Increase max_tokens, or ask for a shorter response",
    "refusal": "Change the request: refusals are not retried",
    "empty": "Increase max_tokens if this is a reasoning model, or set max_attempts to try again",
    "tool_calls": "Omit tools, or make the calls and send their results",
}
_AGAIN = "Answer again with the whole JSON object, corrected, and with nothing else."
_SHORTER = "Answer again, more briefly: one whole JSON object, and nothing else."
# Faults that another attempt cannot correct.
_FINAL = ("refusal", "tool_calls")


class Session:
    """One call of `parse()`.

    Args:
        form: The form of the response.
        params: Arguments of `create()`.
        schema_prompt: What describes the form to the model.
        max_attempts: Maximum number of attempts.

    Attributes:
        messages: The messages of the next request.
        attempts: Number of responses so far.
        usage: Token counts of these responses, or None if the server reported none.
    """

    def __init__(
        self,
        form: Form,
        params: Mapping[str, Any],
        schema_prompt: SchemaPrompt | None,
        max_attempts: int,
    ) -> None:
        if max_attempts < 1:
            raise ValueError(f"max_attempts must be 1 or more, got {max_attempts!r}")
        prompt = prompt_for(form.schema, schema_prompt)
        self.messages: Any = with_prompt(params.get("messages"), prompt)
        self.attempts: int = 0
        self.usage: UsageInfo | None = None
        self._form = form
        self._params = params
        self._max_attempts = max_attempts

    def request(self) -> dict[str, Any]:
        """Return the arguments of `create()` for the next attempt."""
        return {**self._params, "messages": self.messages}

    def take(self, completion: ChatCompletion) -> ParsedChatCompletion[Any] | None:
        """Parse a completion. Return the result, or None if `messages` must be sent again.

        Raises:
            StructuredOutputError: The response is invalid, and no attempt is left.
        """
        self.attempts += 1
        self.usage = add_usage(self.usage, completion.usage)
        try:
            parsed = read_answer(completion, self._form)
        except FaultError as fault:
            if self.attempts >= self._max_attempts or fault.reason in _FINAL:
                raise self._error(fault, completion) from fault.__cause__
            self._ask_again(fault, completion)
            return None
        return parsed_completion(completion, parsed, self.attempts, self.usage)

    def _ask_again(self, fault: FaultError, completion: ChatCompletion) -> None:
        """Add the response and its fault to the messages."""
        how = _SHORTER if fault.reason == "length" else _AGAIN
        said = f"Your answer cannot be used: {fault.problem}. {how}"
        self.messages = [
            *self.messages,
            ChatMessage(role="assistant", content=sendable(_text(completion))),
            ChatMessage(role="user", content=sendable(said)),
        ]

    def _error(self, fault: FaultError, completion: ChatCompletion) -> StructuredOutputError:
        what = (
            f"the response does not match {self._form.name}: " if fault.reason == "schema" else ""
        )
        return StructuredOutputError(
            f"{what}{fault.problem}. {_ADVICE[fault.reason]}",
            reason=fault.reason,
            path=readable(fault.path),
            pointer=pointer(fault.path),
            expected=fault.expected,
            got=fault.got,
            text=_text(completion),
            completion=completion,
            attempts=self.attempts,
            usage=self.usage,
        )


def prompt_for(schema: dict[str, Any], schema_prompt: SchemaPrompt | None) -> str:
    """Return the text that describes a schema to the model. Empty if there is none.

    Raises:
        ValueError: The template has no placeholder for the schema.
        TypeError: It is neither a string nor a function that returns one.
    """
    if schema_prompt is None:
        return ""
    if callable(schema_prompt):
        said = schema_prompt(schema)
        if not isinstance(said, str):
            raise TypeError(f"schema_prompt must return a string, got {type(said).__name__}")
        return said
    if not isinstance(schema_prompt, str):
        kind = type(schema_prompt).__name__
        raise TypeError(f"schema_prompt must be a string, a function or None, got {kind}")
    if "{schema}" not in schema_prompt:
        raise ValueError("schema_prompt must contain {schema}, the placeholder for the JSON Schema")
    import json

    text = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    return schema_prompt.replace("{schema}", text)


def with_prompt(messages: Any, prompt: str) -> Any:
    """Return the messages with a text added to the leading system message.

    Many chat templates accept only one system message.
    """
    if not prompt or isinstance(messages, str) or not isinstance(messages, Sequence):
        return messages
    first = messages[0] if messages else None
    role: Any
    content: Any
    if isinstance(first, ChatMessage):
        role, content = first.role, first.content
    elif isinstance(first, Mapping):
        role, content = first.get("role"), first.get("content")
    else:
        # Sending the request reports the error.
        return messages
    if role not in _INSTRUCTING:
        return [ChatMessage(role="system", content=prompt), *messages]
    if not isinstance(content, str):
        return [first, ChatMessage(role="system", content=prompt), *messages[1:]]
    joined = f"{content}\n\n{prompt}"
    if isinstance(first, ChatMessage):
        first = copy(first)
        first.content = joined
    else:
        first = {**first, "content": joined}
    return [first, *messages[1:]]


def read_answer(completion: ChatCompletion, form: Form) -> Any:
    """Parse the object in the first choice of a completion.

    Raises:
        FaultError: There is none, or it does not match the form.
    """
    text = _text(completion)
    if text.startswith("{"):
        try:
            return form.read(text)
        except FaultError:
            pass
    _check_answered(completion, text)
    is_cut = completion.choices[0].finish_reason == "length"
    try:
        found = find_object(text)
    except FaultError as fault:
        if is_cut:
            raise _cut(text) from None
        _check_calls(completion)
        raise fault from None
    if is_cut and not found.is_last:
        raise _cut(text)
    return form.read(found.text)


def _check_answered(completion: ChatCompletion, text: str) -> None:
    if not completion.choices:
        raise FaultError("empty", "the completion has no choices")
    choice = completion.choices[0]
    message = choice.message
    if message.refusal:
        raise FaultError("refusal", f"the model refused: {shorten(message.refusal)}")
    if choice.finish_reason == "content_filter":
        raise FaultError("refusal", "the server's content filter stopped the response")
    if text.strip():
        return
    _check_calls(completion)
    if choice.finish_reason == "length":
        raise _cut(text)
    only = "only reasoning" if message.reasoning else "nothing"
    raise FaultError("empty", f"the model wrote {only}")


def _check_calls(completion: ChatCompletion) -> None:
    calls = completion.choices[0].message.tool_calls
    if calls:
        names = shorten(", ".join(call.function.name for call in calls))
        raise FaultError("tool_calls", f"the model called {names} instead of returning JSON")


def _cut(text: str) -> FaultError:
    end = f" after {shorten(text[-40:])!r}" if text else " before it started"
    return FaultError("length", f"the response was cut off at the token limit{end}")


def _text(completion: ChatCompletion) -> str:
    return (completion.choices[0].message.content if completion.choices else None) or ""
