"""Parse text completion requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tensormesh_local.generation import Constraint, Sampling
from tensormesh_local.http.errors import bad_request, refuse_if
from tensormesh_local.tokenizer import UnknownTokenError, decode, encode
from tensormesh_local.wire import requests
from tensormesh_local.wire.requests import StreamMode

_DEFAULT_MAX_TOKENS: Final = 16


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A parsed text completion request. ``suffix`` are the tokens to follow the completion."""

    prompts: list[list[int]]
    suffix: list[int]
    echo: bool
    constraint: Constraint | None
    sampling: Sampling
    mode: StreamMode


def read_completion(body: Mapping[str, Any]) -> CompletionRequest:
    """Parse a request that matches the schema.

    Raises:
        ApiError: 400, the request is contradictory or asks for something unsupported.
    """
    prompts = [requests.cut_prompt(prompt, body) for prompt in _read_prompts(body)]
    max_tokens = requests.integer(body, "max_tokens")
    echo = bool(body.get("echo"))
    message = "max_tokens must be at least 1 unless echo is true, got 0."
    refuse_if(max_tokens == 0 and not echo, message, "max_tokens")
    sampling = requests.read_sampling(
        body,
        max(prompts, key=len),
        max_tokens=_DEFAULT_MAX_TOKENS if max_tokens is None else max_tokens,
        logprobs=requests.integer(body, "logprobs"),
    )
    return CompletionRequest(
        prompts,
        encode(body.get("suffix") or ""),
        echo,
        requests.read_constraint(body),
        sampling,
        requests.read_stream_mode(body),
    )


def _read_prompts(body: Mapping[str, Any]) -> list[list[int]]:
    """Return the tokens of every prompt. ``prompt`` is a text, tokens, or a list of either."""
    prompt = body["prompt"]
    special = body.get("add_special_tokens", True)
    if isinstance(prompt, str):
        return [encode(prompt, add_special_tokens=special)]
    if isinstance(prompt[0], str):
        refuse_if("" in prompt, "A prompt must not be empty.", "prompt")
        return [encode(text, add_special_tokens=special) for text in prompt]
    lists: list[list[int]] = prompt if isinstance(prompt[0], list) else [prompt]
    prompts = [list(map(int, ids)) for ids in lists]
    try:
        for ids in prompts:
            decode(ids)
    except UnknownTokenError as error:
        raise bad_request(f"{error}.", "prompt") from error
    return prompts
