"""Token counts in the wire's forms."""

from __future__ import annotations

from typing import Any

from tensormesh_local.generation import CacheUse


def chat_usage(
    prompt: int, completion: int, reasoning: int, cache: CacheUse | None, *, whole: bool
) -> dict[str, Any]:
    """Return the usage of a chat.

    Args:
        prompt: Tokens of the prompt.
        completion: Tokens generated, over all choices.
        reasoning: Those of them that were reasoning.
        cache: What the prefix cache did; None in the middle of a stream.
        whole: The answer is not streamed.
    """
    usage = _counts(prompt, completion)
    if cache is not None:
        usage["prompt_tokens_details"] = {
            "cached_tokens": cache.cached_tokens,
            "created_cache_tokens": cache.created_tokens,
            **({"multimodal_tokens": None} if whole else {}),
        }
    usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return usage


def text_usage(prompt: int, completion: int, cached: int | None, *, whole: bool) -> dict[str, Any]:
    """Return the usage of a text completion; ``cached`` is None in the middle of a stream."""
    usage = _counts(prompt, completion)
    if cached is not None:
        usage["prompt_tokens_details"] = {"cached_tokens": cached}
        if whole:
            usage["prompt_tokens_details"] |= {
                "created_cache_tokens": None,
                "multimodal_tokens": None,
            }
            usage["completion_tokens_details"] = None
    return usage


def response_usage(prompt: int, output: int, reasoning: int, cache: CacheUse) -> dict[str, Any]:
    """Return the usage of a response."""
    return {
        "input_tokens": prompt,
        "input_tokens_details": {
            "cached_tokens": cache.cached_tokens,
            "cache_write_tokens": cache.created_tokens,
            "input_tokens_per_turn": [],
            "cached_tokens_per_turn": [],
        },
        "output_tokens": output,
        "output_tokens_details": {
            "reasoning_tokens": reasoning,
            "tool_output_tokens": 0,
            "output_tokens_per_turn": [],
            "tool_output_tokens_per_turn": [],
        },
        "total_tokens": prompt + output,
    }


def _counts(prompt: int, completion: int) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "total_tokens": prompt + completion,
        "completion_tokens": completion,
    }
