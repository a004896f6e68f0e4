"""Keyword arguments of `chat.completions.parse` and `run`, but for those that shape the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Required, TypedDict

from tensormesh_api.inference.params.create_chat_completion import CreateChatCompletionParams

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion_tool import ChatCompletionTool

    from .._structured.session import SchemaPrompt


class CallParams(TypedDict, total=False):
    """Those that every call takes."""

    extra_headers: Mapping[str, str | None] | None
    """Headers added to each request; a value of None takes a header away."""
    extra_query: Mapping[str, Any] | None
    """Query parameters added to each request."""
    extra_body: Mapping[str, Any] | None
    """Fields added to each JSON body; they win over those given by name."""
    timeout_seconds: float | None
    """In place of the client's timeout for each request, in seconds."""
    total_timeout_seconds: float | None
    """Longest time of each request as a whole, in seconds."""


class ParseParams(CreateChatCompletionParams, CallParams, total=False):
    """Those of `parse`: what `create` takes, and more."""

    max_attempts: int
    """How many answers to ask for at most. Default: 1."""
    schema_prompt: SchemaPrompt | None
    """What tells the model the form of its answer. Default: a text in English."""


class RunParams(CreateChatCompletionParams, CallParams, total=False):
    """Those of `run`: what `create` takes, with functions among the tools, and more."""

    tools: Required[  # type: ignore[misc] # wider on purpose
        Sequence[Callable[..., Any] | ChatCompletionTool | Mapping[str, Any]]
    ]
    """What the model may call: functions, tools, and definitions with a function in `handlers`."""
    handlers: Mapping[str, Callable[..., Any]] | None
    """Functions for definitions among the tools, by name."""
    on_error: Literal["report", "raise"]
    """What a tool's exception does. Default: `"report"`."""
    max_rounds: int
    """How often the model may be asked. Default: 10."""
    max_seconds: float | None
    """How long the run may take, in seconds. Default: no bound."""
    max_tokens_total: int | None
    """How many tokens all rounds may use before no further one is begun. Default: no bound."""
    max_parallel: int
    """How many calls may run at once. Default: 8."""
    parse_text_calls: bool
    """Whether calls are also looked for in the answer's text. Default: False."""
