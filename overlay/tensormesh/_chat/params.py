"""Keyword arguments of `chat.completions.parse` and `run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Required, TypedDict

from tensormesh_api.inference.params.create_chat_completion import CreateChatCompletionParams

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion_tool import ChatCompletionTool

    from .._structured.session import SchemaPrompt


class CallParams(TypedDict, total=False):
    """Options of every call."""

    extra_headers: Mapping[str, str | None] | None
    """Headers to add to each request. None removes a header."""
    extra_query: Mapping[str, Any] | None
    """Query parameters to add to each request."""
    extra_body: Mapping[str, Any] | None
    """Fields to add to each JSON body. They override keyword arguments."""
    timeout_seconds: float | None
    """Timeout of each request in seconds, overriding the client's."""
    total_timeout_seconds: float | None
    """Time limit of each request in seconds, including its stream."""


class ParseParams(CreateChatCompletionParams, CallParams, total=False):
    """Arguments of `parse`, in addition to those of `create`."""

    max_attempts: int
    """Maximum number of attempts at a valid response. Default: 1."""
    schema_prompt: SchemaPrompt | None
    """Instruction that describes the schema to the model. Default: a built-in one, in English."""


class RunParams(CreateChatCompletionParams, CallParams, total=False):
    """Arguments of `run`, in addition to those of `create`."""

    tools: Required[  # type: ignore[misc] # wider on purpose
        Sequence[Callable[..., Any] | ChatCompletionTool | Mapping[str, Any]]
    ]
    """What the model may call: functions, tools, or definitions with a function in `handlers`."""
    handlers: Mapping[str, Callable[..., Any]] | None
    """Functions for the definitions among `tools`, by name."""
    on_error: Literal["report", "raise"]
    """Whether to report a tool's exception to the model or raise it. Default: `"report"`."""
    max_rounds: int
    """Maximum number of requests to the model. Default: 10."""
    max_seconds: float | None
    """Time limit of the run, in seconds. Default: none."""
    max_tokens_total: int | None
    """Start no new round after this many tokens. Default: no limit."""
    max_parallel: int
    """Maximum number of tool calls to run at once. Default: 8."""
    parse_text_calls: bool
    """Whether to also look for tool calls in the response text. Default: False."""
