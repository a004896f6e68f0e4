"""Parse what requests have in common: sampling, limits, streaming and constraints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tensormesh_local.generation import MAX_MODEL_LEN, Constraint, Limits, Sampling
from tensormesh_local.http.errors import refuse_if

Body = Mapping[str, Any]

_MOST_CHOICES: Final = 128
_MOST_LOGPROBS: Final = 20
_GREEDY_TEMPERATURE: Final = 1e-5
_TEXT_PARTS: Final = frozenset({"text", "refusal", "input_text", "output_text"})


@dataclass(frozen=True, slots=True)
class StreamMode:
    """Whether and how to stream."""

    stream: bool
    include_usage: bool = False
    continuous_usage: bool = False


def read_sampling(
    body: Body, prompt: Sequence[int], *, max_tokens: int | None, logprobs: int | None
) -> Sampling:
    """Parse the sampling parameters of a request.

    Args:
        body: The request.
        prompt: Tokens of the (longest) prompt.
        max_tokens: Maximum of generated tokens; None for the rest of the context.
        logprobs: How many log probabilities per token are requested.

    Raises:
        ApiError: 400, the request is contradictory or exceeds a limit.
    """
    room = MAX_MODEL_LEN - len(prompt)
    refuse_if(
        room < 1,
        f"This model's maximum context length is {MAX_MODEL_LEN} tokens. However, your prompt "
        f"has {len(prompt)} tokens. Please reduce the length of the prompt.",
        "input_tokens",
    )
    n = integer(body, "n") or 1
    temperature = body.get("temperature")
    greedy = temperature is not None and temperature < _GREEDY_TEMPERATURE
    refuse_if(n > 1 and greedy, f"n must be 1 when using greedy sampling, got {n}.", "n")
    refuse_if(n > _MOST_CHOICES, f"n must be at most {_MOST_CHOICES}, got {n}.", "n")
    limit = room if max_tokens is None else min(max_tokens, room)
    least = integer(body, "min_tokens") or 0
    refuse_if(
        max_tokens is not None and least > max_tokens,
        f"min_tokens must be less than or equal to max_tokens={max_tokens}, got {least}.",
        "min_tokens",
    )
    stop = body.get("stop") or ()
    return Sampling(
        limits=Limits(
            max_tokens=limit,
            min_tokens=least,
            stop=(stop,) if isinstance(stop, str) else tuple(stop),
            stop_token_ids=frozenset(map(int, body.get("stop_token_ids") or ())),
            include_stop=bool(body.get("include_stop_str_in_output")),
            ignore_eos=bool(body.get("ignore_eos")),
        ),
        n=n,
        seed=None if greedy else integer(body, "seed"),
        logprobs=_checked_logprobs(logprobs, "logprobs"),
        prompt_logprobs=_checked_logprobs(integer(body, "prompt_logprobs"), "prompt_logprobs"),
        return_token_ids=bool(body.get("return_token_ids")),
        tokens_as_ids=bool(body.get("return_tokens_as_token_ids")),
        cache_salt=body.get("cache_salt"),
    )


def read_stream_mode(body: Body) -> StreamMode:
    """Parse ``stream`` and ``stream_options``.

    Raises:
        ApiError: 400, stream options without a stream, or prompt log probabilities with one.
    """
    stream, options = bool(body.get("stream")), body.get("stream_options")
    refuse_if(
        options is not None and not stream,
        "stream_options can only be given when stream is true.",
        "stream_options",
    )
    refuse_if(
        stream and body.get("prompt_logprobs") is not None,
        "prompt_logprobs are not available when stream is true.",
        "prompt_logprobs",
    )
    include_usage = bool((options or {}).get("include_usage"))
    continuous = include_usage and bool((options or {}).get("continuous_usage_stats"))
    return StreamMode(stream, include_usage, continuous)


def read_constraint(body: Body) -> Constraint | None:
    """Parse ``structured_outputs``, or else ``response_format``.

    Raises:
        ApiError: 400, the constraint is contradictory, incomplete or not supported.
    """
    if body.get("structured_outputs"):
        return _structured(body["structured_outputs"])
    form = body.get("response_format") or {"type": "text"}
    kind, name = form["type"], "response_format"
    if kind == "json_object":
        return Constraint("json_object")
    if kind == "json_schema":
        schema = (form.get("json_schema") or {}).get("schema")
        message = "The response_format json_schema needs json_schema with a schema."
        refuse_if(schema is None, message, name)
        return Constraint("json_schema", schema)
    refuse_if(kind != "text", f"The response_format {kind} is not supported here.", name)
    return None


def cut_prompt(prompt: list[int], body: Body) -> list[int]:
    """Return the prompt, shortened according to ``truncate_prompt_tokens``."""
    keep = integer(body, "truncate_prompt_tokens")
    if keep is None or keep < 1 or keep >= len(prompt):
        return prompt
    return prompt[:keep] if body.get("truncation_side") == "right" else prompt[len(prompt) - keep :]


def integer(body: Body, *names: str) -> int | None:
    """Return the first of the named fields that is set, as an integer."""
    return next((int(body[name]) for name in names if body.get(name) is not None), None)


def refuse_media(content: Any, model_name: str) -> None:
    """Raise a 400 if message content has image, audio, video or file parts."""
    has_media = isinstance(content, list) and any(
        part["type"] not in _TEXT_PARTS for part in content
    )
    refuse_if(has_media, f"{model_name} is not a multimodal model")


def _structured(wanted: Mapping[str, Any]) -> Constraint | None:
    name = "structured_outputs"
    forms = [form for form in ("json", "regex", "choice") if wanted.get(form) is not None]
    message = f"Only one of json, regex and choice may be given, got {', '.join(forms)}."
    refuse_if(len(forms) > 1, message, name)
    unsupported = wanted.get("structural_tag") is not None or wanted.get("grammar") is not None
    refuse_if(unsupported, "Grammars and structural tags are not supported here.", name)
    if not forms:
        return Constraint("json_object") if wanted.get("json_object") else None
    value = wanted[forms[0]]
    match forms[0]:
        case "json":
            return Constraint("json_schema", _schema(value))
        case "regex":
            return Constraint("regex", value)
        case _:
            refuse_if(not value, "structured_outputs.choice must not be empty.", name)
            return Constraint("choice", value)


def _schema(value: Any) -> Any:
    schema = value
    if isinstance(value, str):
        try:
            schema = json.loads(value)
        except ValueError:
            schema = None
        is_schema = isinstance(schema, (dict, bool))
        message = "structured_outputs.json is not a JSON Schema."
        refuse_if(not is_schema, message, "structured_outputs")
    return schema


def _checked_logprobs(count: int | None, name: str) -> int | None:
    message = f"{name} must be from 0 to {_MOST_LOGPROBS} here, got {count}."
    refuse_if(count is not None and not 0 <= count <= _MOST_LOGPROBS, message, name)
    return count
