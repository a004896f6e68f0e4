"""From one question to an object: asks, reads, and asks again with what was wrong. Sans I/O."""

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
    "not_json": "Let the model correct itself by max_attempts, or ask a stronger model",
    "schema": "Let the model correct itself by max_attempts, or loosen the type",
    "length": "Raise max_tokens, or ask for less",
    "refusal": "Ask otherwise: it is not asked again",
    "empty": "Raise max_tokens if the model reasons, or set max_attempts",
    "tool_calls": "Leave out tools, or run the calls and send their results",
}
_AGAIN = "Answer again with the whole JSON object, corrected, and with nothing else."
_SHORTER = "Answer again, more briefly: one whole JSON object, and nothing else."
# What asking again cannot mend.
_FINAL = ("refusal", "tool_calls")


class Session:
    """One call of `parse`: up to so many attempts.

    Args:
        form: What the answer is to be.
        params: Arguments of `create`.
        schema_prompt: What tells the model the form.
        max_attempts: How many answers to ask for at most.

    Attributes:
        messages: What to send next.
        attempts: How many answers were taken.
        usage: Tokens of the answers taken; None as long as the server told none.
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
        """Arguments of `create` for the next attempt."""
        return {**self._params, "messages": self.messages}

    def take(self, completion: ChatCompletion) -> ParsedChatCompletion[Any] | None:
        """Take an answer. Gives the result; None if the `messages` are to be sent again.

        Raises:
            StructuredOutputError: The answer is of no use, and no attempt is left.
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
        """Show the model its answer, and what is wrong with it."""
        how = _SHORTER if fault.reason == "length" else _AGAIN
        said = f"Your answer cannot be used: {fault.problem}. {how}"
        self.messages = [
            *self.messages,
            ChatMessage(role="assistant", content=sendable(_text(completion))),
            ChatMessage(role="user", content=sendable(said)),
        ]

    def _error(self, fault: FaultError, completion: ChatCompletion) -> StructuredOutputError:
        what = f"the answer does not fit {self._form.name}: " if fault.reason == "schema" else ""
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
    """What tells the model the form of its answer; empty for nothing.

    Raises:
        ValueError: The text has no place for the schema.
        TypeError: It is neither a text nor a function that gives one.
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
        raise ValueError("schema_prompt has no {schema} in it, where the JSON Schema belongs")
    import json

    text = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    return schema_prompt.replace("{schema}", text)


def with_prompt(messages: Any, prompt: str) -> Any:
    """The messages with a text at the end of the leading instructions.

    It joins the caller's own system message, because many chat templates take but one.
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
        # An error of the request, which says so.
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
    """The object that the first choice of a completion says.

    Raises:
        FaultError: It says none, or one that does not fit.
    """
    text = _text(completion)
    if text.startswith("{"):
        try:
            return form.read(text)
        except form.errors:
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
    try:
        return form.read(found.text)
    except FaultError:
        raise
    except form.errors as error:
        raise form.explain(found.text, error) from error


def _check_answered(completion: ChatCompletion, text: str) -> None:
    if not completion.choices:
        raise FaultError("empty", "the completion has no choices")
    choice = completion.choices[0]
    message = choice.message
    if message.refusal:
        raise FaultError("refusal", f"the model refused: {shorten(message.refusal)}")
    if choice.finish_reason == "content_filter":
        raise FaultError("refusal", "a content filter of the server stopped the answer")
    if text.strip():
        return
    _check_calls(completion)
    if choice.finish_reason == "length":
        raise _cut(text)
    thought = " but reasoning" if message.reasoning else ""
    raise FaultError("empty", f"the model wrote nothing{thought}")


def _check_calls(completion: ChatCompletion) -> None:
    calls = completion.choices[0].message.tool_calls
    if calls:
        names = shorten(", ".join(call.function.name for call in calls))
        raise FaultError("tool_calls", f"the model called {names} and did not answer")


def _cut(text: str) -> FaultError:
    end = f", after {shorten(text[-40:])!r}" if text else ", before it began"
    return FaultError("length", f"the answer was cut off at the limit of tokens{end}")


def _text(completion: ChatCompletion) -> str:
    return (completion.choices[0].message.content if completion.choices else None) or ""
