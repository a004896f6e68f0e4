"""Requests to the built-in model, and what it generates, as plain data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, NamedTuple

MAX_MODEL_LEN: Final = 131_072
"""Context length of every built-in model: tokens of the prompt and the completion."""

Thinking = Literal["none", "leaked", "separate"]
"""Whether a model thinks first, and if so, whether that is part of its content."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model under the name that requests use.

    Attributes:
        name: The name in requests.
        family: What the model's answers depend on, whatever its name.
        thinking: How the model thinks.
        reports_cache_statistics: Whether responses have ``kv_transfer_params``.
        created: Unix time; None for models that exist from the start.
    """

    name: str
    family: str
    thinking: Thinking = "none"
    reports_cache_statistics: bool = False
    created: int | None = None


@dataclass(frozen=True, slots=True)
class Constraint:
    """The form that an answer must have. ``value`` is the schema, the choices or the pattern."""

    kind: Literal["json_object", "json_schema", "choice", "regex"]
    value: Any = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """How tools may be used; ``name`` is the tool of a ``named`` choice."""

    mode: Literal["auto", "none", "required", "named"] = "auto"
    name: str = ""


@dataclass(frozen=True, slots=True)
class ChatTask:
    """A conversation to answer. Each tool is ``{name, description, parameters}``."""

    messages: Sequence[Mapping[str, Any]]
    thinking: Thinking = "none"
    tools: Sequence[Mapping[str, Any]] = ()
    tool_choice: ToolChoice = ToolChoice()
    parallel_tool_calls: bool = True
    constraint: Constraint | None = None
    continue_final_message: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """When generation ends."""

    max_tokens: int
    min_tokens: int = 0
    stop: tuple[str, ...] = ()
    stop_token_ids: frozenset[int] = frozenset()
    include_stop: bool = False
    ignore_eos: bool = False


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to generate. ``logprobs`` and ``prompt_logprobs`` are None unless requested."""

    limits: Limits
    n: int = 1
    seed: int | None = None
    logprobs: int | None = None
    prompt_logprobs: int | None = None
    return_token_ids: bool = False
    tokens_as_ids: bool = False
    cache_salt: str | None = None


class Kind(Enum):
    """Where the text of a token appears."""

    CONTENT = "content"
    REASONING = "reasoning"
    CALL = "call"
    """The token that completes the name of a tool call."""
    ARGUMENTS = "arguments"
    HIDDEN = "hidden"
    """Framing that servers remove: it counts as generated and never appears."""


class ToolCall(NamedTuple):
    """A tool call. ``arguments`` is JSON text."""

    name: str
    arguments: str


class Finish(NamedTuple):
    """Why generation ended; ``stop_reason`` is the stop string or token that caused it, if any."""

    reason: str
    stop_reason: str | int | None = None


ABORTED: Final = Finish("abort")
"""Generation was cut off."""


class TokenLogprobs(NamedTuple):
    """The log probability of a token, and the likeliest tokens with theirs."""

    logprob: float
    top: Sequence[tuple[int, float]]


class Piece(NamedTuple):
    """What one token adds. ``token_id`` is None if only text that was held back is released."""

    kind: Kind
    text: str
    token_id: int | None
    call: ToolCall | None = None
    finish: Finish | None = None
    logprobs: TokenLogprobs | None = None


class CacheUse(NamedTuple):
    """How many prompt tokens were found in the prefix cache, and how many were added to it."""

    cached_tokens: int = 0
    created_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One choice while it is generated. ``prompt_logprobs`` is empty unless requested."""

    prompt: Sequence[int]
    pieces: Iterator[Piece]
    prompt_logprobs: Sequence[TokenLogprobs] = ()


@dataclass(frozen=True, slots=True)
class Generation:
    """All choices of a response while they are generated.

    Attributes:
        model: The model that generates.
        fingerprint: Identifies the model's configuration.
        prompt_tokens: Number of tokens of all prompts.
        cache: What the prefix cache did for the prompts.
        runs: The choices.
        pieces: Their pieces, each with the index of its choice, as they are generated.
    """

    model: ServedModel
    fingerprint: str
    prompt_tokens: int
    cache: CacheUse
    runs: Sequence[Run]
    pieces: AsyncIterator[tuple[int, Piece]]
